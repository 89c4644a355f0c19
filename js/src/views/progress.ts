import { h, write } from "../dom.ts";
import { count, duration } from "../format.ts";
import { age_s, type Facts, isFinal } from "../model.ts";
import { Pace } from "../pace.ts";

/** How far the loop is that the run tracks, and when it will be through at this pace. */
export function progress(): { el: HTMLElement; draw(run: Facts): void } {
  const bar = h("progress", { "aria-label": "Steps" });
  const text = h("span");
  const el = h("div", { class: "rw-progress", hidden: true }, bar, text);
  const pace = new Pace();
  let known: Facts | null = null;
  return {
    el,
    draw(run) {
      const { done_steps: done, total_steps: total, elapsed_s } = run;
      const now = performance.now() / 1000;
      if (done !== null && run !== known) pace.add(done, now - age_s(run));
      known = run;
      // A loop that came to its end needs no bar; of one that did not, it tells how far it came.
      el.hidden = done === null || (isFinal(run) && (!total || done >= total));
      if (done === null) return;
      bar.hidden = !total;
      if (!total) {
        write(text, `${count(done)} steps`);
        return;
      }
      bar.max = total;
      bar.value = Math.min(done, total);
      const left = isFinal(run) || done >= total ? null : pace.left(total, now, elapsed_s);
      const about = left === null ? "" : `, about ${duration(left)} left`;
      write(text, `${count(done)} of ${count(total)} steps${about}`);
    },
  };
}

import { h, set } from "../../dom.ts";
import { numberOfRun, type Shown } from "../../experiment/columns.ts";
import { dotsPath, Plot } from "../../experiment/plot.ts";
import { type Positions, positions } from "../../experiment/position.ts";
import { svg } from "../../experiment/svg.ts";
import type { RunTable } from "../../experiment/table.ts";
import type { View } from "../../experiment/view_state.ts";

/** What to draw: a dot for each run, in layers of one colour each. */
export type Cloud = {
  rows: Uint32Array;
  x: Shown;
  y: Shown;
  acrossLog?: boolean;
  upLog?: boolean;
  /** X ends with the data, as for run numbers. */
  exact?: boolean;
  /** Axes without their names, where those stand elsewhere. */
  bare?: boolean;
  layer(row: number): { color: string; name: string };
};

/** Dots from which on not every one is drawn. */
const MANY = 3000;

/** What can be done with the runs of a drawing, for those who do not see it. */
export const KEYS = "Arrow keys walk from run to run, space chooses one, Enter opens its page";

/** Opens a run's page as a click on a link in `place` does. */
export type OpenRun = (id: string, place: Element) => void;

/** How near to a dot one must point, in pixels. */
const NEAR = 24;

/** Runs as dots: pointing at one tells which it is, a click chooses it, a second one opens it. */
export function points(
  table: RunTable,
  view: View,
  open: OpenRun,
  life: AbortSignal,
): { el: HTMLElement; draw(cloud: Cloud): void } {
  const halo = svg("path", { class: "rw-halo" });
  const layers = svg("g", { class: "rw-dots-of-runs" });
  const ring = svg("circle", { class: "rw-ring", r: 6, visibility: "hidden" });
  const note = h("div", { class: "rw-readout", role: "status", hidden: true });
  let cloud: Cloud | null = null;
  let place: { x: Positions; y: Positions } | null = null;
  let here = -1;

  const plot = new Plot(life, "", redraw);
  plot.marks.append(halo, layers, ring);
  plot.el.append(note);
  plot.el.tabIndex = 0;
  plot.el.dataset.lmSuppressShortcuts = "true";
  set(plot.el, "aria-description", KEYS);

  function redraw(): void {
    if (!cloud || !plot.isSized) return;
    const { rows, x, y, exact, bare, layer, acrossLog, upLog } = cloud;
    place = {
      x: positions(x, rows, { exact, log: acrossLog }),
      y: positions(y, rows, { log: upLog }),
    };
    const named = (axis: Positions["axis"]) => (bare ? { ...axis, label: "" } : axis);
    plot.axes(named(place.x.axis), named(place.y.axis));
    plot.label = `${y.label} over ${x.label}, ${rows.length} runs`;
    // Dots are five pixels wide: among very many, those that nearly cover another are left out.
    const grain = rows.length > MANY ? 3 : 1;
    const sorted = new Map<string, number[]>();
    for (const row of rows) {
      const { color } = layer(row);
      const known = sorted.get(color);
      if (known) known.push(row);
      else sorted.set(color, [row]);
    }
    layers.replaceChildren(
      ...[...sorted].map(([color, members]) =>
        svg("path", { d: dotsPath(plot, coordinates(members), grain), style: `color:${color}` }),
      ),
    );
    const marked = rows.filter((row) => view.chosen.has(table.ids[row] ?? ""));
    halo.setAttribute("d", dotsPath(plot, coordinates(marked), grain));
    point(here);
  }

  function* coordinates(rows: Iterable<number>): Generator<[number, number]> {
    if (!place) return;
    for (const row of rows) yield [place.x.at(row), place.y.at(row)];
  }

  /** The run whose dot is nearest to a place in the element; -1 where none is near. */
  function nearest(px: number, py: number): number {
    let [found, distance] = [-1, NEAR];
    if (!cloud || !place) return found;
    for (const row of cloud.rows) {
      const [x, y] = [plot.px(place.x.at(row)), plot.py(place.y.at(row))];
      const away = Math.hypot(x - px, y - py);
      if (away < distance) [found, distance] = [row, away];
    }
    return found;
  }

  function point(row: number): void {
    here = row;
    const shows = cloud !== null && place !== null && row >= 0;
    ring.setAttribute("visibility", shows ? "visible" : "hidden");
    note.hidden = !shows;
    if (!shows || !cloud || !place) return;
    const [x, y] = [plot.px(place.x.at(row)), plot.py(place.y.at(row))];
    ring.setAttribute("cx", String(x));
    ring.setAttribute("cy", String(y));
    const name = table.column("run", "name")?.text(row);
    const lines = [
      `Run ${numberOfRun(table, row)}${name ? ` · ${name}` : ""}`,
      `${cloud.y.label} ${cloud.y.text(row)}`,
      ...(cloud.x.label === "Run" ? [] : [`${cloud.x.label} ${cloud.x.text(row)}`]),
      cloud.layer(row).name,
    ];
    note.replaceChildren(...lines.filter(Boolean).map((line) => h("div", {}, line)));
    const right = x > plot.box.left + plot.box.width / 2;
    note.style.left = right ? "" : `${x + 12}px`;
    note.style.right = right ? `${plot.el.clientWidth - x + 12}px` : "";
    note.style.top = `${Math.max(0, Math.min(y - 10, plot.box.height - 50))}px`;
  }

  const options = { signal: life };
  plot.el.addEventListener(
    "pointermove",
    (event) => {
      const { left, top } = plot.el.getBoundingClientRect();
      point(nearest(event.clientX - left, event.clientY - top));
    },
    options,
  );
  plot.el.addEventListener("pointerleave", () => point(-1), options);
  plot.el.addEventListener("click", () => toggle(here), options);
  plot.el.addEventListener("dblclick", () => show(here), options);
  plot.el.addEventListener("keydown", walk, options);
  plot.el.addEventListener("blur", () => point(-1), options);

  function toggle(row: number): void {
    const id = table.ids[row];
    if (row >= 0 && id !== undefined) view.choose([id], !view.chosen.has(id));
  }

  function show(row: number): void {
    const id = table.ids[row];
    if (row >= 0 && id !== undefined) open(id, plot.el);
  }

  /** The arrow keys walk from dot to dot along the x axis. */
  function walk(event: KeyboardEvent): void {
    if (!cloud || !place) return;
    const { x, y } = place;
    const order = [...cloud.rows]
      .filter((row) => Number.isFinite(x.at(row)) && Number.isFinite(y.at(row)))
      .sort((a, b) => x.at(a) - x.at(b) || y.at(a) - y.at(b));
    const now = order.indexOf(here);
    const last = order.length - 1;
    const places: Record<string, number> = {
      ArrowLeft: now < 0 ? last : Math.max(0, now - 1),
      ArrowRight: now < 0 ? 0 : Math.min(last, now + 1),
      Home: 0,
      End: last,
    };
    const next = places[event.key];
    if (event.key === "Escape") point(-1);
    else if (event.key === " ") toggle(here);
    else if (event.key === "Enter") show(here);
    else if (next === undefined) return;
    else point(order[next] ?? -1);
    event.preventDefault();
    event.stopPropagation();
  }

  return {
    el: plot.el,
    draw(next) {
      cloud = next;
      redraw();
    },
  };
}

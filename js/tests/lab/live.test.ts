import { afterEach, expect, test, vi } from "vitest";

import { RunList } from "../../src/lab/list.ts";
import { LiveRuns, type News } from "../../src/lab/live.ts";
import { goingText, type LiveRun } from "../../src/lab/run.ts";
import { life } from "../fake_model.ts";

const ROOT = "/user/jo/";

function run(id: string, fields: Partial<LiveRun> = {}): LiveRun {
  const rest = { workspace: 0, experiment: "spirals", number: 1, created: 1 };
  return { ...rest, id, status: "Completed", ended: 10, ...fields };
}

function news(version: string, fields: Partial<News>): News {
  const rest = { whole: false, now: 100, loading: false, workspaces: ["/runs"], total: 0 };
  return { ...rest, version, runs: [], gone: [], ...fields };
}

/** A server that gives these answers one after the other; null is 304, a number another status. */
function answering(...answers: (object | number | null)[]): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (address: string, { headers }: { headers: HeadersInit }) => {
    const tag = new Headers(headers).get("If-None-Match") ?? "";
    asked.push(`${address.replace(`${ROOT}run-widgets/api/`, "")} ${tag}`.trim());
    const answer = answers.shift();
    if (answer === undefined || answer === null) return new Response(null, { status: 304 });
    if (typeof answer === "number") return new Response("{}", { status: answer });
    return new Response(JSON.stringify(answer));
  });
  return asked;
}

afterEach(() => vi.unstubAllGlobals());

test("only what is new is asked for, and taken in", async () => {
  const asked = answering(
    news("e.1.0", { whole: true, runs: [run("a"), run("b", { status: "Running" })], total: 2 }),
    null,
    news("e.2.0", { runs: [run("b")], gone: [[0, "spirals", "a"]], total: 1 }),
  );
  const live = new LiveRuns(ROOT);
  const drawn: string[][] = [];
  live.on(life().signal, (changed) => drawn.push(changed.map(({ id }) => id)));

  await live.look();
  expect(live.going).toBe(1);
  await live.look();
  await live.look();

  expect(asked).toEqual(["live?", 'live?since=e.1.0 "e.1.0"', 'live?since=e.1.0 "e.1.0"']);
  expect(drawn).toEqual([["a", "b"], ["b"]]); // nothing is drawn for an answer without news
  expect([...live.runs.values()].map(({ id }) => id)).toEqual(["b"]);
  expect(live.going).toBe(0);
});

test("a whole takes the place of all that was known", async () => {
  answering(
    news("e.9.0", { whole: true, runs: [run("a")] }),
    news("f.1.0", { whole: true, runs: [run("b")] }),
  );
  const live = new LiveRuns(ROOT);

  await live.look();
  await live.look();

  expect([...live.runs.values()].map(({ id }) => id)).toEqual(["b"]);
});

test("a server that is gone is said to be, and forgotten when it answers", async () => {
  vi.useFakeTimers();
  answering(503, news("e.1.0", { whole: true }), 502);
  const live = new LiveRuns(ROOT);
  const problems: string[] = [];
  const ending = new AbortController();
  live.on(life().signal, () => problems.push(live.problem));
  live.watched = true;

  const following = live.follow(ending.signal);
  await vi.advanceTimersByTimeAsync(100);
  await vi.advanceTimersByTimeAsync(2000);
  await vi.advanceTimersByTimeAsync(3000);
  ending.abort();
  await following;
  vi.useRealTimers();

  expect(problems).toEqual([expect.stringContaining("503"), "", expect.stringContaining("502")]);
});

test("a server that has no run-widgets is asked once", async () => {
  const asked = answering(404);
  const live = new LiveRuns(ROOT);

  await live.follow(life().signal);

  expect(asked).toHaveLength(1);
  expect(live.loading).toBe(false);
  expect(live.problem).toContain("has no run-widgets: restart it");
});

test("a run that waits for its turn is told apart from those at work", () => {
  const live = new LiveRuns(ROOT);
  const statuses = ["Running", "Starting", "Queued", "NotStarted", "NotStarted", "Failed"];
  const runs = statuses.map((status, place) => run(`r${place}`, { status }));

  live.take(news("e.1.0", { whole: true, runs }));

  expect(goingText(live.going, live.queued)).toBe("2 running · 3 queued");
  expect(goingText(3, 3)).toBe("3 queued");
  expect(goingText(0, 0)).toBe("");
});

test("it is asked for often while somebody looks or a run goes on, else seldom", async () => {
  vi.useFakeTimers();
  const going = news("e.1.0", { whole: true, runs: [run("a", { status: "Running" })] });
  const asked = answering(going);
  const live = new LiveRuns(ROOT);
  const ending = new AbortController();
  const following = live.follow(ending.signal);

  await vi.advanceTimersByTimeAsync(100);
  expect(asked).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(3800);
  expect(asked).toHaveLength(1);
  live.watched = true; // at once
  await vi.advanceTimersByTimeAsync(100);
  expect(asked).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(5000);
  expect(asked).toHaveLength(7);
  live.watched = false;
  live.take(news("e.2.0", { runs: [run("a")] }));
  await vi.advanceTimersByTimeAsync(1000);
  const before = asked.length;
  await vi.advanceTimersByTimeAsync(14_000);
  expect(asked).toHaveLength(before);
  ending.abort();
  await following;
  vi.useRealTimers();
});

test("of ten thousand runs those in sight are on the page, and their curves asked for", async () => {
  const many = Array.from({ length: 10_000 }, (_, i) => run(`r${i}`, { number: i, created: i }));
  const asked = answering({
    sparks: Array(50).fill({ metric: "loss", last: 0.5, spark: [1, 0.5] }),
  });
  const live = new LiveRuns(ROOT);
  const acts = { openRun: vi.fn(), openExperiment: vi.fn(), insert: vi.fn(), stop: vi.fn() };
  const list = new RunList(live, acts, life().signal);
  live.take(news("e.1.0", { whole: true, runs: many, total: many.length }));

  list.update();
  for (const key of ["End", "Enter"]) {
    list.el.dispatchEvent(new KeyboardEvent("keydown", { key })); // asks for the others
  }
  expect(list.size).toBe(10_000);
  list.el.scrollTop = 0;
  list.update();
  const rows = [...list.el.querySelectorAll<HTMLElement>(".rw-lab-run")];
  expect(rows.length).toBeLessThan(40);
  await vi.waitFor(() => expect(asked.length).toBeGreaterThan(0));
  expect(asked[0]?.match(/run=/g)?.length).toBeLessThan(40);
  await vi.waitFor(() => {
    list.update();
    expect(rows[0]?.querySelector(".rw-lab-value")?.textContent).toBe("0.5");
  });

  rows[0]?.click();
  expect(acts.openRun).toHaveBeenCalledWith(expect.objectContaining({ id: "r9999" }));
  rows[1]?.querySelector<HTMLElement>("[aria-label^='Insert']")?.click();
  expect(acts.insert).toHaveBeenCalledWith(expect.objectContaining({ id: "r9998" }));
  expect(acts.openRun).toHaveBeenCalledTimes(1); // a button is not the row it is in
});

test("the list is gone through with the arrows, folded and opened with keys", () => {
  const live = new LiveRuns(ROOT);
  answering();
  const acts = { openRun: vi.fn(), openExperiment: vi.fn(), insert: vi.fn(), stop: vi.fn() };
  const list = new RunList(live, acts, life().signal);
  document.body.append(list.el);
  live.take(news("e.1.0", { whole: true, runs: [run("a"), run("b", { created: 2 })] }));
  list.update();
  const press = (key: string) =>
    list.el.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));

  press("ArrowDown");
  press("ArrowDown");
  expect(document.activeElement?.getAttribute("data-key")).toContain('"a"');
  press("Enter");
  expect(acts.openRun).toHaveBeenCalledWith(expect.objectContaining({ id: "a" }));
  press("ArrowLeft"); // to its experiment
  press("ArrowLeft");
  expect(list.size).toBe(0);
  press("Enter");
  expect(acts.openExperiment).toHaveBeenCalledWith(
    expect.objectContaining({ workspace: 0, experiment: "spirals" }),
  );
  list.el.remove();
});

test("a logged name is text", () => {
  const live = new LiveRuns(ROOT);
  answering();
  const acts = { openRun: vi.fn(), openExperiment: vi.fn(), insert: vi.fn(), stop: vi.fn() };
  const list = new RunList(live, acts, life().signal);
  const name = "<img src=x onerror=alert(1)>";
  live.take(
    news("e.1.0", { whole: true, runs: [run("a", { name, experiment: name, error: name })] }),
  );

  list.update();

  expect(list.el.querySelector("img")).toBeNull();
  expect(list.el.querySelector(".rw-lab-title")?.textContent).toContain(name);
});

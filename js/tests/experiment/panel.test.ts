import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { CodeShelf } from "../../src/experiment/code.ts";
import { CurveShelf } from "../../src/experiment/curves.ts";
import type { Experiment } from "../../src/experiment/experiment.ts";
import type { ExperimentModel } from "../../src/experiment/model.ts";
import type { RunTable } from "../../src/experiment/table.ts";
import { View } from "../../src/experiment/view_state.ts";
import { RunServer } from "../../src/server.ts";
import { experimentPanel } from "../../src/views/experiment/panel.ts";
import { buffer, FakeModel, life } from "../fake_model.ts";
import { fakeServer, noServer, ROOT } from "../fake_server.ts";
import { type Cells, idOf, tableOf } from "./told.ts";

const HOSTILE = "<img src=x onerror=alert(1)>";

const MODEL: ExperimentModel = {
  facts: {
    experiment: "mnist",
    id: "1",
    workspace: "/w",
    portal_path: "run-widgets/mnist",
    runs_path: "run-widgets/runs/",
    query: "?workspace=%2Fw",
  },
  table: {},
  loading: false,
  include_children: false,
  problem: "",
};

function opened(
  table: RunTable,
  rest: Partial<Experiment> = {},
  model: Partial<ExperimentModel> = {},
) {
  const fake = new FakeModel<ExperimentModel>({ ...MODEL, ...model });
  const draws: (() => void)[] = [];
  const view = new View("mnist", { shelf: null });
  const ask = vi.fn();
  const experiment: Experiment = {
    table,
    view,
    curves: new CurveShelf(ask),
    packages: new Map(),
    askPackages: vi.fn(),
    code: new CodeShelf(vi.fn()),
    on: (_, draw) => draws.push(draw),
    serverOf: () => null,
    root: "/user/jo/",
    ...rest,
  };
  const { signal } = life();
  const el = experimentPanel(fake, experiment, signal);
  document.body.replaceChildren(el);
  const draw = () => {
    for (const each of draws) each();
  };
  draw();
  return { el, view, model: fake, draw, ask };
}

const tiles = (el: HTMLElement) =>
  [...el.querySelectorAll(".rw-tile")].map((tile) => tile.textContent?.replace(/ · /, " "));

beforeEach(() => {
  document.body.replaceChildren();
});

afterEach(noServer);

/** Return when what waits for the next frame has been drawn. */
function frame(): Promise<void> {
  return new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
}

test("an experiment without runs says how to start one", () => {
  const { el } = opened(tableOf([]));

  expect(el.querySelector(".rw-nothing")?.textContent).toContain("start_logging()");
  expect(el.querySelector(".rw-nothing")?.textContent).toContain('name="mnist"');
});

test("runs that are on their way are not said to be none", () => {
  const { el } = opened(tableOf([]), {}, { loading: true });

  expect(el.querySelector(".rw-nothing")?.textContent).toBe("Runs are being read …");
});

test("tiles count the runs and name the best", () => {
  const runs: Cells[] = [
    { "metric:acc": 0.5, "metric:acc:max": 0.9, "metric:acc:min": 0.1, "metric:acc:count": 3 },
    { "metric:acc": 0.7, status: "Failed" },
    { status: "Running" },
    { status: "Queued" },
  ];

  const { el } = opened(tableOf(runs, { acc: "maximize" }));

  expect(tiles(el)).toEqual(["1Queued", "1Running", "1Completed", "1Failed", "0.9Best acc run 1"]);
});

test("without goals the largest values are shown", () => {
  const { el } = opened(tableOf([{ "metric:Numeric 1": 10 }, { "metric:Numeric 1": 100 }]));

  expect(tiles(el).at(-1)).toBe("100Max Numeric 1 run 2");
});

test("of a loss it is the smallest", () => {
  const runs = [{ "metric:val/loss": 0.5, "metric:floss": 1 }, { "metric:val/loss": 0.2 }];

  const { el } = opened(tableOf(runs));

  expect(tiles(el).slice(-2)).toEqual(["0.2Min val/loss run 2", "1Max floss run 1"]);
});

test("a status tile shows only the runs of that status, and a chip lifts it", () => {
  const { el, view } = opened(tableOf([{}, { status: "Failed" }]));
  const failed = [...el.querySelectorAll<HTMLElement>(".rw-tile")].find((tile) =>
    tile.textContent?.includes("Failed"),
  );

  failed?.click();

  expect(view.state.query.statuses).toEqual(["Failed"]);
  expect(el.textContent).toContain("1 of 2 runs");
  el.querySelector<HTMLElement>("[aria-label^='Remove the filter']")?.click();
  expect(view.state.query.statuses).toEqual([]);
});

test("typing narrows the list down", () => {
  const { el } = opened(tableOf([{ "tag:model": "svm" }, { "tag:model": "mlp" }]));
  const search = el.querySelector<HTMLInputElement>(".rw-search") as HTMLInputElement;

  search.value = "svm";
  search.dispatchEvent(new Event("input"));

  expect(el.textContent).toContain("1 of 2 runs");
});

test("child runs are offered where there are any", () => {
  const { el, view } = opened(tableOf([{ id: "a" }, { id: "b", parent: "a" }]));
  expect(el.textContent).toContain("1 run");

  const box = [...el.querySelectorAll("label")].find((l) => l.textContent === "Include child runs");
  box?.querySelector("input")?.click();

  expect(view.state.query.children).toBe(true);
  expect(el.textContent).toContain("2 runs");
});

test("columns are chosen, and of a metric which value", () => {
  const cells = { "metric:loss": 1, "metric:loss:min": 0, "metric:loss:count": 9, "tag:lr": "1" };
  const { el, view } = opened(tableOf([cells, cells]));
  [...el.querySelectorAll<HTMLElement>(".rw-button")]
    .find((b) => b.textContent === "Columns")
    ?.click();

  const options = [...el.querySelectorAll<HTMLElement>(".rw-option")];
  const option = (name: string) =>
    options.find((o) => o.querySelector("span")?.textContent === name);
  option("lr")?.querySelector("input")?.click();
  const field = option("loss")?.querySelector("select") as HTMLSelectElement;
  field.value = "min";
  field.dispatchEvent(new Event("change"));

  expect(view.state.columns).not.toContain(idOf("tag:lr"));
  expect(view.state.columns).toContain(JSON.stringify(["metric", "loss", "min"]));
});

test("a range of a metric is a filter", () => {
  const { el, view } = opened(tableOf([{ "metric:acc": 0.5 }, { "metric:acc": 0.9 }]));
  [...el.querySelectorAll<HTMLElement>(".rw-button")]
    .find((b) => b.textContent === "Filter")
    ?.click();
  const column = el.querySelector<HTMLSelectElement>(
    "[aria-label='Filter by']",
  ) as HTMLSelectElement;
  column.value = idOf("metric:acc");
  column.dispatchEvent(new Event("change"));
  const min = el.querySelector<HTMLInputElement>("[aria-label=min]") as HTMLInputElement;

  min.value = "0.8";
  min.dispatchEvent(new Event("input"));

  expect(view.state.query.rules).toEqual([{ column: idOf("metric:acc"), min: 0.8, max: null }]);
  expect(el.querySelector(".rw-chips")?.textContent).toContain("acc ≥ 0.8");
});

test("names from strangers enter the page as text", () => {
  const cells: Cells = {
    name: HOSTILE,
    status: HOSTILE,
    "tag:<b>t</b>": HOSTILE,
    [`metric:${HOSTILE}`]: 1,
    "argument:<script>": HOSTILE,
  };
  const { el, view } = opened(
    tableOf([cells, { ...cells, "tag:<b>t</b>": "other" }]),
    {},
    {
      facts: { ...MODEL.facts, experiment: HOSTILE },
      problem: HOSTILE,
    },
  );
  for (const button of el.querySelectorAll<HTMLElement>(".rw-popover > button")) button.click();
  view.choose(["id0", "id1"], true);
  for (const comparison of ["curves", "differences", "scatter", "parallel"] as const) {
    view.set({ page: "Compare", comparison });
    expect(el.querySelector("img, script, b b")).toBeNull();
  }

  expect(el.textContent).toContain(HOSTILE);
});

test("compared runs are listed by what differs, the same one tick away", () => {
  const runs = [
    { "tag:lr": "0.1", "tag:same": "x" },
    { "tag:lr": "0.2", "tag:same": "x" },
  ];
  const { el, view } = opened(tableOf(runs));
  view.choose(["id0", "id1"], true);
  view.set({ page: "Compare", comparison: "differences" });
  const names = () =>
    [...el.querySelectorAll(".rw-differences tbody th[scope=row]")].map((th) => th.textContent);

  expect(names()).toEqual(["lr"]);
  view.set({ allFacts: true });
  expect(names()).toEqual(["lr", "same"]);
});

test("curves of the chosen runs are asked for and drawn into the legend", async () => {
  const cells = { "metric:loss": 0.1, "metric:loss:count": 5 };
  const table = tableOf([
    { ...cells, name: "a" },
    { ...cells, name: "b" },
  ]);
  const curves = new CurveShelf(() => {});
  const { el, view } = opened(table, { curves });
  view.choose(["id0", "id1"], true);
  view.set({ page: "Compare" });

  for (const run of ["id0", "id1"]) {
    curves.take(1, { run, total: 2, outline: [0, 1, 2], means: null }, [
      buffer([0, 1]),
      buffer([1, 2]),
      buffer([3, 4]),
    ]);
  }

  await frame();

  const legend = [...el.querySelectorAll(".rw-comparison .rw-legend li")].map(
    (li) => li.textContent,
  );
  expect(legend).toEqual(["1 · a", "2 · b"]);
});

test("groups of runs are bands, and their number is told", async () => {
  const cells = (lr: string) => ({ "metric:loss": 0.1, "metric:loss:count": 5, "tag:lr": lr });
  const table = tableOf([cells("0.1"), cells("0.1"), cells("0.2")]);
  const curves = new CurveShelf(() => {});
  const { el, view } = opened(table, { curves });
  view.set({ page: "Compare", curves: { ...view.state.curves, groupBy: idOf("tag:lr") } });

  for (const run of ["id0", "id1", "id2"]) {
    curves.take(1, { run, total: 2, outline: [0, 1, 2], means: null }, [
      buffer([0, 1]),
      buffer([1, 2]),
      buffer([3, 4]),
    ]);
  }

  await frame();

  const legend = [...el.querySelectorAll(".rw-comparison .rw-legend li")].map(
    (li) => li.textContent,
  );
  expect(legend).toEqual(["lr 0.1n = 2", "lr 0.2n = 1"]);
});

test("why reading failed stands on top", () => {
  const { el, model } = opened(tableOf([{}]));

  model.set_state({ problem: "StoreUnavailable: the disk is full" });

  expect(el.querySelector(".rw-problem")?.textContent).toContain("the disk is full");
});

test("the page of the experiment is a link below the server's address", () => {
  const { el } = opened(tableOf([{}]));

  expect(el.querySelector(".rw-portal a")?.getAttribute("href")).toBe(
    "/user/jo/run-widgets/mnist?workspace=%2Fw",
  );
});

test("on a page without a server nothing links anywhere", () => {
  const { el } = opened(tableOf([{}]), { root: null });

  expect(el.querySelector(".rw-portal a")).toBeNull();
});

test("the code of two runs is compared line by line, as text, those first that have other code", () => {
  const ask = vi.fn();
  const code = new CodeShelf(ask);
  const table = tableOf(
    ["x", "x", "y"].map((id, i) => ({ id: `r${i}`, "property:ContentSnapshotId": id })),
  );
  const { el, view, draw } = opened(table, { code });
  view.choose(table.ids, true);
  view.set({ page: "Compare", comparison: "differences" });
  expect(ask).toHaveBeenCalledExactlyOnceWith(["r0", "r2"]);

  const diff = `@@ -1 +1 @@\n-${HOSTILE}\n+b`;
  const files = [{ path: HOSTILE, kind: "changed", diff, note: "" }];
  code.take(["r0", "r2"], { files, total: 1, note: "" });
  draw();

  const lines = [...el.querySelectorAll(".rw-diff-lines [data-kind]")];
  expect(lines.map((line) => (line as HTMLElement).dataset.kind)).toEqual(["removed", "added"]);
  expect(el.querySelector(".rw-code-diff summary")?.textContent).toContain(HOSTILE);
  expect(el.querySelector(".rw-code img")).toBeNull();
  expect(el.querySelector(".rw-code")?.textContent).toContain("1 file differs");
});

test("runs that have kept no code have none to compare", () => {
  const code = new CodeShelf(vi.fn());
  const table = tableOf([{ id: "a" }, { id: "b" }]);
  code.take(["a", "b"], { files: [], total: 0, note: "run 'a' has no snapshot to compare" });
  const { el, view } = opened(table, { code });
  view.choose(table.ids, true);

  view.set({ page: "Compare", comparison: "differences" });

  expect((el.querySelector(".rw-code") as HTMLElement).hidden).toBe(true);
});

test("the arrow keys walk through the lines of parallel coordinates, and choose", () => {
  const table = tableOf(
    [3, 1, 2].map((acc, i) => ({ id: `r${i}`, "tag:lr": String(i), "metric:acc": acc })),
  );
  const { el, view } = opened(table);
  const size = vi.spyOn(Element.prototype, "getBoundingClientRect"); // jsdom lays out nothing
  size.mockReturnValue(new DOMRect(0, 0, 800, 300));
  view.set({ page: "Compare", comparison: "parallel" });
  size.mockRestore();
  const stage = el.querySelector(".rw-parallel") as HTMLElement;
  const press = (key: string) => stage.dispatchEvent(new KeyboardEvent("keydown", { key }));

  press("ArrowDown");
  press("ArrowDown");
  press(" ");

  expect([...view.chosen]).toEqual(["r2"]); // the second from the top
});

test("the arrow keys walk through the dots of a scatter, and Enter opens a run", () => {
  const { el, view } = opened(
    tableOf([
      { id: "a", "metric:loss": 1 },
      { id: "b", "metric:loss": 2 },
    ]),
  );
  const followed: string[] = [];
  el.addEventListener("click", (event) => {
    event.preventDefault();
    followed.push((event.target as HTMLElement).getAttribute("href") ?? "");
  });
  const size = vi.spyOn(Element.prototype, "getBoundingClientRect"); // jsdom lays out nothing
  size.mockReturnValue(new DOMRect(0, 0, 800, 300));
  view.set({ page: "Compare", comparison: "scatter" });
  size.mockRestore();
  const dots = el.querySelector(".rw-comparison .rw-xy") as HTMLElement;

  for (const key of ["Home", "ArrowRight", "Enter"]) {
    dots.dispatchEvent(new KeyboardEvent("keydown", { key }));
  }

  expect(followed).toEqual(["/user/jo/run-widgets/runs/b?workspace=%2Fw"]);
});

test("what can be done with the chosen runs is seen once there are some", async () => {
  const server = fakeServer();
  server.answers.edit = () => ({});
  server.answers.delete = () => ({});
  const table = tableOf([{ id: "a", name: "first" }, { id: "b" }]);
  const { el, view } = opened(table, {
    serverOf: (run) => new RunServer(ROOT, "_", null).other(run),
  });
  const bar = el.querySelector(".rw-of-chosen") as HTMLElement;
  const button = (text: string) =>
    [...bar.querySelectorAll("button")].find((each) => each.textContent === text);
  expect(bar.hidden).toBe(true);

  view.choose(["a"], true);
  button("Rename")?.click();
  const name = bar.querySelector("input") as HTMLInputElement;
  expect(name.value).toBe("first");
  name.value = "<b>best</b>";
  bar.querySelector("form")?.requestSubmit();
  await vi.waitFor(() => expect(server.posted).toHaveLength(1));
  view.choose(["b"], true);
  button("Delete")?.click();
  expect(server.posted).toHaveLength(1);
  button("Really delete 2 runs?")?.click();
  await vi.waitFor(() => expect(server.posted).toHaveLength(3));

  expect(server.posted).toEqual([
    ["/user/jo/run-widgets/api/runs/a/edit", { display_name: "<b>best</b>" }],
    ["/user/jo/run-widgets/api/runs/a/delete", null],
    ["/user/jo/run-widgets/api/runs/b/delete", null],
  ]);
});

test("a tag is set on all chosen runs, and why it was not is said", async () => {
  const server = fakeServer();
  const { el, view } = opened(tableOf([{ id: "a" }, { id: "b" }]), {
    serverOf: (run) => new RunServer(ROOT, "_", null).other(run),
  });
  view.choose(["a", "b"], true);
  const bar = el.querySelector(".rw-of-chosen") as HTMLElement;
  [...bar.querySelectorAll("button")].find((each) => each.textContent === "Tag")?.click();
  const [name, value] = bar.querySelectorAll("input");
  (name as HTMLInputElement).value = "note";
  (value as HTMLInputElement).value = "again";

  bar.querySelector("form")?.requestSubmit();

  await vi.waitFor(() => expect(bar.textContent).toContain("no run 'a', and 1 more"));
  expect(server.posted.map(([, body]) => body)).toEqual([
    { tags: { note: "again" } },
    { tags: { note: "again" } },
  ]);
});

test("on a page without a server runs are chosen, and not changed", () => {
  const { el, view } = opened(tableOf([{ id: "a" }]));

  view.choose(["a"], true);

  const seen = [...el.querySelectorAll<HTMLElement>(".rw-of-chosen > *:not([hidden])")];
  expect(seen.map((each) => each.textContent).join(" ")).not.toMatch(/Tag|Rename|Delete/);
});

test("the run that the others are measured against is another at a click", () => {
  const runs = [0.5, 0.75, 0.25].map((loss) => ({ "metric:loss": loss }));
  const { el, view } = opened(tableOf(runs));
  view.choose(["id0", "id1", "id2"], true);
  view.set({ page: "Compare", comparison: "differences" });
  const row = () => el.querySelectorAll(".rw-differences tbody tr")[1]?.textContent;
  expect(row()).toBe("loss0.500.75+0.250.25−0.25");

  (el.querySelectorAll(".rw-baseline")[2] as HTMLElement).click();

  expect(row()).toBe("loss0.250.50+0.250.75+0.5");
});

test("metrics that few runs have are neither tiles nor charts before somebody asks", () => {
  const runs = Array.from({ length: 4 }, (_, i) => ({ [`metric:only/${i}`]: i, "metric:all": i }));

  const { el } = opened(tableOf(runs));

  expect(tiles(el).slice(3)).toEqual(["3Max all run 4"]);
  const charts = [...el.querySelectorAll(".rw-run-chart")].map((chart) => chart.ariaLabel);
  expect(charts).toEqual(["all"]);
});

test("runs without metrics are listed, and say in each comparison that there is nothing", () => {
  const { el, view } = opened(tableOf([{ id: "a" }, { id: "b" }]));
  expect(el.querySelectorAll(".rw-tile")).toHaveLength(3);

  view.set({ page: "Compare" });
  expect(el.querySelector(".rw-compare")?.textContent).toContain(
    "None of these runs has logged a metric more than once.",
  );
  view.set({ comparison: "differences" });
  expect(el.querySelector(".rw-compare")?.textContent).toContain("differ in nothing");
});

test("of thousands of metrics a comparison lists some, and says of how many", () => {
  const metrics = (run: number) =>
    Object.fromEntries(Array.from({ length: 2500 }, (_, i) => [`metric:${run}/${i}`, i]));
  const { el, view } = opened(tableOf([metrics(1), metrics(2)]));

  view.set({ page: "Compare", comparison: "differences" });

  expect(el.querySelectorAll(".rw-differences tbody tr").length).toBeLessThan(300);
  expect(el.querySelector(".rw-section")?.textContent).toContain("200 of 5,000");
  view.set({ comparison: "scatter" });
  expect(el.querySelectorAll(".rw-comparison option").length).toBeLessThan(1200);
});

test("a chart over orders of magnitude has a logarithmic axis until somebody lifts it", () => {
  const runs = [0.001, 0.5, 900].map((loss) => ({ "metric:loss": loss, "metric:acc": loss + 1e4 }));
  const { el, view, draw } = opened(tableOf(runs));
  const log = (name: string) =>
    el.querySelector<HTMLElement>(`[aria-label='Logarithmic axis for ${name}']`);
  expect(log("loss")?.ariaPressed).toBe("true");
  expect(log("acc")?.ariaPressed).toBe("false");
  const reset = [...el.querySelectorAll("button")].find((b) => b.textContent === "Reset view");
  expect(reset?.hidden).toBe(true);

  log("loss")?.click();
  draw();

  expect(log("loss")?.ariaPressed).toBe("false");
  expect(view.state.chartLogs).toEqual({ [idOf("metric:loss")]: false });
  expect(reset?.hidden).toBe(false);
});

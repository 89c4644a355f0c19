import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { header } from "../src/views/header.ts";
import { FACTS, fakeRunWith, life } from "./fake_model.ts";

const HOSTILE = "<img src=x onerror=alert(1)>";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_065_000 });
  const config = document.createElement("script");
  config.id = "jupyter-config-data";
  config.type = "application/json";
  config.textContent = JSON.stringify({ baseUrl: "/user/jo/" });
  document.body.append(config);
});

afterEach(() => {
  vi.useRealTimers();
  document.body.replaceChildren();
});

const stop = (el: HTMLElement) => el.querySelector(".rw-stop") as HTMLButtonElement;

const fact = (el: HTMLElement, name: string) =>
  [...el.querySelectorAll("dt")].find((dt) => dt.textContent === name)?.nextElementSibling
    ?.textContent;

test("follows the status", () => {
  const model = fakeRunWith({});
  const el = header(model, life().signal);

  model.set_state({ facts: { ...FACTS, status: "CancelRequested" } });

  const status = el.querySelector<HTMLElement>(".rw-status");
  expect(status?.textContent).toBe("Cancel requested");
  expect(status?.dataset.status).toBe("cancelrequested");
});

test("the duration ticks in the browser, whatever its clock says", () => {
  vi.setSystemTime(0);
  const el = header(fakeRunWith({ elapsed_s: 64 }), life().signal);

  vi.advanceTimersByTime(3000);

  expect(fact(el, "Duration")).toBe("1 min 07 s");
});

test("the duration of a finished run stands still", () => {
  const el = header(fakeRunWith({ status: "Completed", elapsed_s: 64 }), life().signal);

  vi.advanceTimersByTime(3000);

  expect(fact(el, "Duration")).toBe("1 min 04 s");
});

test("says how long ago the last value came", () => {
  const last_value_at = (FACTS.started_at as number) + 60;
  const el = header(fakeRunWith({ last_value_at, elapsed_s: 64 }), life().signal);

  vi.advanceTimersByTime(2000);

  expect(fact(el, "Last value")).toBe("6 s ago");
});

test("shows a logged name as text, never as HTML", () => {
  const el = header(
    fakeRunWith({
      title: HOSTILE,
      status: HOSTILE,
      run_id: HOSTILE,
      arguments: [HOSTILE],
      tags: { [HOSTILE]: HOSTILE },
      error: { message: HOSTILE, code: "", type: HOSTILE, traceback: HOSTILE },
    }),
    life().signal,
  );

  expect(el.querySelector("img")).toBeNull();
  expect(el.querySelector(".rw-title")?.textContent).toBe(HOSTILE);
});

test("an error that names its kind is not named twice", () => {
  const message = "User program failed with ValueError: no";
  const error = { message, code: "", type: "ValueError", traceback: "" };
  const el = header(fakeRunWith({ status: "Failed", error }), life().signal);

  expect(el.querySelector(".rw-error-message")?.textContent).toBe(message);
});

test("an error is on top, its traceback stays open once it is", () => {
  const error = { message: "loss is NaN", code: "", type: "ValueError", traceback: "line 1" };
  const model = fakeRunWith({ status: "Failed", error });
  const el = header(model, life().signal);
  const details = el.querySelector("details") as HTMLDetailsElement;
  details.open = true;

  model.set_state({ facts: { ...FACTS, status: "Failed", error } });

  expect(el.querySelector(".rw-error-message")?.textContent).toBe("ValueError: loss is NaN");
  expect(el.querySelector("details")).toBe(details);
  expect(details.open).toBe(true);
});

test("the link leads to the run's page on this very server", () => {
  const el = header(fakeRunWith({}), life().signal);

  const link = el.querySelector<HTMLAnchorElement>(".rw-portal a");
  expect(link?.getAttribute("href")).toBe("/user/jo/run-widgets/runs/5a0f2c1e");
});

test("there is no link where the run has no page, or the page no server", () => {
  const link = (run: ReturnType<typeof fakeRunWith>) =>
    header(run, life().signal).querySelector(".rw-portal a");
  expect(link(fakeRunWith({ portal_path: "" }))).toBeNull();
  document.body.replaceChildren();
  delete document.body.dataset.baseUrl;
  expect(link(fakeRunWith({}))).toBeNull();
});

test("where no server of ours is behind the page, the link is that of a portal of its own", () => {
  const el = header(
    fakeRunWith({ portal_path: "", portal_url: "http://localhost:8889/run-widgets/runs/5a0f2c1e" }),
    life().signal,
  );

  expect(el.querySelector(".rw-portal a")?.getAttribute("href")).toBe(
    "http://localhost:8889/run-widgets/runs/5a0f2c1e",
  );
});

test("a run is exported by the server; where there is none, by a line of Python", () => {
  const served = header(fakeRunWith({}), life().signal).querySelector(".rw-export");
  const alone = header(fakeRunWith({ portal_path: "" }), life().signal).querySelector(".rw-export");

  const visible = (el?: Element | null) =>
    [...(el?.children ?? [])].filter((child) => !(child as HTMLElement).hidden);
  const [link, ...others] = visible(served);
  expect(others).toEqual([]);
  expect(link?.getAttribute("href")).toBe("/user/jo/run-widgets/export/5a0f2c1e");
  const [button] = visible(alone);
  (button as HTMLButtonElement).click();
  expect(visible(alone)[0]?.querySelector("code")?.textContent).toMatch(
    /^Run\(Experiment\(name=".*"\), "5a0f2c1e"\)\.to_html\("run-\d+\.html"\)$/,
  );
});

test("the copy button copies the run's id and says so", async () => {
  const writeText = vi.fn(async () => {});
  vi.stubGlobal("navigator", { clipboard: { writeText } });
  const el = header(fakeRunWith({}), life().signal);
  const button = el.querySelector<HTMLButtonElement>("button[aria-label='Copy run id']");

  button?.click();
  await vi.advanceTimersByTimeAsync(0);

  expect(writeText).toHaveBeenCalledWith("5a0f2c1e");
  expect(button?.dataset.state).toBe("copied");
  vi.unstubAllGlobals();
});

test("arguments and tags are there", () => {
  const el = header(fakeRunWith({}), life().signal);

  expect(fact(el, "Command")).toBe("train.py --lr 0.1");
  expect(el.querySelector(".rw-chip")?.textContent).toBe("stagedev");
});

test("a run that waits says what for", () => {
  const el = header(
    fakeRunWith({ status: "Queued", waiting_for: "run 6", started_at: null, elapsed_s: null }),
    life().signal,
  );

  expect(el.querySelector(".rw-about")?.textContent).toBe("Waiting: run 6");
  expect(fact(el, "Duration")).toBeUndefined();
});

test("says how far the loop is, and how long it will take at this pace", () => {
  const el = header(
    fakeRunWith({ done_steps: 25, total_steps: 100, elapsed_s: 60 }),
    life().signal,
  );
  const text = () => el.querySelector(".rw-progress")?.textContent;
  expect(el.querySelector("progress")?.position).toBe(0.25);
  expect(text()).toBe("25 of 100 steps, about 3 min 00 s left");

  vi.advanceTimersByTime(10_000);

  expect(text()).toBe("25 of 100 steps, about 2 min 50 s left");
});

test("says that a run was asked to stop, and with what the last cell ended", () => {
  const el = header(
    fakeRunWith({ stop_requested: true, interrupted: "KeyboardInterrupt" }),
    life().signal,
  );

  expect(el.querySelector(".rw-about")?.textContent).toBe(
    "The last cell ended with KeyboardInterrupt",
  );
  expect(stop(el)).toMatchObject({ textContent: "Stop requested", disabled: true });
});

test("a run is asked to stop by the second click, through the server, with its cookie", async () => {
  // biome-ignore lint/suspicious/noDocumentCookie: as the server sets it
  document.cookie = "_xsrf=a%7Cb";
  const asked = vi.fn(async () => new Response("{}"));
  vi.stubGlobal("fetch", asked);
  const el = header(fakeRunWith({}), life().signal);

  stop(el).click();
  expect(stop(el).textContent).toBe("Really stop?");
  expect(asked).not.toHaveBeenCalled();
  stop(el).click();
  await vi.advanceTimersByTimeAsync(0);

  const [address, options] = asked.mock.calls[0] as unknown as [string, RequestInit];
  expect(address).toBe("/user/jo/run-widgets/api/runs/5a0f2c1e/stop");
  expect(options.method).toBe("POST");
  expect(options.headers).toMatchObject({ "X-XSRFToken": "a|b" });
  expect(stop(el).textContent).toBe("Stop requested");
  vi.unstubAllGlobals();
});

test("one click alone stops nothing", () => {
  const el = header(fakeRunWith({}), life().signal);

  stop(el).click();
  vi.advanceTimersByTime(5000);

  expect(stop(el).textContent).toBe("Stop");
});

test("a server that refuses says why, and the button is there again", async () => {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ message: "run '5a0f2c1e' is Completed already" });
  vi.stubGlobal("fetch", async () => new Response(body, { status: 409, headers }));
  const el = header(fakeRunWith({}), life().signal);

  stop(el).click();
  stop(el).click();
  await vi.advanceTimersByTimeAsync(0);

  expect(el.querySelector(".rw-stopping .rw-note")?.textContent).toContain("Completed already");
  expect(stop(el)).toMatchObject({ textContent: "Stop", disabled: false });
  vi.unstubAllGlobals();
});

test("where there is no server the button says so, and what does stop the run", () => {
  document.body.replaceChildren();
  const el = header(fakeRunWith({}), life().signal);

  stop(el).click();
  stop(el).click();

  expect(el.querySelector(".rw-stopping .rw-note")?.textContent).toContain("run.cancel()");
});

test("a run that has ended cannot be stopped", () => {
  const el = header(fakeRunWith({ status: "Completed" }), life().signal);

  expect(el.querySelector<HTMLElement>(".rw-stopping")?.hidden).toBe(true);
});

test("a parent is a link to its page, unless its id would lead elsewhere", () => {
  const parent = (id: string) =>
    header(fakeRunWith({ parent: id }), life().signal).querySelector<HTMLAnchorElement>("dd a");

  expect(parent("p1")?.getAttribute("href")).toBe("/user/jo/run-widgets/runs/p1");
  expect(parent("../../api/contents")).toBeNull();
});

test("leaves nothing behind when its life ends", () => {
  const model = fakeRunWith({});
  const { signal, end } = life();
  header(model, signal);

  end();

  expect(model.listeners).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

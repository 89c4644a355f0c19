/** Models and views as the widget protocol wants them, thin; all else is in views/. */

import {
  DOMWidgetModel,
  DOMWidgetView,
  type ISerializers,
  JupyterLuminoWidget,
  unpack_models,
  WidgetModel,
} from "@jupyter-widgets/base";

import { hangFigures, makeChart, merged, savedStateOf } from "./charts/chart_list.ts";
import { type Loader, loadFigures } from "./charts/figure.ts";
import { PLAIN } from "./charts/look.ts";
import { whenNear } from "./dom.ts";
import {
  age_s,
  type ChartState,
  type Grow,
  type Model,
  type RunChartModel,
  type RunModel,
} from "./model.ts";
import { PlainModel } from "./plain_model.ts";
import { answerQuestions, askForState, identity } from "./protocol.ts";
import { buffersIn, grow } from "./run/grow.ts";
import { appear } from "./run/live.ts";
import { openRun } from "./run/open.ts";
import { meetServer } from "./server.ts";
import type { Mount } from "./views/chart.ts";
import type { Open } from "./views/children.ts";
import { panel } from "./views/panel.ts";

export { ExperimentDetailsModel, ExperimentDetailsView } from "./experiment/widget.ts";

const unpacked = { deserialize: unpack_models };

export class RunDetailsModel extends DOMWidgetModel {
  declare private asked: boolean;
  declare private adopted: WeakSet<Model<RunChartModel>>;

  override defaults() {
    const nothing: RunModel = {
      look: PLAIN,
      facts: {
        run_id: "",
        experiment: "",
        number: 0,
        title: "",
        display_name: "",
        description: "",
        status: "",
        created_at: null,
        started_at: null,
        ended_at: null,
        elapsed_s: null,
        arguments: [],
        script: "",
        type: null,
        tags: {},
        properties: {},
        error: null,
        waiting_for: "",
        interrupted: "",
        stop_requested: false,
        done_steps: null,
        total_steps: null,
        target: "local",
        created_by: "",
        parent: null,
        points: 0,
        last_value_at: null,
        file_count: 0,
        child_count: 0,
        portal_path: "",
      },
      metrics: [],
      charts: [],
      figures: [],
      tables: [],
      documents: [],
      images: [],
      files: [],
      children: [],
      original: null,
      behind: [],
      problem: "",
      following: true,
    };
    return { ...super.defaults(), ...identity("RunDetailsModel", "RunDetailsView"), ...nothing };
  }

  override initialize(...args: Parameters<DOMWidgetModel["initialize"]>) {
    super.initialize(...args);
    // Durations count from when the facts came, which may be before anyone looks.
    const received = () => void age_s(this.get("facts"));
    this.on("change:facts", received);
    received();
    this.on("msg:custom", (message: Grow & { sizes: number[] }, [whole]: DataView[]) => {
      if (message.type !== "grow") return;
      grow(this as unknown as Model<RunModel>, message, buffersIn(whole, message.sizes));
    });
    answerQuestions(this);
    // Not where they are declared: this is called before such fields are there.
    this.asked = false;
    this.adopted = new WeakSet();
    this.on("lost", () => this.ask());
    this.on("change:charts change:figures", () => this.adopt());
    this.adopt();
    appear(this);
    // What cannot be loaded is told where a chart needs it.
    loadFigures(this.widget_manager as unknown as Loader).catch(() => {});
  }

  /** Take the whole into the charts that are here: who looks at one goes on to do so. */
  override set_state(state: Record<string, unknown>): void {
    const next = state.charts as Model<RunChartModel>[] | undefined;
    if (next) this.asked = false;
    super.set_state(next ? { ...state, charts: merged(this.get("charts"), next) } : state);
  }

  private adopt(): void {
    const charts: Model<RunChartModel>[] = this.get("charts");
    hangFigures(charts, this.get("figures"));
    for (const chart of charts) {
      if (this.adopted.has(chart)) continue;
      this.adopted.add(chart);
      chart.on("lost", () => this.ask());
    }
  }

  /** Ask for the whole, once however many charts miss something. */
  private ask(): void {
    if (this.asked) return;
    this.asked = true;
    askForState(this);
  }

  static override serializers: ISerializers = {
    ...DOMWidgetModel.serializers,
    charts: {
      deserialize: (charts: (ChartState | Model<RunChartModel>)[], manager) =>
        charts.map((each) =>
          each instanceof PlainModel ? each : makeChart(each as ChartState, manager),
        ),
      serialize: (charts: Model<RunChartModel>[]) => charts.map(savedStateOf),
    },
    figures: unpacked,
    images: unpacked,
  };
}

export class RunImageModel extends WidgetModel {
  override defaults() {
    const nothing = { name: "", path: "", step: null, at: null, mime: "", data: null };
    return { ...super.defaults(), ...identity("RunImageModel", null), ...nothing };
  }
}

type LuminoMessage = Parameters<DOMWidgetView["processLuminoMessage"]>[0];

/** Wait until `el` can be seen, or `life` ends. */
function near(el: HTMLElement, life: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    life.addEventListener("abort", () => resolve(), { once: true });
    whenNear(el, life, resolve);
  });
}

/** A view whose content is one of our functions, and which ends what that began. */
abstract class HostView extends DOMWidgetView {
  declare private life: AbortController;
  declare private mounted: Map<DOMWidgetView, HTMLElement>;

  abstract content(mount: Mount, life: AbortSignal): HTMLElement;

  override async render(): Promise<void> {
    super.render();
    this.life = new AbortController();
    this.mounted = new Map();
    const { signal } = this.life;
    this.el.classList.add("rw");
    if (this.model.get("facts").portal_path) await meetServer();
    if (signal.aborted) return;
    const mount: Mount = (child, into, until = signal) => this.mount(child, into, until);
    this.el.append(this.content(mount, signal));
  }

  /** Show a child widget in `into`, once that is in the page, until `life` ends. */
  private async mount(child: Model<never>, into: HTMLElement, life: AbortSignal): Promise<void> {
    await this.displayed;
    // Its tab may have been covered meanwhile: what bqplot makes without a size is in vain.
    if (into.clientWidth === 0) await near(into, life);
    if (life.aborted) return;
    const view = (await this.create_child_view(
      child as unknown as DOMWidgetModel,
    )) as DOMWidgetView;
    if (life.aborted || !into.isConnected) {
      view.remove();
      return;
    }
    // Lumino tells it that it is in the page, on which bqplot waits before it draws.
    JupyterLuminoWidget.attach(view.luminoWidget, into);
    this.mounted.set(view, into);
    const end = () => {
      this.mounted.delete(view);
      view.remove();
    };
    life.addEventListener("abort", end, { once: true });
  }

  /** Leave the page before our element does, and come back with it: Lumino insists on both. */
  override processLuminoMessage(message: LuminoMessage): void {
    super.processLuminoMessage(message);
    for (const [{ luminoWidget }, into] of this.mounted ?? []) {
      if (message.type === "before-detach" && luminoWidget.isAttached) {
        JupyterLuminoWidget.detach(luminoWidget);
      } else if (message.type === "after-attach" && !luminoWidget.isAttached) {
        JupyterLuminoWidget.attach(luminoWidget, into);
      }
    }
  }

  override remove(): void {
    this.life?.abort();
    super.remove();
  }
}

export class RunDetailsView extends HostView {
  content(mount: Mount, life: AbortSignal): HTMLElement {
    const open: Open = (id, into, until) => openRun(this.model, id, into, until);
    return panel(this.model as unknown as Model<RunModel>, mount, life, open);
  }
}

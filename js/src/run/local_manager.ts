/** Widgets without a kernel: models are made in the browser, and viewed as ever. */

import type {
  DOMWidgetModel,
  DOMWidgetView,
  ICallbacks,
  IModelOptions,
  IWidgetManager,
  WidgetModel,
  WidgetView,
} from "@jupyter-widgets/base";

/** Brings a class of a widget package; how depends on the page. */
export type ClassOf = (module: string, name: string) => Promise<unknown>;

type ModelClass = {
  new (attributes: object, options: object): WidgetModel;
  _deserialize_state(state: object, manager: IWidgetManager): Promise<object>;
};
type ViewClass = new (options: object) => WidgetView;

let made = 0;

/** What models and views ask of a widget manager, for as long as one run is looked at. */
export class LocalManager implements IWidgetManager {
  readonly #classOf: ClassOf;
  readonly #models = new Map<string, Promise<WidgetModel>>();

  constructor(classOf: ClassOf) {
    this.#classOf = classOf;
  }

  /** Make a model whose `attributes` are as its views want them: models, not their ids. */
  make(module: string, name: string, attributes: object): Promise<WidgetModel> {
    return this.#register(async (model_id) => {
      const Class = (await this.#classOf(module, name)) as ModelClass;
      return new Class(attributes, { widget_manager: this, model_id });
    });
  }

  new_model(options: IModelOptions, state: object = {}): Promise<WidgetModel> {
    return this.#register(async (model_id) => {
      const Class = (await this.#classOf(options.model_module, options.model_name)) as ModelClass;
      const attributes = await Class._deserialize_state(state, this);
      return new Class(attributes, { widget_manager: this, model_id });
    }, options.model_id);
  }

  /** As the managers of kernels' widgets spell it. */
  loadClass(name: string, module: string): Promise<unknown> {
    return this.#classOf(module, name);
  }

  #register(make: (id: string) => Promise<WidgetModel>, id?: string): Promise<WidgetModel> {
    made += 1;
    const name = id ?? `run-widgets-local-${made}`;
    const model = make(name);
    this.register_model(name, model);
    return model;
  }

  register_model(id: string, model: Promise<WidgetModel>): void {
    this.#models.set(id, model);
    model.then((ready) => ready.once("destroy", () => this.#models.delete(id))).catch(() => {});
  }

  has_model(id: string): boolean {
    return this.#models.has(id);
  }

  get_model(id: string): Promise<WidgetModel> {
    return this.#models.get(id) ?? Promise.reject(new Error(`there is no widget ${id}`));
  }

  create_view<V extends DOMWidgetView = DOMWidgetView>(
    model: DOMWidgetModel,
    options?: unknown,
  ): Promise<V>;
  create_view<V extends WidgetView = WidgetView>(model: WidgetModel, options?: unknown): Promise<V>;
  create_view(model: WidgetModel, options: unknown = {}): Promise<WidgetView> {
    made += 1;
    const key = `view-${made}`;
    // After the changes that are under way, so that a view never sees half of one.
    const view = model.state_change.then(async () => {
      const Class = (await this.#classOf(
        model.get("_view_module"),
        model.get("_view_name"),
      )) as ViewClass;
      const view = new Class({ model, options });
      view.listenTo(model, "destroy", view.remove);
      await view.render();
      // Nothing is broken: there is no kernel to be cut off from.
      view.el.classList.remove("jupyter-widgets-disconnected");
      view.once("remove", () => {
        if (model.views) delete model.views[key];
      });
      return view;
    });
    model.state_change = view;
    if (model.views) model.views[key] = view;
    return view;
  }

  /** End all models, and with them their views. */
  async close(): Promise<void> {
    for (const model of [...this.#models.values()]) await (await model).close();
  }

  new_widget(): Promise<WidgetModel> {
    return Promise.reject(new Error("there is no kernel to make a widget in"));
  }

  callbacks(): ICallbacks {
    return {};
  }

  async resolveUrl(url: string): Promise<string> {
    return url;
  }

  inline_sanitize(text: string): string {
    return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
  }
}

/** The interface as a JupyterLab widget: it loads when first seen, and follows the deployments only while it can be seen. */

import type { Message } from '@lumino/messaging';
import { Panel, Widget } from '@lumino/widgets';
import type { Route } from '../ui/navigation';
import type { Loader } from './loader';
import type { Mounted, Parts } from './parts';

export interface PlaceOptions {
  /** Begins the keys of what this place remembers. */
  place: string;
  /** Where to begin; null is where it was left. */
  first?: Route | null;
  /** Where to begin when it was never left before. */
  otherwise?: Route;
  /** Whether the tab is called after what it shows. */
  titled?: boolean;
}

export class DeploymentsPanel extends Panel {
  readonly place: string;
  #parts: Parts | null = null;
  #mounted: Mounted | null = null;
  #wanted: Route | null;
  #leave: (() => void) | null = null;
  #untitle: (() => void) | null = null;

  constructor(
    private readonly loader: Loader,
    private readonly options: PlaceOptions
  ) {
    super();
    this.place = options.place;
    this.#wanted = options.first ?? null;
    this.addClass('mdl-Root');
    this.addClass('mdl-PanelWidget');
  }

  /** Where this place is, as far as it was loaded. */
  get route(): Route | null {
    return this.#mounted?.navigation.route() ?? this.#wanted;
  }

  /** Go there, at once or when it is first seen; resolves to whether one went. */
  go(route: Route): Promise<boolean> {
    if (this.#mounted === null) {
      this.#wanted = route;
      return Promise.resolve(true);
    }
    return this.#mounted.navigation.go(route);
  }

  override dispose(): void {
    this.#untitle?.();
    this.#rest();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.#follow();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.#follow();
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.#rest();
  }

  protected override onBeforeDetach(message: Message): void {
    this.#rest();
    super.onBeforeDetach(message);
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    const first = this.node.querySelector<HTMLElement>('.mdl-Search, [data-first-focus]');
    if (first !== null) {
      first.focus();
    } else {
      this.node.tabIndex = -1;
      this.node.focus();
    }
  }

  /** A form that was edited asks before its tab is closed. */
  protected override onCloseRequest(): void {
    const leaving = this.#mounted?.navigation.leave() ?? Promise.resolve(true);
    void leaving.then(may => {
      if (may) {
        this.dispose();
      }
    });
  }

  #follow(): void {
    if (!this.isVisible) {
      return;
    }
    if (this.#parts !== null) {
      this.#leave ??= this.#parts.store.open();
      return;
    }
    this.loader.load().then(
      parts => {
        if (this.#parts === null && !this.isDisposed) {
          this.#mount(parts);
          this.#follow();
        }
      },
      (error: unknown) => {
        console.error('mdeploy-lab: the panel could not be loaded', error);
        const apology = new Widget();
        apology.addClass('mdl-Notice');
        apology.node.textContent = this.loader.surroundings.trans.__(
          'The panel could not be loaded. mdeploy was perhaps upgraded meanwhile: reload the page.'
        );
        this.#show(apology);
      }
    );
  }

  #mount(parts: Parts): void {
    this.#parts = parts;
    this.#mounted = parts.app(this.place, this.#wanted, this.options.otherwise);
    this.#wanted = null;
    this.#show(this.#mounted.widget);
    if (this.options.titled === true) {
      this.#untitle = parts.titled(this.#mounted.navigation, title => {
        this.title.label = title;
        this.title.caption = title;
      });
    }
  }

  #show(widget: Widget): void {
    this.widgets.slice().forEach(old => old.dispose());
    this.addWidget(widget);
  }

  #rest(): void {
    this.#leave?.();
    this.#leave = null;
  }
}

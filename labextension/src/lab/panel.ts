/** The panel as a JupyterLab widget: it loads when first seen, and follows the deployments only while it can be seen. */

import type { Message } from '@lumino/messaging';
import { Panel, Widget } from '@lumino/widgets';
import type { Parts } from './parts';

export class DeploymentsPanel extends Panel {
  #parts: Parts | null = null;
  #leave: (() => void) | null = null;

  /** `apology` stands there when the code cannot be loaded, as after an upgrade under an open page. */
  constructor(
    private readonly load: () => Promise<Parts>,
    private readonly apology: string
  ) {
    super();
    this.addClass('mdl-Root');
    this.addClass('mdl-PanelWidget');
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
    this.node.querySelector<HTMLElement>('.mdl-Search')?.focus();
  }

  #follow(): void {
    if (!this.isVisible) {
      return;
    }
    if (this.#parts !== null) {
      this.#leave ??= this.#parts.store.open();
      return;
    }
    this.load().then(
      parts => {
        if (this.#parts === null && !this.isDisposed) {
          this.#parts = parts;
          this.#show(parts.app('panel'));
          this.#follow();
        }
      },
      (error: unknown) => {
        console.error('mdeploy-lab: the panel could not be loaded', error);
        const apology = new Widget();
        apology.addClass('mdl-Notice');
        apology.node.textContent = this.apology;
        this.#show(apology);
      }
    );
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

/** The panel as a JupyterLab widget: it loads when first seen, and follows the deployments only while it can be seen. */

import type { Message } from '@lumino/messaging';
import { Panel } from '@lumino/widgets';
import type { Parts } from './parts';

export class DeploymentsPanel extends Panel {
  #parts: Parts | null = null;
  #leave: (() => void) | null = null;

  constructor(private readonly load: () => Promise<Parts>) {
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
    void this.load().then(parts => {
      if (this.#parts === null && !this.isDisposed) {
        this.#parts = parts;
        this.addWidget(parts.panel());
        this.#follow();
      }
    });
  }

  #rest(): void {
    this.#leave?.();
    this.#leave = null;
  }
}

/** A deployment shown in a cell: live while the kernel is busy, and again when the notebook is opened later. */

import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Panel, Widget } from '@lumino/widgets';
import type { Parts } from './parts';

export const MIME_TYPE = 'application/vnd.mdeploy.deployment.v1+json';

class CellOutput extends Panel implements IRenderMime.IRenderer {
  constructor(private readonly load: () => Promise<Parts>) {
    super();
    this.addClass('mdl-Root');
    this.addClass('mdl-Output');
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const text = model.data['text/plain'];
    const widget = await this.load().then(
      parts => parts.cell(model.data[MIME_TYPE], text),
      () => plain(text)
    );
    if (this.isDisposed) {
      widget.dispose();
      return;
    }
    this.widgets.slice().forEach(old => old.dispose());
    this.addWidget(widget);
  }
}

/** What is left when the code cannot be loaded. */
function plain(text: unknown): Widget {
  const widget = new Widget({ node: document.createElement('pre') });
  widget.node.textContent = typeof text === 'string' ? text : '';
  return widget;
}

export function rendererFactory(load: () => Promise<Parts>): IRenderMime.IRendererFactory {
  return { safe: true, mimeTypes: [MIME_TYPE], defaultRank: 40, createRenderer: () => new CellOutput(load) };
}

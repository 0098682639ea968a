/** The plugins: what JupyterLab and Notebook 7 load at their start, which is little; the rest comes when it is seen. */

import { INotebookTree } from '@jupyter-notebook/tree';
import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { DOMAIN } from './domain';
import { deployIcon } from './icon';
import { rendererFactory } from './mime';
import { DeploymentsPanel } from './panel';
import type { Parts } from './parts';

const PANEL_ID = 'mdeploy-deployments';
const OPEN_COMMAND = 'mdeploy:open';

const loading = new WeakMap<JupyterFrontEnd, Promise<Parts>>();

function partsOf(app: JupyterFrontEnd, translator: ITranslator | null): () => Promise<Parts> {
  return () => {
    let parts = loading.get(app);
    if (parts === undefined) {
      parts = import('./parts').then(
        ({ Parts }) => new Parts(app.serviceManager.serverSettings, translator ?? nullTranslator)
      );
      parts.catch(() => loading.delete(app)); // the next who looks tries again
      loading.set(app, parts);
    }
    return parts;
  };
}

export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mdeploy-lab:panel',
  description: 'Shows all deployments, live.',
  autoStart: true,
  optional: [ITranslator, ICommandPalette, ILauncher, ILayoutRestorer, INotebookTree],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    restorer: ILayoutRestorer | null,
    tree: INotebookTree | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const panel = new DeploymentsPanel(
      partsOf(app, translator),
      trans.__('The panel could not be loaded. mdeploy was perhaps upgraded meanwhile: reload the page.')
    );
    panel.id = PANEL_ID;
    panel.title.icon = deployIcon;
    if (tree !== null) {
      panel.title.label = trans.__('Deployments');
      tree.addWidget(panel);
      tree.tabBar.addTab(panel.title);
    } else {
      panel.title.caption = trans.__('Deployments');
      app.shell.add(panel, 'left', { rank: 600, type: 'Deployments' });
      restorer?.add(panel, PANEL_ID);
    }
    app.commands.addCommand(OPEN_COMMAND, {
      label: trans.__('Deployments'),
      caption: trans.__('Show all deployments with their states and URLs'),
      icon: deployIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => {
        if (tree !== null) {
          tree.currentWidget = panel;
        } else {
          app.shell.activateById(PANEL_ID);
        }
      }
    });
    palette?.addItem({ command: OPEN_COMMAND, category: trans.__('Deployments') });
    // JupyterLab's own category, which JupyterLab translates.
    // eslint-disable-next-line jupyter/no-untranslated-string
    launcher?.add({ command: OPEN_COMMAND, category: 'Other', rank: 10 });
  }
};

export const outputPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mdeploy-lab:output',
  description: 'Shows a deployment in the output of a cell, live.',
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, rendermime: IRenderMimeRegistry, translator: ITranslator | null) => {
    rendermime.addFactory(rendererFactory(partsOf(app, translator)));
  }
};

/** The plugins: what JupyterLab and Notebook 7 load at their start, which is little; the rest comes when it is seen. */

import { INotebookTree } from '@jupyter-notebook/tree';
import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
// Both are small and make what is on screen at the start: the panel's icon and the palette's entries.
// eslint-disable-next-line jupyter/prefer-lazy-imports
import { addCommands, Commands } from './commands';
import { DOMAIN } from './domain';
import { ILoader, LazyParts, type Loader } from './loader';
import { rendererFactory } from './mime';
// eslint-disable-next-line jupyter/prefer-lazy-imports
import { LabPlaces } from './places';
import { Preferences } from './preferences';

const loaderPlugin: JupyterFrontEndPlugin<Loader> = {
  id: 'mdeploy-lab:loader',
  description: 'Loads the interface when something of it is shown.',
  provides: ILoader,
  optional: [ITranslator, ISettingRegistry, INotebookTracker, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    registry: ISettingRegistry | null,
    tracker: INotebookTracker | null,
    state: IStateDB | null
  ): Loader => {
    const spoken = translator ?? nullTranslator;
    const trans = spoken.load(DOMAIN);
    const preferences = new Preferences(registry);
    return new LazyParts(
      { app, translator: spoken, trans, preferences, tracker, state, places: null },
      PageConfig.getOption('mdeployUsed') === 'true'
    );
  }
};

const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mdeploy-lab:panel',
  description: 'Shows all deployments, live: in a side panel, and as tabs of the main area.',
  autoStart: true,
  requires: [ILoader],
  optional: [ICommandPalette, ILauncher, ILayoutRestorer, INotebookTree],
  activate: (
    _app: JupyterFrontEnd,
    loader: Loader,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    restorer: ILayoutRestorer | null,
    tree: INotebookTree | null
  ) => {
    const places = new LabPlaces(loader, tree, restorer);
    loader.surroundings.places = places;
    addCommands(loader, places, palette);
    if (restorer !== null && places.canOpenWide) {
      places.restore(restorer, Commands.openMain);
    }
    const command = places.canOpenWide ? Commands.openMain : Commands.open;
    // JupyterLab's own category, which JupyterLab translates.
    // eslint-disable-next-line jupyter/no-untranslated-string
    launcher?.add({ command, category: 'Other', rank: 10 });
  }
};

const outputPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mdeploy-lab:output',
  description: 'Shows a deployment in the output of a cell, live.',
  autoStart: true,
  requires: [IRenderMimeRegistry, ILoader],
  activate: (_app: JupyterFrontEnd, rendermime: IRenderMimeRegistry, loader: Loader) => {
    rendermime.addFactory(rendererFactory(() => loader.load()));
  }
};

export const plugins = [loaderPlugin, panelPlugin, outputPlugin];

/** The plugins: what JupyterLab and Notebook 7 load at their start, which is little; the rest comes when it is seen. */

import { INotebookTree } from '@jupyter-notebook/tree';
import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { IRunningSessionManagers } from '@jupyterlab/running';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
// Small, and on screen from the start: the panel's icon, the palette's entries, the menus.
// eslint-disable-next-line jupyter/prefer-lazy-imports
import { addCommands, Commands } from './commands';
import { DOMAIN } from './domain';
import { ILoader, LazyParts, type Loader } from './loader';
// eslint-disable-next-line jupyter/prefer-lazy-imports
import { DeployMenus } from './menus';
import { rendererFactory } from './mime';
// eslint-disable-next-line jupyter/prefer-lazy-imports
import { LabPlaces } from './places';
import { Preferences } from './preferences';
// eslint-disable-next-line jupyter/prefer-lazy-imports
import { RunningDeployments } from './running';
// eslint-disable-next-line jupyter/prefer-lazy-imports
import { StatusItem } from './status';

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
    // JupyterLab's own category, in JupyterLab's own words: another text would be another category.
    const trans = loader.surroundings.translator.load('jupyterlab');
    launcher?.add({ command, category: trans.__('Other'), rank: 10 });
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

const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mdeploy-lab:status',
  description: 'Counts deployed and failed deployments in the status bar.',
  autoStart: true,
  requires: [ILoader, IStatusBar],
  activate: (app: JupyterFrontEnd, loader: Loader, bar: IStatusBar) => {
    const item = new StatusItem(loader, () => void app.commands.execute(Commands.open));
    bar.registerStatusItem('mdeploy-lab:status', {
      item,
      align: 'left',
      rank: 20,
      isActive: () => item.active,
      activeStateChanged: item.activeChanged
    });
  }
};

const runningPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mdeploy-lab:running',
  description: 'Lists deployments among what runs.',
  autoStart: true,
  requires: [ILoader, IRunningSessionManagers],
  activate: (_app: JupyterFrontEnd, loader: Loader, managers: IRunningSessionManagers) => {
    managers.add(new RunningDeployments(loader));
  }
};

const menusPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mdeploy-lab:menus',
  description: 'Adds "Deploy this model" to the menus of cells and files.',
  autoStart: true,
  requires: [ILoader],
  optional: [IFileBrowserFactory],
  activate: (_app: JupyterFrontEnd, loader: Loader, files: IFileBrowserFactory | null) => {
    new DeployMenus(loader, files?.tracker ?? null);
  }
};

export const plugins = [loaderPlugin, panelPlugin, outputPlugin, statusPlugin, runningPlugin, menusPlugin];

/** Where the interface stands: one side panel (in Notebook 7's file page a tab), and tabs of the main area. */

import type { INotebookTree } from '@jupyter-notebook/tree';
import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { WidgetTracker } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import type { Route } from '../ui/navigation';
import { deployIcon } from './icon';
import type { Loader, Places } from './loader';
import { DeploymentsPanel } from './panel';

export const PANEL_ID = 'mdeploy-deployments';
const MAIN_ID = 'mdeploy-main';
const MAIN = 'main';

export class LabPlaces implements Places {
  readonly canOpenWide: boolean;
  readonly #app: JupyterFrontEnd;
  readonly #panel: DeploymentsPanel;
  readonly #tabs = new WidgetTracker<DeploymentsPanel>({ namespace: 'mdeploy-main' });

  constructor(
    private readonly loader: Loader,
    private readonly tree: INotebookTree | null,
    restorer: ILayoutRestorer | null
  ) {
    this.#app = loader.surroundings.app;
    const { trans } = loader.surroundings;
    const page = PageConfig.getOption('notebookPage'); // empty in JupyterLab
    this.canOpenWide = page === '';
    this.#panel = new DeploymentsPanel(loader, { place: 'panel' });
    this.#panel.id = PANEL_ID;
    this.#panel.title.icon = deployIcon;
    this.#panel.title.caption = trans.__('Deployments');
    if (tree !== null) {
      this.#panel.title.label = trans.__('Deployments');
      tree.addWidget(this.#panel);
      tree.tabBar.addTab(this.#panel.title);
      return;
    }
    // Beside Notebook 7's one document the right side is free; JupyterLab's own panels are on the left.
    this.#app.shell.add(this.#panel, this.canOpenWide ? 'left' : 'right', { rank: 600, type: 'Deployments' });
    restorer?.add(this.#panel, PANEL_ID);
  }

  /** Let JupyterLab open the tabs of the main area again with `command` after a reload. */
  restore(restorer: ILayoutRestorer, command: string): void {
    void restorer.restore(this.#tabs, {
      command,
      args: tab => (tab.place === MAIN ? {} : { id: tab.place.slice(MAIN.length + 1) }),
      name: tab => tab.place
    });
  }

  /** Show the side panel as it is. */
  open(): void {
    if (this.tree !== null) {
      this.tree.currentWidget = this.#panel;
    } else {
      this.#app.shell.activateById(PANEL_ID);
    }
  }

  async show(route: Route, wide?: boolean): Promise<boolean> {
    const place = this.#choose(route, wide);
    this.#reveal(place);
    return place.go(route);
  }

  /** Show a tab of the main area: a deployment's own, or the one for everything. */
  openTab(id: string | null, first: Route | null = null): DeploymentsPanel {
    const place = id === null ? MAIN : `${MAIN}:${id}`;
    let tab = this.#tabs.find(each => each.place === place);
    if (tab === undefined) {
      const otherwise: Route = id === null ? { view: 'grid' } : { view: 'deployment', id, tab: 'overview' };
      tab = new DeploymentsPanel(this.loader, { place, first, otherwise, titled: true });
      tab.id = id === null ? MAIN_ID : `${MAIN_ID}-${id}`;
      tab.title.icon = deployIcon;
      tab.title.label = id ?? this.loader.surroundings.trans.__('Deployments');
      tab.title.closable = true;
      tab.disposed.connect(() => this.#forget(place));
      this.#app.shell.add(tab, 'main', { type: 'Deployments' });
      void this.#tabs.add(tab);
    }
    this.#app.shell.activateById(tab.id);
    return tab;
  }

  /** Without a word on it, what is in sight shows it; else the panel. */
  #choose(route: Route, wide: boolean | undefined): DeploymentsPanel {
    if (this.canOpenWide && wide === true) {
      return this.openTab('id' in route ? route.id : null, route);
    }
    const inSight = this.#tabs.find(tab => tab.isVisible);
    return wide === undefined && !this.#panel.isVisible && inSight !== undefined ? inSight : this.#panel;
  }

  #reveal(place: DeploymentsPanel): void {
    if (place === this.#panel) {
      this.open();
    } else {
      this.#app.shell.activateById(place.id);
    }
  }

  #forget(place: string): void {
    if (place === MAIN) {
      this.loader.parts?.memory.set(`${MAIN}/route`, undefined); // its filters stay
    } else {
      this.loader.parts?.memory.forget(place);
    }
  }
}

/** "Deploy this model" where models are: on a variable in a cell, and on a model's folder in the file browser. */

import type { FileBrowser } from '@jupyterlab/filebrowser';
import { PageConfig, PathExt } from '@jupyterlab/coreutils';
import type { IWidgetTracker } from '@jupyterlab/apputils';
import type { Contents } from '@jupyterlab/services';
import { deployIcon } from './icon';
import type { Loader } from './loader';
import { wordAt } from './word';

const VARIABLE = 'mdeploy:deploy-variable';
const FOLDER = 'mdeploy:deploy-folder';
const CELL = '.jp-Notebook .jp-CodeCell .jp-InputArea-editor';
const FILE = '.jp-DirListing-item';
/** The file that makes a folder a model. */
const MLMODEL = 'MLmodel';

/** What was clicked, and what is known about it by now; a menu opens at once and is corrected a moment later. */
interface Clicked {
  readonly model: string;
  /** Undefined while that is asked, null when it can be deployed, else why not. */
  obstacle: string | null | undefined;
}

export class DeployMenus {
  #variable: Clicked | null = null;
  #folder: Clicked | null = null;

  constructor(
    private readonly loader: Loader,
    private readonly browsers: IWidgetTracker<FileBrowser> | null
  ) {
    this.#add(VARIABLE, CELL, () => this.#variable);
    if (browsers !== null && PageConfig.getOption('serverRoot') !== '') {
      this.#add(FOLDER, FILE, () => this.#folder);
    }
    // Before JupyterLab opens its menu.
    document.addEventListener('contextmenu', event => this.#look(event), { capture: true });
  }

  #add(command: string, selector: string, clicked: () => Clicked | null): void {
    const { app, trans, places } = this.loader.surroundings;
    app.commands.addCommand(command, {
      label: () => {
        const obstacle = clicked()?.obstacle ?? null;
        const label = trans.__('Deploy this model');
        return obstacle === null ? label : trans.__('%1 (%2)', label, obstacle);
      },
      icon: deployIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      isVisible: () => clicked() !== null,
      isEnabled: () => clicked()?.obstacle === null,
      execute: () => {
        const model = clicked()?.model;
        return model === undefined ? false : places?.show({ view: 'create', model });
      }
    });
    app.contextMenu.addItem({ command, selector, rank: 40 });
  }

  #look(event: MouseEvent): void {
    const target = event.target instanceof Element ? event.target : null;
    this.#variable = within(target, CELL) ? this.#word(event) : null;
    this.#folder = within(target, FILE) ? this.#selected() : null;
  }

  /** The variable under the pointer; whether it holds a model only the kernel knows. */
  #word(event: MouseEvent): Clicked | null {
    const { tracker, trans } = this.loader.surroundings;
    const word = tracker === null ? '' : wordAt(tracker, event);
    if (word === '') {
      return null;
    }
    const clicked: Clicked = { model: word, obstacle: undefined };
    void this.#ask(clicked, async () => {
      const { host } = await this.loader.load();
      const models = (await host.kernel?.models()) ?? [];
      return models.some(({ name }) => name === word) ? null : trans.__('%1 holds no model', word);
    });
    return clicked;
  }

  /** The folder under the pointer, if it is one: a model when it has an MLmodel. */
  #selected(): Clicked | null {
    const { app, trans } = this.loader.surroundings;
    const { contents } = app.serviceManager;
    const selected = [...(this.browsers?.currentWidget?.selectedItems() ?? [])];
    const [item] = selected;
    if (item === undefined || selected.length > 1 || !isCandidate(item)) {
      return null;
    }
    const folder = item.type === 'directory' ? item.path : PathExt.dirname(item.path);
    const path = `${PageConfig.getOption('serverRoot').replace(/\/+$/, '')}/${contents.localPath(folder)}`;
    const clicked: Clicked = { model: path, obstacle: item.type === 'directory' ? undefined : null };
    if (clicked.obstacle === undefined) {
      void this.#ask(clicked, async () => {
        const listing = await contents.get(folder, { content: true });
        const names = (listing.content as Contents.IModel[]).map(({ name }) => name);
        return names.includes(MLMODEL) ? null : trans.__('it has no file MLmodel');
      });
    }
    return clicked;
  }

  async #ask(clicked: Clicked, find: () => Promise<string | null>): Promise<void> {
    try {
      clicked.obstacle = await find();
    } catch (error) {
      clicked.obstacle = error instanceof Error ? error.message : String(error);
    }
    this.loader.surroundings.app.contextMenu.menu.update();
  }
}

function isCandidate({ type, name }: Contents.IModel): boolean {
  return type === 'directory' || name === MLMODEL;
}

function within(target: Element | null, selector: string): boolean {
  return target !== null && target.closest(selector) !== null;
}

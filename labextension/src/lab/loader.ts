/** The heavy half of the extension, loaded once and only when something of it is shown or asked for. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { IStateDB } from '@jupyterlab/statedb';
import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import { Token } from '@lumino/coreutils';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Route } from '../ui/navigation';
import type { Parts } from './parts';
import type { Preferences } from './preferences';

/** Where the interface can be shown; set by the plugin that makes the places. */
export interface Places {
  /** Show a route in the side panel, or as a tab of the main area; resolves to whether one went there. */
  show(route: Route, wide?: boolean): Promise<boolean>;
  /** Whether there is a main area beside the panel, in which things can be opened wide. */
  readonly canOpenWide: boolean;
}

/** What JupyterLab has around the interface. */
export interface Surroundings {
  readonly app: JupyterFrontEnd;
  readonly translator: ITranslator;
  readonly trans: TranslationBundle;
  readonly preferences: Preferences;
  readonly tracker: INotebookTracker | null;
  readonly state: IStateDB | null;
  places: Places | null;
}

export interface Loader {
  readonly surroundings: Surroundings;
  /** Load everything; who asks again after a failure tries again. */
  load(): Promise<Parts>;
  /** What is loaded by now, for those who must not wait. */
  readonly parts: Parts | null;
  /** Whether something was deployed in this home when the page was made, or since: else nothing is followed unasked. */
  readonly used: boolean;
  readonly usedChanged: ISignal<Loader, void>;
}

export const ILoader = new Token<Loader>(
  'mdeploy-lab:ILoader',
  'Loads the interface of mdeploy when it is needed.'
);

export class LazyParts implements Loader {
  #loading: Promise<Parts> | null = null;
  readonly usedChanged: ISignal<this, void>;
  #usedChanged = new Signal<this, void>(this);
  parts: Parts | null = null;

  constructor(
    readonly surroundings: Surroundings,
    public used: boolean
  ) {
    this.usedChanged = this.#usedChanged;
  }

  load(): Promise<Parts> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = null; // the next who looks tries again
      throw error;
    });
    return this.#loading;
  }

  async #load(): Promise<Parts> {
    const { Parts } = await import('./parts');
    const parts = (this.parts = await Parts.create(this.surroundings));
    parts.store.subscribe(() => {
      if (!this.used && parts.store.snapshot().deployments.length > 0) {
        this.used = true;
        this.#usedChanged.emit();
      }
    });
    return parts;
  }
}

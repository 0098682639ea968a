/** The settings of this extension as they are now; they begin as defaults and follow what the user changes. */

import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal, type ISignal } from '@lumino/signaling';

export const SETTINGS_ID = 'mdeploy-lab:panel';

export class Preferences {
  #settings: ISettingRegistry.ISettings | null = null;
  #changed = new Signal<this, void>(this);

  constructor(registry: ISettingRegistry | null) {
    registry?.load(SETTINGS_ID).then(
      settings => {
        this.#settings = settings;
        settings.changed.connect(() => this.#changed.emit());
        this.#changed.emit();
      },
      (error: unknown) => console.warn('mdeploy-lab: the settings could not be read', error)
    );
  }

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  /** Whether deployed and failed deployments are counted in the status bar. */
  get statusBar(): boolean {
    return this.#read('showStatusBar') !== false;
  }

  /** Whether a change is followed to its end in a notification. */
  get notifications(): boolean {
    return this.#read('notifications') !== false;
  }

  /** How the grid begins where nobody chose. */
  get view(): 'cards' | 'table' {
    return this.#read('view') === 'table' ? 'table' : 'cards';
  }

  #read(name: string): unknown {
    return this.#settings?.composite[name];
  }
}

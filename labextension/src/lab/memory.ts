/** What survives a reload of the page: one JSON object in JupyterLab's state database, which belongs to the workspace. */

import type { IStateDB } from '@jupyterlab/statedb';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Memory } from '../ui/host';

const KEY = 'mdeploy-lab:memory';
/** Milliseconds: typing in a search box is one write. */
const DEBOUNCE = 400;

type Kept = Pick<IStateDB, 'fetch' | 'save'>;

/** Reads are synchronous, because everything was loaded before the first mount; writes come a moment later, together. */
export class StateMemory implements Memory {
  #values: Map<string, unknown>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  private constructor(
    private readonly state: Kept | null,
    values: Map<string, unknown>
  ) {
    this.#values = values;
  }

  /** Load what was kept; without a state database, or when it cannot be read, the memory begins empty. */
  static async load(state: Kept | null): Promise<StateMemory> {
    const kept = await state?.fetch(KEY).catch(() => undefined);
    const values = typeof kept === 'object' && kept !== null && !Array.isArray(kept) ? kept : {};
    return new StateMemory(state, new Map(Object.entries(values)));
  }

  get(key: string): unknown {
    return this.#values.get(key);
  }

  set(key: string, value: unknown): void {
    const known = this.#values.get(key);
    if (known === value || JSON.stringify(known) === JSON.stringify(value)) {
      return;
    }
    if (value === undefined) {
      this.#values.delete(key);
    } else {
      this.#values.set(key, value);
    }
    this.#later();
  }

  /** Drop what a place remembered that is closed for good. */
  forget(place: string): void {
    for (const key of [...this.#values.keys()]) {
      if (key.startsWith(`${place}/`)) {
        this.#values.delete(key);
      }
    }
    this.#later();
  }

  #later(): void {
    if (this.state === null) {
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const values = Object.fromEntries(this.#values) as ReadonlyPartialJSONObject;
      this.state?.save(KEY, values).catch((error: unknown) => {
        console.warn('mdeploy-lab: what the panel remembers could not be kept', error);
      });
    }, DEBOUNCE);
  }
}

/** The status bar's item: how many deployments are deployed, and how many failed. */

import { Signal, type ISignal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import type { Snapshot } from '../ui/store';
import type { Loader } from './loader';

/** Follows the deployments only while it can be seen, and only in a home that has some. */
export class StatusItem extends Widget {
  readonly activeChanged: ISignal<this, void>;
  #activeChanged = new Signal<this, void>(this);
  #ends: (() => void)[] = [];
  #label = '';

  constructor(
    private readonly loader: Loader,
    onClick: () => void
  ) {
    super({ node: document.createElement('button') });
    this.activeChanged = this.#activeChanged;
    this.addClass('mdl-Root');
    this.addClass('mdl-Status');
    this.node.addEventListener('click', onClick);
    const changed = (): void => {
      this.#activeChanged.emit();
      this.#follow();
    };
    loader.surroundings.preferences.changed.connect(changed);
    loader.usedChanged.connect(changed);
    this.#draw(0, 0);
  }

  /** Whether it has a place in the status bar. */
  get active(): boolean {
    return this.loader.surroundings.preferences.statusBar && this.loader.used;
  }

  override dispose(): void {
    this.#rest();
    super.dispose();
  }

  protected override onAfterAttach(): void {
    this.#follow();
  }

  protected override onAfterShow(): void {
    this.#follow();
  }

  protected override onAfterHide(): void {
    this.#rest();
  }

  protected override onBeforeDetach(): void {
    this.#rest();
  }

  #follow(): void {
    if (!this.active || !this.isVisible) {
      this.#rest();
      return;
    }
    const { app } = this.loader.surroundings;
    void app.restored
      .then(() => this.loader.load())
      .then(({ store }) => {
        if (this.active && this.isVisible && this.#ends.length === 0) {
          const look = (): void => this.#count(store.snapshot());
          this.#ends = [store.open(), store.subscribe(look)];
          look();
        }
      })
      .catch((error: unknown) => console.warn('mdeploy-lab: deployments cannot be counted', error));
  }

  #rest(): void {
    this.#ends.splice(0).forEach(end => end());
  }

  #count({ deployments, loaded }: Snapshot): void {
    if (loaded) {
      const having = (state: string): number =>
        deployments.filter(({ status }) => status.state === state).length;
      this.#draw(having('deployed'), having('failed'));
    }
  }

  #draw(deployed: number, failed: number): void {
    const { trans } = this.loader.surroundings;
    const label = trans.__('Deployments: %1 deployed, %2 failed', deployed, failed);
    if (label === this.#label) {
      return;
    }
    this.#label = label;
    this.node.title = label;
    this.node.setAttribute('aria-label', label);
    const parts = [counted('deployed', deployed), ...(failed > 0 ? [counted('failed', failed)] : [])];
    this.node.replaceChildren(...parts);
  }
}

const SHAPES = {
  deployed:
    'M8 2 3.500 6.500l1 1L7.300 4.700V11h1.400V4.700l2.800 2.800 1-1zM3 10v4h10v-4h-1.400v2.600H4.400V10z',
  failed: 'M8 1.500 15.300 14.500H.7zm-.7 5.500v3h1.400V7zm0 3.800v1.400h1.400v-1.400z'
};

/** A shape of its own for each, because colour alone tells nobody who does not see it. */
function counted(state: keyof typeof SHAPES, count: number): HTMLElement {
  const part = document.createElement('span');
  part.className = `mdl-Status-count mdl-Status-${state}`;
  part.setAttribute('aria-hidden', 'true');
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', SHAPES[state]);
  path.setAttribute('fill', 'currentColor');
  svg.append(path);
  part.append(svg, String(count));
  return part;
}

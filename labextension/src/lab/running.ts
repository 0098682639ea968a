/** Deployments in JupyterLab's list of what runs, beside kernels and terminals. */

import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { IRunningSessions } from '@jupyterlab/running';
import { Signal } from '@lumino/signaling';
import type { Deployment } from '../api/types';
import { stateWord } from '../ui/kit/StateChip';
import { shortened } from '../ui/shorten';
import { deployIcon } from './icon';
import type { Loader } from './loader';
import type { Parts } from './parts';

const LONGEST = 60;

export class RunningDeployments implements IRunningSessions.IManager {
  readonly name: string;
  readonly shutdownLabel: string;
  readonly shutdownAllLabel: string;
  readonly shutdownAllConfirmationText: string;
  readonly runningChanged = new Signal<this, void>(this);
  #parts: Parts | null = null;
  #asked = false;

  constructor(private readonly loader: Loader) {
    const { trans } = loader.surroundings;
    this.name = trans.__('Deployments');
    this.shutdownLabel = trans.__('Stop');
    this.shutdownAllLabel = trans.__('Stop All');
    this.shutdownAllConfirmationText = trans.__(
      'All deployments will be stopped, also those of others. Their URLs answer 503 until they are started again.'
    );
    loader.usedChanged.connect(() => this.#connect());
  }

  /** What is not stopped, by name. */
  running(): IRunningSessions.IRunningItem[] {
    if (this.loader.used && !this.#asked) {
      this.#asked = true;
      queueMicrotask(() => this.refreshRunning());
    }
    return this.#deployments().map(deployment => this.#item(deployment));
  }

  refreshRunning(): void {
    if (!this.loader.used) {
      return; // nothing was ever deployed: no engine is started to say so
    }
    this.loader.load().then(
      async ({ store }) => {
        this.#connect();
        if (store.snapshot().freshness !== 'live') {
          await store.reload();
        }
      },
      () => undefined // the panel says what is wrong
    );
  }

  shutdownAll(): void {
    this.#deployments().forEach(deployment => this.#stop(deployment));
  }

  #connect(): void {
    const { parts } = this.loader;
    if (this.#parts === null && parts !== null) {
      this.#parts = parts;
      let before = parts.store.snapshot().deployments;
      parts.store.subscribe(() => {
        const { deployments } = parts.store.snapshot();
        if (deployments !== before) {
          before = deployments;
          this.runningChanged.emit();
        }
      });
      this.runningChanged.emit();
    }
  }

  #deployments(): Deployment[] {
    const all = this.#parts?.store.snapshot().deployments ?? [];
    return all
      .filter(({ spec }) => !spec.stopped)
      .sort((one, other) => one.spec.name.localeCompare(other.spec.name));
  }

  #item(deployment: Deployment): IRunningSessions.IRunningItem {
    const { trans, places } = this.loader.surroundings;
    const { id, spec, status } = deployment;
    return {
      icon: () => deployIcon,
      label: () => shortened(spec.name, LONGEST),
      labelTitle: () => [stateWord(status.state, trans), deployment.url].join('\n'),
      detail: () => stateWord(status.state, trans),
      open: () => void places?.show({ view: 'deployment', id, tab: 'overview' }),
      shutdown: () => void this.#ask(deployment)
    };
  }

  async #ask(deployment: Deployment): Promise<void> {
    const { trans } = this.loader.surroundings;
    const { button } = await showDialog({
      title: trans.__('Stop %1?', shortened(deployment.spec.name, LONGEST)),
      body: trans.__('Its URL answers 503 until it is started again.'),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.warnButton({ label: trans.__('Stop') })
      ]
    });
    if (button.accept) {
      this.#stop(deployment);
    }
  }

  #stop({ id, spec }: Deployment): void {
    void this.#parts?.store.act(id, 'stop');
    this.#parts?.host.follow(id, spec.name, 'stop');
  }
}

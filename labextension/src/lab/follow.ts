/** A change of a deployment from its beginning to its end, in one notification. */

import { Notification } from '@jupyterlab/apputils';
import { ApiError } from '../api/transport';
import type { Deployment, Phase } from '../api/types';
import type { FollowedVerb, Translator } from '../ui/host';
import { shortened } from '../ui/shorten';
import type { DeploymentStore, Snapshot } from '../ui/store';
import type { Surroundings } from './loader';

/** Milliseconds that good news stays on screen; bad news stays until somebody has seen it. */
const GOOD_NEWS = 6000;

interface News {
  text: string;
  type: 'in-progress' | 'success' | 'error' | 'info';
}

/** One change that is under way. */
interface Change {
  readonly id: string;
  readonly name: string;
  readonly verb: FollowedVerb;
  /** What the deployment's status must speak of before it can be the end. */
  version: number;
  /** Whether the deployment was there at all; then its absence means something. */
  seen: boolean;
}

export class Follower {
  constructor(
    private readonly surroundings: Surroundings,
    private readonly store: DeploymentStore
  ) {}

  /** Follow until the end; keeps the deployments followed meanwhile, so that hiding the panel changes nothing. */
  async follow(id: string, name: string, verb: FollowedVerb): Promise<void> {
    const { trans, preferences, places } = this.surroundings;
    if (!preferences.notifications) {
      return;
    }
    const change: Change = { id, name: shortened(name, 80), verb, version: 0, seen: false };
    const show = {
      label: trans.__('Show'),
      caption: trans.__('Show the details of %1', change.name),
      callback: () => void places?.show({ view: 'deployment', id, tab: 'overview' })
    };
    const begin = beginning(change, trans);
    const notification = Notification.emit(begin, 'in-progress', { autoClose: false, actions: [show] });
    const close = this.store.open();
    try {
      await this.#learn(change);
      await this.#end(change, notification, news => {
        const over = news.type !== 'in-progress';
        const autoClose = over && news.type !== 'error' ? GOOD_NEWS : false;
        const actions = gone(change, news) ? [] : [show];
        Notification.update({ id: notification, message: news.text, type: news.type, autoClose, actions });
      });
    } finally {
      close();
    }
  }

  /** Ask once which version the change made, because what is on screen may still be of the time before it. */
  async #learn(change: Change): Promise<void> {
    try {
      const deployment = await this.store.api.get(change.id);
      change.version = deployment.resource_version;
      change.seen = true;
      this.store.put(deployment);
    } catch (error) {
      change.seen = error instanceof ApiError && error.status === 404;
    }
  }

  #end(change: Change, notification: string, tell: (news: News) => void): Promise<void> {
    const { trans } = this.surroundings;
    return new Promise(resolve => {
      let last = '';
      const look = (): void => {
        const news = newsOf(change, this.store.snapshot(), trans);
        if (news !== null && news.text !== last && Notification.manager.has(notification)) {
          last = news.text;
          tell(news);
        }
        // Whoever closes the notification does not want to know the end.
        if ((news !== null && news.type !== 'in-progress') || !Notification.manager.has(notification)) {
          stop();
          resolve();
        }
      };
      const stop = this.store.subscribe(look);
      look();
    });
  }
}

function gone({ verb }: Change, { type }: News): boolean {
  return verb === 'delete' && type === 'success';
}

function newsOf(change: Change, { byId, loaded, freshness }: Snapshot, trans: Translator): News | null {
  const deployment = byId.get(change.id);
  if (deployment === undefined) {
    if (!loaded || freshness !== 'live' || !change.seen) {
      return null;
    }
    const text = trans.__('%1 was deleted', change.name);
    return { text, type: change.verb === 'delete' ? 'success' : 'info' };
  }
  change.seen = true;
  const { status } = deployment;
  if (status.observed_version < change.version || change.verb === 'delete') {
    return { text: underWay(change, status.timeline, trans), type: 'in-progress' };
  }
  switch (status.state) {
    case 'deployed':
      return { text: trans.__('%1 is deployed', change.name), type: 'success' };
    case 'failed':
      return { text: trans.__('%1 failed: %2', change.name, cause(deployment)), type: 'error' };
    case 'stopped': {
      const text = trans.__('%1 is stopped', change.name);
      return { text, type: change.verb === 'stop' ? 'success' : 'info' };
    }
    default:
      return { text: underWay(change, status.timeline, trans), type: 'in-progress' };
  }
}

function cause({ status }: Deployment): string {
  return status.failure?.message ?? status.message;
}

function beginning({ name, verb }: Change, trans: Translator): string {
  switch (verb) {
    case 'deploy':
      return trans.__('Deploying %1', name);
    case 'update':
      return trans.__('Updating %1', name);
    case 'rollback':
      return trans.__('Rolling back %1', name);
    case 'start':
      return trans.__('Starting %1', name);
    case 'stop':
      return trans.__('Stopping %1', name);
    case 'delete':
      return trans.__('Deleting %1', name);
  }
}

/** "Deploying churn: loading the model, 40 %". */
function underWay(change: Change, timeline: readonly Phase[], trans: Translator): string {
  const begun = beginning(change, trans);
  const phase = timeline.find(each => each.seconds === null);
  if (phase === undefined || change.verb === 'stop' || change.verb === 'delete') {
    return begun;
  }
  const what = `${begun}: ${phaseWords(phase.name, trans)}`;
  return phase.progress === null ? what : `${what}, ${Math.round(phase.progress * 100)} %`;
}

function phaseWords(name: Phase['name'], trans: Translator): string {
  switch (name) {
    case 'environment':
      return trans.__('preparing the environment');
    case 'download':
      return trans.__('fetching the model');
    case 'load':
      return trans.__('loading the model');
    case 'warm-up':
      return trans.__('warming up');
    case 'ready':
      return trans.__('checking that it answers');
  }
}

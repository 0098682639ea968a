/** All deployments as they are now: loaded once, kept right by what is pushed. No React in here. */

import { Api } from '../api/client';
import type { Message, Obstacle } from '../api/messages';
import { ApiError, type Transport } from '../api/transport';
import type { Deployment, ErrorBody } from '../api/types';

/** `old`: what is shown was true when the connection was last there. */
export type Freshness = 'loading' | 'live' | 'old';
export type Verb = 'stop' | 'start' | 'delete';

export interface ServerInfo {
  version: string;
  actor: string;
  canWrite: boolean;
}

export interface Snapshot {
  readonly deployments: readonly Deployment[];
  readonly byId: ReadonlyMap<string, Deployment>;
  readonly loaded: boolean;
  readonly freshness: Freshness;
  readonly obstacle: Obstacle | null;
  readonly engineAway: ErrorBody | null;
  readonly failure: ErrorBody | null;
  readonly server: ServerInfo | null;
  readonly pending: ReadonlyMap<string, Verb>;
  readonly refusals: ReadonlyMap<string, ErrorBody>;
  /** How many events each deployment had since this began: a reason to fetch what depends on them again. */
  readonly events: ReadonlyMap<string, number>;
}

const EMPTY: Snapshot = {
  deployments: [],
  byId: new Map(),
  loaded: false,
  freshness: 'loading',
  obstacle: null,
  engineAway: null,
  failure: null,
  server: null,
  pending: new Map(),
  refusals: new Map(),
  events: new Map()
};

export class DeploymentStore {
  readonly api: Api;
  #snapshot = EMPTY;
  #listeners = new Set<() => void>();
  #users = 0;
  #leave: (() => void) | null = null;
  #loading: AbortController | null = null;
  #meanwhile: Message[] = [];

  constructor(readonly transport: Transport) {
    this.api = new Api(transport);
  }

  /** For `useSyncExternalStore`. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** For `useSyncExternalStore`. */
  readonly snapshot = (): Snapshot => this.#snapshot;

  /** Follow the deployments until the returned function is called; several users share one subscription. */
  readonly open = (): (() => void) => {
    this.#users += 1;
    this.#leave ??= this.transport.subscribe('deployments', message => this.#receive(message));
    let open = true;
    return () => {
      if (open) {
        open = false;
        this.#users -= 1;
        if (this.#users === 0) {
          this.#close();
        }
      }
    };
  };

  /**
   * Stop, start or delete one; the push brings the result, a refusal stays with the deployment until the next try.
   *
   * Returns the refusal, null when it was accepted.
   */
  async act(id: string, verb: Verb): Promise<ErrorBody | null> {
    this.#set({
      pending: new Map(this.#snapshot.pending).set(id, verb),
      refusals: without(this.#snapshot.refusals, id)
    });
    try {
      if (verb === 'delete') {
        await this.api.delete(id);
      } else {
        this.put((await this.api[verb](id)).deployment);
      }
      return null;
    } catch (error) {
      const refusal = errorBody(error);
      this.#set({ refusals: new Map(this.#snapshot.refusals).set(id, refusal) });
      return refusal;
    } finally {
      this.#set({ pending: without(this.#snapshot.pending, id) });
    }
  }

  /** Fetch everything again. Also starts an engine that is away, because the server does so for a request. */
  async reload(): Promise<void> {
    this.#loading?.abort();
    const loading = (this.#loading = new AbortController());
    this.#meanwhile = [];
    try {
      const found = await this.api.list(loading.signal);
      if (loading.signal.aborted) {
        return;
      }
      const byId = new Map(found.map(deployment => [deployment.id, deployment]));
      for (const message of this.#meanwhile) {
        apply(byId, message);
      }
      this.#loading = null;
      this.#set({
        ...derived(byId),
        loaded: true,
        failure: null,
        engineAway: null,
        freshness: this.#fresh()
      });
    } catch (error) {
      if (!loading.signal.aborted) {
        this.#loading = null;
        this.#set({ failure: errorBody(error) });
      }
    }
  }

  #fresh(): Freshness {
    return this.#leave === null ? 'old' : 'live';
  }

  #close(): void {
    this.#leave?.();
    this.#leave = null;
    this.#loading?.abort();
    this.#loading = null;
    this.#set({ freshness: this.#snapshot.loaded ? 'old' : 'loading' });
  }

  #receive(message: Message): void {
    switch (message.topic) {
      case 'connection':
        this.#set(
          message.open ? { obstacle: null } : { obstacle: message.obstacle ?? null, ...this.#stale() }
        );
        break;
      case 'server':
        this.#set({
          server: { version: message.version, actor: message.actor, canWrite: message.can_write }
        });
        break;
      case 'engine':
        this.#set(
          message.connected ? { engineAway: null } : { engineAway: message.error ?? null, ...this.#stale() }
        );
        break;
      case 'hello':
      case 'skipped':
        void this.reload();
        break;
      case 'deployment':
      case 'deleted':
        if (this.#loading !== null) {
          this.#meanwhile.push(message);
        }
        if (this.#snapshot.loaded && (message.topic === 'deleted' || message.deployment !== null)) {
          this.#set(this.#changed(message.id, message.topic === 'deleted' ? null : message.deployment));
        }
        break;
      case 'event':
        this.#set({
          events: new Map(this.#snapshot.events).set(
            message.id,
            (this.#snapshot.events.get(message.id) ?? 0) + 1
          )
        });
        break;
      default:
        break;
    }
  }

  #stale(): Partial<Snapshot> {
    return { freshness: this.#snapshot.loaded ? 'old' : 'loading' };
  }

  /** Begin with what somebody who knows it brought along, so that it can be shown before anything was asked. */
  seed(deployments: readonly Deployment[]): void {
    if (!this.#snapshot.loaded) {
      const byId = new Map(deployments.map(deployment => [deployment.id, deployment]));
      this.#set({ ...derived(byId), loaded: true, freshness: 'live' });
    }
  }

  /** Take an answer, unless a push has already brought something newer. */
  put(deployment: Deployment): void {
    const known = this.#snapshot.byId.get(deployment.id);
    if (known !== undefined && known.resource_version >= deployment.resource_version) {
      return;
    }
    this.#set(this.#changed(deployment.id, deployment));
  }

  /** One record anew, gone when null, in its place: the thousands beside it are neither sorted nor compared again. */
  #changed(id: string, now: Deployment | null): Pick<Snapshot, 'byId' | 'deployments'> {
    const byId = new Map(this.#snapshot.byId);
    const deployments = this.#snapshot.deployments.filter(each => each.id !== id);
    if (now === null) {
      byId.delete(id);
    } else {
      byId.set(id, now);
      deployments.splice(place(deployments, now), 0, now);
    }
    return { byId, deployments };
  }

  #set(change: Partial<Snapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change };
    for (const listener of this.#listeners) {
      listener();
    }
  }
}

function apply(byId: Map<string, Deployment>, message: Message): void {
  if (message.topic === 'deleted') {
    byId.delete(message.id);
  } else if (message.topic === 'deployment' && message.deployment !== null) {
    byId.set(message.deployment.id, message.deployment);
  }
}

function derived(byId: ReadonlyMap<string, Deployment>): Pick<Snapshot, 'byId' | 'deployments'> {
  return { byId, deployments: [...byId.values()].sort(newestFirst) };
}

/** Newest change first, as F3 has it; equal times by id, so that nothing jumps. */
function newestFirst(a: Deployment, b: Deployment): number {
  return compared(b.updated_at, a.updated_at) || compared(a.id, b.id);
}

/** Times and ids are plain ASCII: no need of a language's order, which costs ten times as much. */
function compared(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Where a record belongs in a list that is in order. */
function place(list: readonly Deployment[], one: Deployment): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = list[middle];
    if (other !== undefined && newestFirst(other, one) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}

/** Return the error body of whatever was thrown. */
export function errorBody(error: unknown): ErrorBody {
  if (error instanceof ApiError) {
    return error.body;
  }
  const message = error instanceof Error ? error.message : String(error);
  return { message, reason: 'MDeployError', code: 'error', hint: '', details: {} };
}

/** Deployments as REST gives them, and a `Transport` that a test leads. */

import type { Message } from '../src/api/messages';
import type { Listener, Method, Transport } from '../src/api/transport';
import type { Deployment, State } from '../src/api/types';

export function deployment(
  id: string,
  change: {
    state?: State;
    at?: string;
    version?: number;
    name?: string;
    uid?: string;
    by?: string;
    spec?: Partial<Deployment['spec']>;
    status?: Partial<Deployment['status']>;
  } = {}
): Deployment {
  const at = change.at ?? '2026-11-21T10:00:00Z';
  const state = change.state ?? 'deployed';
  const value = {
    id,
    uid: change.uid ?? `uid-${id}`,
    url: `http://127.0.0.1:8000/deployment/${id}`,
    resource_version: change.version ?? 1,
    created_at: at,
    created_by: change.by ?? 'jo',
    updated_at: at,
    updated_by: change.by ?? 'jo',
    spec: {
      name: change.name ?? id,
      group: 'default',
      public: false,
      stopped: state === 'stopped' || state === 'stopping',
      replicas: 1,
      max_replicas: null,
      type: 'real-time',
      metadata: {},
      template: { model: { uri: `models:/${id}/1`, requested: '' }, image: '', instance_type: 'small' },
      ...change.spec
    },
    status: {
      state,
      health: 'healthy',
      message: '',
      failure: null,
      revision: 1,
      serving: [{ revision: 1, percent: 100, tag: '' }],
      replicas: { ready: 1, wanted: 1 },
      ...change.status
    }
  };
  return value as unknown as Deployment;
}

interface Asked {
  method: Method;
  path: string;
  body: unknown;
}

/** Answers requests with what the test says, when it says so. */
export class FakeTransport implements Transport {
  readonly asked: Asked[] = [];
  readonly listeners = new Map<string, Set<Listener>>();
  answer: (asked: Asked) => unknown = () => ({ deployments: [] });

  async request(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<unknown> {
    const asked = { method, path, body };
    this.asked.push(asked);
    const value = await this.answer(asked);
    signal?.throwIfAborted();
    return value;
  }

  subscribe(topic: string, listener: Listener): () => void {
    const listeners = this.listeners.get(topic) ?? new Set();
    listeners.add(listener);
    this.listeners.set(topic, listeners);
    return () => listeners.delete(listener);
  }

  say(message: Message, topic = 'deployments'): void {
    this.listeners.get(topic)?.forEach(listener => listener(message));
  }

  /** As a server does it whose engine answers. */
  greet(): void {
    this.say({ topic: 'connection', open: true });
    this.say({ topic: 'server', version: '0.1.0', actor: 'jo', can_write: true });
    this.say({ topic: 'engine', connected: true });
    this.say({ topic: 'hello' });
  }
}

/** Let all promises that can go on do so. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) {
    await Promise.resolve();
  }
}

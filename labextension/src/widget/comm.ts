/** `Transport` through the kernel: for front ends without our server extension. */

import type { Message } from '../api/messages';
import { toApiError, type Listener, type Method, type Transport } from '../api/transport';
import type { WidgetModel } from './model';

const PATIENCE = 30_000;
/** What ipywidgets tells its models of a kernel that died or was restarted. */
const GONE = ['comm:close', 'comm_live_update'];

interface Waiting {
  resolve: (answer: { status: number; body: unknown }) => void;
}

interface Said {
  mdeploy?: string;
  n?: number;
  status?: number;
  body?: unknown;
  message?: Message & { subscription?: string };
}

export class CommTransport implements Transport {
  #waiting = new Map<number, Waiting>();
  #listeners = new Map<string, Set<Listener>>();
  #count = 0;

  constructor(private readonly model: WidgetModel) {
    model.on('msg:custom', this.#hear);
    GONE.forEach(event => model.on(event, this.#gone));
  }

  close(): void {
    this.model.off('msg:custom', this.#hear);
    GONE.forEach(event => this.model.off(event, this.#gone));
  }

  async request(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<unknown> {
    const n = ++this.#count;
    const answer = new Promise<{ status: number; body: unknown }>((resolve, reject) => {
      const timer = setTimeout(() => reject(toApiError(0, null, 'The kernel does not answer')), PATIENCE);
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(n);
      };
      this.#waiting.set(n, {
        resolve: value => {
          done();
          resolve(value);
        }
      });
      signal?.addEventListener('abort', () => {
        done();
        this.model.send({ mdeploy: 'cancel', n });
        reject(signal.reason as Error);
      });
    });
    this.model.send({ mdeploy: 'request', n, method, path, body: body ?? null });
    const { status, body: value } = await answer;
    if (status >= 400) {
      throw toApiError(status, value, `The kernel answered ${status}`);
    }
    return value;
  }

  subscribe(topic: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(topic, listeners);
    // Asked again for each who joins: the kernel then tells how things stand.
    this.model.send({ mdeploy: 'unsubscribe', topic });
    this.model.send({ mdeploy: 'subscribe', topic });
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(topic) === listeners) {
        this.#listeners.delete(topic);
        this.model.send({ mdeploy: 'unsubscribe', topic });
      }
    };
  }

  readonly #hear = (content: unknown): void => {
    const said = (content ?? {}) as Said;
    if (said.mdeploy === 'answer' && said.n !== undefined) {
      this.#waiting.get(said.n)?.resolve({ status: said.status ?? 0, body: said.body });
    } else if (said.mdeploy === 'push' && said.message !== undefined) {
      this.#publish(said.message);
    }
  };

  /** The other end is no more: what is shown is old, and stays. */
  readonly #gone = (): void => {
    this.#publish({ topic: 'connection', open: false, obstacle: 'kernel' });
  };

  #publish(message: Message & { subscription?: string }): void {
    if (message.topic === 'connection' || message.topic === 'server') {
      this.#listeners.forEach(listeners => listeners.forEach(listener => listener(message)));
    } else {
      this.#listeners.get(message.subscription ?? 'deployments')?.forEach(listener => listener(message));
    }
  }
}

/** `Transport` over HTTP: REST, and one WebSocket for everything that is followed. How a request is signed is the mount's. */

import type { Message, Obstacle } from './messages';
import { toApiError, type Listener, type Method, type Transport } from './transport';

const FIRST_RETRY = 500;
const LAST_RETRY = 10_000;

/** The way to a Jupyter server with our extension. */
export interface Connection {
  /** `<jupyter base>/`, absolute. */
  readonly baseUrl: string;
  /** The same for WebSockets: `ws:` or `wss:`, perhaps another host. */
  readonly socketUrl: string;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly socket: (url: string) => WebSocket;
  /** Make a URL good for a link or a WebSocket, which can carry no header. */
  readonly signed: (url: URL) => URL;
}

export class HttpTransport implements Transport {
  #listeners = new Map<string, Set<Listener>>();
  #socket: WebSocket | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #delay = FIRST_RETRY;
  #last = new Map<string, Message>();

  constructor(private readonly connection: Connection) {
    window.addEventListener('online', this.#hurry);
    document.addEventListener('visibilitychange', this.#hurry);
  }

  /** `<jupyter base>/mdeploy/endpoint/` as an absolute URL. */
  get endpointBase(): string {
    return new URL('mdeploy/endpoint/', this.connection.baseUrl).href;
  }

  /** The URL of a GET of the REST interface, as a link needs it. */
  urlOf(path: string): string {
    return this.connection.signed(this.#url(path)).href;
  }

  #url(path: string): URL {
    return new URL(`mdeploy/api${path}`, this.connection.baseUrl);
  }

  async request(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<unknown> {
    const init: RequestInit = { method };
    if (signal !== undefined) {
      init.signal = signal;
    }
    const headers: Record<string, string> = {};
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      headers['Content-Type'] = 'application/json';
    }
    if (method === 'POST') {
      headers['Idempotency-Key'] = randomKey();
    }
    init.headers = headers;
    let response: Response;
    try {
      response = await this.connection.fetch(this.#url(path).href, init);
    } catch (error) {
      throw signal?.aborted === true ? error : toApiError(0, null, 'Jupyter does not answer');
    }
    const text = await response.text();
    const value = parsed(text);
    if (!response.ok) {
      throw toApiError(response.status, value, `Jupyter answered ${response.status}`);
    }
    return value;
  }

  subscribe(topic: string, listener: Listener): () => void {
    const known = this.#listeners.get(topic);
    if (known !== undefined) {
      known.add(listener);
      this.#greet(topic, listener);
    } else {
      this.#listeners.set(topic, new Set([listener]));
      this.#send({ subscribe: topic });
    }
    if (this.#socket === null) {
      this.#connect();
    }
    return () => this.#unsubscribe(topic, listener);
  }

  /** Tell somebody who joins a topic that is already followed how things stand. */
  #greet(topic: string, listener: Listener): void {
    const said = ['connection', 'server', `engine ${topic}`, `hello ${topic}`].flatMap(
      key => this.#last.get(key) ?? []
    );
    queueMicrotask(() => {
      if (this.#listeners.get(topic)?.has(listener) === true) {
        said.forEach(message => listener(message));
      }
    });
  }

  #unsubscribe(topic: string, listener: Listener): void {
    const listeners = this.#listeners.get(topic);
    if (listeners === undefined || !listeners.delete(listener) || listeners.size > 0) {
      return;
    }
    this.#listeners.delete(topic);
    this.#last.delete(`engine ${topic}`);
    this.#last.delete(`hello ${topic}`);
    if (this.#listeners.size === 0) {
      this.#disconnect();
    } else {
      this.#send({ unsubscribe: topic });
    }
  }

  #send(message: Record<string, string>): void {
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify(message));
    }
  }

  #connect(): void {
    clearTimeout(this.#retry);
    const url = this.connection.signed(new URL('mdeploy/api/events', this.connection.socketUrl));
    const socket = (this.#socket = this.connection.socket(url.href));
    let opened = false;
    socket.onopen = () => {
      opened = true;
      this.#delay = FIRST_RETRY;
      this.#publish({ topic: 'connection', open: true });
      for (const topic of this.#listeners.keys()) {
        this.#send({ subscribe: topic });
      }
    };
    socket.onmessage = (event: MessageEvent<string>) => this.#publish(JSON.parse(event.data) as Message);
    socket.onclose = () => {
      if (this.#socket === socket) {
        this.#lost(opened);
      }
    };
  }

  #lost(opened: boolean): void {
    this.#socket = null;
    this.#last.clear();
    const wait = this.#delay * (0.75 + Math.random() / 2);
    this.#delay = Math.min(this.#delay * 2, LAST_RETRY);
    this.#retry = setTimeout(() => this.#connect(), wait);
    if (opened) {
      this.#publish({ topic: 'connection', open: false, obstacle: 'unreachable' });
      return;
    }
    void this.#obstacle().then(obstacle => {
      if (this.#socket?.readyState !== WebSocket.OPEN && this.#listeners.size > 0) {
        this.#publish({ topic: 'connection', open: false, obstacle });
      }
    });
  }

  /** A WebSocket does not say why it was refused; a request does. */
  async #obstacle(): Promise<Obstacle> {
    try {
      const { status } = await this.connection.fetch(this.#url('/info').href, {});
      return status === 404 ? 'missing' : status === 401 || status === 403 ? 'refused' : 'unreachable';
    } catch {
      return 'unreachable';
    }
  }

  #disconnect(): void {
    clearTimeout(this.#retry);
    this.#delay = FIRST_RETRY;
    this.#last.clear();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #publish(message: Message): void {
    switch (message.topic) {
      case 'connection':
      case 'server':
        this.#last.set(message.topic, message);
        this.#listeners.forEach(listeners => listeners.forEach(listener => listener(message)));
        return;
      default: {
        const topic = ('subscription' in message ? message.subscription : undefined) ?? 'deployments';
        if (message.topic === 'engine' || message.topic === 'hello') {
          this.#last.set(`${message.topic} ${topic}`, message);
        }
        this.#listeners.get(topic)?.forEach(listener => listener(message));
      }
    }
  }

  /** The laptop woke up or the network is back: do not wait for the next try. */
  readonly #hurry = (): void => {
    if (this.#socket === null && this.#listeners.size > 0 && document.visibilityState === 'visible') {
      this.#delay = FIRST_RETRY;
      this.#connect();
    }
  };
}

function parsed(text: string): unknown {
  try {
    return text === '' ? null : (JSON.parse(text) as unknown);
  } catch {
    return null;
  }
}

/** `crypto.randomUUID` is missing where JupyterLab is served over plain HTTP. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte =>
    byte.toString(16).padStart(2, '0')
  ).join('');
}

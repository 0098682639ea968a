/** One followed log: its lines as they come, without doubles after a lost connection. Shared by all views of the same log. */

import type { Message } from '../../api/messages';
import type { Transport } from '../../api/transport';
import type { ErrorBody, LogLine } from '../../api/types';
import { LogBuffer, toLine, type Entry } from './buffer';

/** How long a log that says nothing after it was opened counts as not yet here. */
const SETTLED = 250;
/** More than this is taken in at once, also when no frame comes, as in a hidden page. */
const PENDING = 5000;
/** The newest lines that come when a log is opened, and again after a lost connection. */
export const TAIL = 2000;

export interface LogFilter {
  replica?: string;
  revision?: number;
}

export interface LogState {
  /** `loading`: nothing came yet; `old`: no connection, and these are the lines until it was lost. */
  readonly freshness: 'loading' | 'live' | 'old';
  readonly error: ErrorBody | null;
  /** The number of the oldest line that is kept. */
  readonly first: number;
  readonly length: number;
  /** How many replicas wrote what is kept. */
  readonly replicas: number;
}

const NOTHING: LogState = { freshness: 'loading', error: null, first: 0, length: 0, replicas: 0 };

export class LogFeed {
  readonly buffer = new LogBuffer();
  #state = NOTHING;
  #listeners = new Set<() => void>();
  #pending: Entry[] = [];
  #frame: number | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #replicas = new Set<string>();
  #replay: Replay | null = null;
  #recent: LogLine[] = [];

  constructor(
    private readonly transport: Transport,
    private readonly topic: string
  ) {}

  /** For `useSyncExternalStore`. */
  readonly state = (): LogState => this.#state;

  /** Tell of every change once a frame. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Follow until the returned function is called. */
  follow(): () => void {
    const leave = this.transport.subscribe(this.topic, message => this.#receive(message));
    return () => {
      leave();
      clearTimeout(this.#timer);
      if (this.#frame !== null) {
        cancelAnimationFrame(this.#frame);
        this.#frame = null;
      }
    };
  }

  #receive(message: Message): void {
    switch (message.topic) {
      case 'hello':
        this.#replay = this.#recent.length === 0 ? null : new Replay(this.#recent);
        this.#set({ error: null });
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#set({ freshness: 'live' }), SETTLED);
        break;
      case 'log':
        this.#take(message.lines);
        break;
      case 'skipped':
        this.#add([{ kind: 'gap', count: message.count, rows: 1 }]);
        break;
      case 'connection':
        if (!message.open) {
          this.#lost(null);
        }
        break;
      case 'engine':
        if (!message.connected) {
          this.#lost(message.error ?? null);
        }
        break;
      case 'error':
        this.#lost(message.error);
        break;
      default:
        break;
    }
  }

  #lost(error: ErrorBody | null): void {
    clearTimeout(this.#timer);
    this.#set({ error, freshness: this.buffer.total + this.#pending.length > 0 ? 'old' : 'loading' });
  }

  #take(lines: readonly LogLine[]): void {
    const taken: Entry[] = [];
    for (const line of lines) {
      const seen = this.#replay?.take(line) ?? 'new';
      if (seen === 'known') {
        continue;
      }
      if (seen === 'gap') {
        taken.push({ kind: 'gap', count: null, rows: 1 });
      }
      taken.push(toLine(line));
      this.#recent.push(line);
      this.#replicas.add(line.replica);
    }
    if (this.#replay?.done === true) {
      this.#replay = null;
    }
    if (this.#recent.length > 2 * TAIL) {
      this.#recent = this.#recent.slice(-TAIL);
    }
    this.#add(taken);
  }

  #add(entries: readonly Entry[]): void {
    if (entries.length === 0) {
      return;
    }
    this.#pending.push(...entries);
    if (this.#pending.length > PENDING) {
      this.#flush();
    } else {
      this.#frame ??= requestAnimationFrame(() => {
        this.#frame = null;
        this.#flush();
      });
    }
  }

  #flush(): void {
    this.buffer.push(this.#pending);
    this.#pending = [];
    const { first, length } = this.buffer;
    const change = this.#state.error === null ? { freshness: 'live' as const } : {};
    this.#set({ first, length, replicas: this.#replicas.size, ...change });
  }

  #set(change: Partial<LogState>): void {
    this.#state = { ...this.#state, ...change };
    this.#listeners.forEach(listener => listener());
  }
}

/** The newest lines come again after a lost connection: tells which of them are already here. */
class Replay {
  #known = new Map<string, number>();
  #left = TAIL;
  #first = true;
  readonly #newest: string;

  constructor(recent: readonly LogLine[]) {
    this.#newest = recent.reduce((newest, { at }) => (at > newest ? at : newest), '');
    for (const line of recent) {
      const key = keyOf(line);
      this.#known.set(key, (this.#known.get(key) ?? 0) + 1);
    }
  }

  get done(): boolean {
    return this.#left <= 0;
  }

  /** `gap`: this is new, and the lines between it and those that are here did not come. */
  take(line: LogLine): 'known' | 'new' | 'gap' {
    this.#left -= 1;
    const first = this.#first;
    this.#first = false;
    const key = keyOf(line);
    const times = this.#known.get(key) ?? 0;
    if (times > 0) {
      this.#known.set(key, times - 1);
      return 'known';
    }
    return first && line.at > this.#newest ? 'gap' : 'new';
  }
}

function keyOf(line: LogLine): string {
  return `${line.at} ${line.replica} ${line.message}`;
}

interface Shared {
  feed: LogFeed;
  users: number;
  leave: () => void;
}

const FEEDS = new WeakMap<Transport, Map<string, Shared>>();

/** Follow a log together with whoever follows it already; call the second to leave. */
export function openFeed(transport: Transport, id: string, filter: LogFilter): [LogFeed, () => void] {
  const topic = topicOf(id, filter);
  const feeds = FEEDS.get(transport) ?? new Map<string, Shared>();
  FEEDS.set(transport, feeds);
  let shared = feeds.get(topic);
  if (shared === undefined) {
    const feed = new LogFeed(transport, topic);
    shared = { feed, users: 0, leave: feed.follow() };
    feeds.set(topic, shared);
  }
  const mine = shared;
  mine.users += 1;
  let open = true;
  const leave = (): void => {
    if (open) {
      open = false;
      mine.users -= 1;
      if (mine.users === 0) {
        feeds.delete(topic);
        mine.leave();
      }
    }
  };
  return [mine.feed, leave];
}

export function topicOf(id: string, filter: LogFilter): string {
  const query = queryOf(filter).toString();
  return `log/${id}${query === '' ? '' : `?${query}`}`;
}

export function queryOf({ replica, revision }: LogFilter): URLSearchParams {
  const query = new URLSearchParams();
  if (replica !== undefined) {
    query.set('replica', replica);
  } else if (revision !== undefined) {
    query.set('revision', String(revision));
  }
  return query;
}

/** Where one mount of the interface is: which view, which deployment, which tab. No React in here. */

export const TABS = ['overview', 'query', 'logs', 'history', 'clients', 'events'] as const;
export type Tab = (typeof TABS)[number];

export type Route =
  | { view: 'grid' }
  | { view: 'create'; model?: string }
  | { view: 'update'; id: string; model?: string }
  | { view: 'deployment'; id: string; tab: Tab };

/** Asked before the view is left: resolves to whether it may be. */
export type Guard = () => Promise<boolean>;

/** Read a route that was kept, or came with a command; the grid when it is none. */
export function readRoute(value: unknown): Route {
  const data = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const id = typeof data['id'] === 'string' ? data['id'] : '';
  const model = typeof data['model'] === 'string' ? { model: data['model'] } : {};
  switch (data['view']) {
    case 'create':
      return { view: 'create', ...model };
    case 'update':
      return id === '' ? { view: 'grid' } : { view: 'update', id, ...model };
    case 'deployment':
      return id === ''
        ? { view: 'grid' }
        : { view: 'deployment', id, tab: TABS.find(each => each === data['tab']) ?? 'overview' };
    default:
      return { view: 'grid' };
  }
}

export class Navigation {
  #route: Route;
  #guard: Guard | null = null;
  #listeners = new Set<() => void>();

  constructor(route: Route = { view: 'grid' }) {
    this.#route = route;
  }

  /** For `useSyncExternalStore`. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** For `useSyncExternalStore`. */
  readonly route = (): Route => this.#route;

  /** Go there, unless what is shown wants to be kept; resolves to whether one went. */
  readonly go = async (route: Route): Promise<boolean> => {
    if (!(await this.leave())) {
      return false;
    }
    this.#route = route;
    this.#listeners.forEach(listener => listener());
    return true;
  };

  /** Ask what is shown whether it may be left, as before its tab is closed; resolves to whether it may. */
  readonly leave = async (): Promise<boolean> => {
    if (this.#guard !== null && !(await this.#guard())) {
      return false;
    }
    this.#guard = null;
    return true;
  };

  /** Whether leaving now would ask first, as for a page that is closed. */
  get guarded(): boolean {
    return this.#guard !== null;
  }

  /** Ask `guard` before the present view is left; returns how to take that back. */
  guard(guard: Guard): () => void {
    this.#guard = guard;
    return () => {
      if (this.#guard === guard) {
        this.#guard = null;
      }
    };
  }
}

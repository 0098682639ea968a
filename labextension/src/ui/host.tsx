/** What the place that mounts the components gives them besides a `Transport`. */

import * as React from 'react';
import type { Kernel } from './kernel';
import type { Route } from './navigation';

/** JupyterLab's translation bundle, as far as the components use it. */
export interface Translator {
  __(text: string, ...values: (string | number)[]): string;
  /** A word that another language says differently in another place: the context tells which. */
  _p(context: string, text: string, ...values: (string | number)[]): string;
  _n(singular: string, plural: string, count: number, ...values: (string | number)[]): string;
}

/** The notebook beside the components. */
export interface Notebook {
  /** Why nothing can be inserted now, in a sentence for a disabled button; null when it can. */
  obstacle(): string | null;
  /** Put a code cell below the active one, without running it. */
  insert(code: string): Promise<void>;
  /** Hear when another notebook is current, so that `obstacle` may answer otherwise; returns how to stop. */
  changed(listener: () => void): () => void;
}

/** What survives a reload of the page: small JSON values by key. */
export interface Memory {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
}

export interface Host {
  readonly trans: Translator;
  readonly locale: string;
  /** `<jupyter base>/mdeploy/endpoint/` as an absolute URL, or empty where there is no Jupyter server. */
  readonly endpointBase: string;
  readonly copy: (text: string) => Promise<void>;
  /** This interface's version, to be compared with the server's. */
  readonly version: string;
  /** Null where there is no notebook at all, as in a widget outside of JupyterLab. */
  readonly notebook: Notebook | null;
  /** The running kernel's models and frames; null where it cannot be reached. */
  readonly kernel: Kernel | null;
  readonly memory: Memory;
  /** Let the browser save what a GET of the REST interface answers, streamed. */
  readonly download: (path: string, filename: string) => Promise<void>;
  /** Show a place with more room, as a tab of the main area; null where there is none. */
  readonly openWide: ((route: Route) => void) | null;
  /** How the grid begins where nobody chose yet. */
  readonly defaultView: () => 'cards' | 'table';
  /** Follow a change of a deployment to its end in one notification, with a way to show the deployment. */
  readonly follow: (id: string, name: string, verb: FollowedVerb) => void;
}

export type FollowedVerb = 'deploy' | 'update' | 'rollback' | 'start' | 'stop' | 'delete';

/** Put values in the place of `%1`, `%2`, …. */
export function fill(text: string, values: (string | number)[]): string {
  return text.replace(/%(\d+)/g, (whole, index: string) => String(values[Number(index) - 1] ?? whole));
}

/** English, for places without a translation. */
export const ENGLISH: Translator = {
  __: (text, ...values) => fill(text, values),
  _p: (_, text, ...values) => fill(text, values),
  _n: (singular, plural, count, ...values) => fill(count === 1 ? singular : plural, [count, ...values])
};

/** A memory that forgets with the page. */
export function passingMemory(): Memory {
  const values = new Map<string, unknown>();
  return { get: key => values.get(key), set: (key, value) => void values.set(key, value) };
}

/** A host with nothing around it: what tests and places without a notebook begin with. */
export const BARE: Host = {
  trans: ENGLISH,
  locale: 'en',
  endpointBase: '',
  copy: text => navigator.clipboard.writeText(text),
  version: '',
  notebook: null,
  kernel: null,
  memory: passingMemory(),
  download: () => Promise.reject(new Error('there is no download here')),
  openWide: null,
  defaultView: () => 'cards',
  follow: () => undefined
};

const Context = React.createContext<Host>(BARE);

export const HostProvider = Context.Provider;

export function useHost(): Host {
  return React.useContext(Context);
}

const UNHEARD = (): (() => void) => () => undefined;

/** The notebook's present obstacle, live; null when code can be inserted, and where there is no notebook. */
export function useNotebookObstacle(): string | null {
  const { notebook } = useHost();
  const subscribe = React.useMemo(
    () => (notebook === null ? UNHEARD : (listener: () => void) => notebook.changed(listener)),
    [notebook]
  );
  return React.useSyncExternalStore(subscribe, () => notebook?.obstacle() ?? null);
}

/** A state that survives a reload of the page; `read` turns whatever was kept into a value that fits. */
export function useRemembered<T>(
  key: string,
  read: (kept: unknown) => T
): [T, React.Dispatch<React.SetStateAction<T>>] {
  const { memory } = useHost();
  const [value, setValue] = React.useState(() => read(memory.get(key)));
  React.useEffect(() => memory.set(key, value), [memory, key, value]);
  return [value, setValue];
}

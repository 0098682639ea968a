/** What stands in the form: texts as they were typed, so that nothing typed is ever lost. No React in here. */

import type { Deployment } from '../../api/types';
import type { ModelWord } from '../line/commands';

export type Door = 'registered' | 'kernel' | 'path';
export const DOORS: readonly Door[] = ['registered', 'kernel', 'path'];

export interface Pair {
  key: string;
  value: string;
}

export interface FormValues {
  /** Where the model is looked for; each door keeps what was chosen behind it. */
  door: Door;
  registered: string;
  variable: string;
  path: string;
  name: string;
  /** Empty: the id is made from the name. */
  id: string;
  /** Empty: what the server has as its default. */
  group: string;
  instance_type: string;
  replicas: string;
  /** Empty: no range. */
  max_replicas: string;
  private: boolean;
  api_name: string;
  image: string;
  image_pull_secret: string;
  description: string;
  message: string;
  env: Pair[];
  secret_env: Pair[];
  metadata: Pair[];
  method: string;
  isolate: boolean;
  check_parity: boolean;
  predict_timeout: string;
  start_timeout: string;
  max_payload: string;
  /** Of a stopped deployment: start it with the update. */
  start: boolean;
}

type KeysOf<T> = { [K in keyof FormValues]: FormValues[K] extends T ? K : never }[keyof FormValues];
export type TextKey = Exclude<KeysOf<string>, 'door'>;
export type SwitchKey = KeysOf<boolean>;
export type PairsKey = KeysOf<Pair[]>;

export const PAIRS: readonly PairsKey[] = ['env', 'secret_env', 'metadata'];

export const EMPTY: FormValues = {
  door: 'registered',
  registered: '',
  variable: '',
  path: '',
  name: '',
  id: '',
  group: '',
  instance_type: '',
  replicas: '1',
  max_replicas: '',
  private: true,
  api_name: '',
  image: '',
  image_pull_secret: '',
  description: '',
  message: '',
  env: [],
  secret_env: [],
  metadata: [],
  method: 'predict',
  isolate: false,
  check_parity: true,
  predict_timeout: '60',
  start_timeout: '600',
  max_payload: '100000000',
  start: false
};

/** Read a model as a command or another view names it: `models:/churn/3`, a path, a URI, a variable of the kernel. */
export function modelValues(model: string): Partial<FormValues> {
  if (model === '') {
    return {};
  }
  if (model.startsWith('models:/')) {
    const name = /^models:\/+(.+?)(?:\/(?:\d+|latest)|@[^@/]+)$/.exec(model)?.[1] ?? '';
    return { door: 'registered', registered: model, name };
  }
  if (/^[\p{L}_][\p{L}\p{N}_]*$/u.test(model)) {
    return { door: 'kernel', variable: model, name: model };
  }
  const last = model.replace(/\/+$/, '').split('/').pop() ?? '';
  return { door: 'path', path: model, name: /^[a-z][a-z0-9+.-]+:\//i.test(model) ? '' : last };
}

/** The model that is chosen; null while none is. */
export function modelWord(values: FormValues): ModelWord | null {
  switch (values.door) {
    case 'kernel':
      return values.variable === '' ? null : { variable: values.variable };
    case 'registered':
      return values.registered === '' ? null : { uri: values.registered };
    case 'path':
      return values.path.trim() === '' ? null : { uri: values.path.trim() };
  }
}

/** The name that a model suggests; empty when it suggests none. */
export function suggestedName(values: FormValues): string {
  const word = modelWord(values);
  return word === null ? '' : (modelValues('variable' in word ? word.variable : word.uri).name ?? '');
}

/** Choose a model; a name that nobody typed follows it. */
export function withModel(values: FormValues, change: Partial<FormValues>): Partial<FormValues> {
  const untyped = values.name === '' || values.name === suggestedName(values);
  return untyped ? { ...change, name: suggestedName({ ...values, ...change }) } : change;
}

/** What a deployment has, as the form shows it. */
export function valuesOf({ id, spec }: Deployment): FormValues {
  const { template } = spec;
  const { door, registered, path } = { ...EMPTY, ...doorOf(template.model.uri) };
  return {
    ...EMPTY,
    door,
    registered,
    path,
    name: spec.name,
    id,
    group: spec.group,
    instance_type: template.instance_type,
    replicas: String(spec.replicas),
    max_replicas: spec.max_replicas === null ? '' : String(spec.max_replicas),
    private: !spec.public,
    api_name: spec.api_name,
    image: template.image,
    image_pull_secret: template.image_pull_secret,
    description: spec.description,
    env: pairsOf(template.env),
    secret_env: pairsOf(template.secret_env),
    metadata: pairsOf(spec.metadata),
    method: template.runtime.method,
    isolate: template.runtime.isolate,
    check_parity: spec.check_parity,
    predict_timeout: String(template.runtime.predict_timeout),
    start_timeout: String(spec.start_timeout),
    max_payload: String(template.runtime.max_payload)
  };
}

function doorOf(uri: string): Partial<FormValues> {
  return uri.startsWith('models:/') ? { door: 'registered', registered: uri } : { door: 'path', path: uri };
}

export function pairsOf(record: Readonly<Record<string, string>>): Pair[] {
  return Object.entries(record).map(([key, value]) => ({ key, value }));
}

/** The pairs that were begun; a row in which nothing stands means nothing. */
export function recordOf(pairs: readonly Pair[]): Record<string, string> {
  return Object.fromEntries(pairs.filter(each => !isBlank(each)).map(({ key, value }) => [key, value]));
}

export function isBlank({ key, value }: Pair): boolean {
  return key === '' && value === '';
}

/** Read what was kept of a form, by this version or another one; what does not fit is as in `otherwise`. */
export function readValues(kept: unknown, otherwise: FormValues): FormValues {
  const found = (typeof kept === 'object' && kept !== null ? kept : {}) as Record<string, unknown>;
  const read = Object.entries(otherwise).map(([name, fallback]): [string, unknown] => {
    const value = found[name];
    if (Array.isArray(fallback)) {
      return [name, Array.isArray(value) && value.every(isPair) ? value : fallback];
    }
    const fits = typeof value === typeof fallback && (name !== 'door' || DOORS.includes(value as Door));
    return [name, fits ? value : fallback];
  });
  return Object.fromEntries(read) as unknown as FormValues;
}

function isPair(value: unknown): value is Pair {
  const pair = value as Partial<Pair> | null;
  return typeof pair === 'object' && typeof pair?.key === 'string' && typeof pair.value === 'string';
}

export function same(one: FormValues, other: FormValues): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The `%deploy` command of every action of the product, for `LineButton` and for copying. */

import { Expression, type Command, type Value } from './line';

/** Where a model is: a variable of the kernel (or an expression), or a URI or path. */
export type ModelWord = { variable: string } | { uri: string };
export type Options = Readonly<Record<string, Value>>;

/** An option that was left empty is not written. */
function unless(empty: string | number | undefined, value: string | number | undefined): Value {
  return value === empty ? undefined : value;
}

function said(message: string | undefined): Options {
  return { message: unless('', message) };
}

/** A directory with the name of a variable would be taken for that. */
function word(model: ModelWord): string | Expression {
  if ('variable' in model) {
    return new Expression(model.variable);
  }
  return /^\w+$/.test(model.uri) ? `./${model.uri}` : model.uri;
}

export const deploy = (model: ModelWord, options: Options = {}): Command => ({
  verb: 'deploy',
  words: [word(model)],
  options
});

export const update = (id: string, options: Options, model?: ModelWord): Command => ({
  verb: 'update',
  words: [id],
  options: { model: model === undefined ? undefined : word(model), ...options }
});

export const show = (id: string): Command => ({ verb: 'show', words: [id] });

export const stop = (id: string, message?: string): Command => ({
  verb: 'stop',
  words: [id],
  options: said(message)
});

export const start = (id: string, message?: string): Command => ({
  verb: 'start',
  words: [id],
  options: said(message)
});

/** `delete` is a word of JavaScript's. */
export const remove = (id: string): Command => ({ verb: 'delete', words: [id], options: { yes: true } });

export const rollback = (id: string, to: number, message?: string): Command => ({
  verb: 'rollback',
  words: [id],
  options: { to, ...said(message) }
});

/** Percent by revision; `newest` gives everything to the newest revision that is ready, again. */
export const traffic = (
  id: string,
  shares: Readonly<Record<number, number>> | 'newest',
  message?: string
): Command => ({
  verb: 'traffic',
  words: [
    id,
    ...(shares === 'newest'
      ? [shares]
      : Object.entries(shares).map(([revision, percent]) => `${revision}=${percent}`))
  ],
  options: said(message)
});

export const clients = (id: string): Command => ({ verb: 'clients list', words: [id] });
export const addClient = (id: string, name: string): Command => ({ verb: 'clients add', words: [id, name] });
export const removeClient = (id: string, name: string): Command => ({
  verb: 'clients remove',
  words: [id, name]
});

/** `overlap`: seconds that the old token goes on working. */
export const rotateClient = (id: string, name: string, overlap?: number): Command => ({
  verb: 'clients rotate',
  words: [id, name],
  options: { overlap }
});

/** Ask with rows that the kernel holds. */
export const predict = (id: string, rows: string, revision?: number): Command => ({
  verb: 'predict',
  words: [id, new Expression(rows)],
  options: { revision }
});

/** Ask with a JSON body below the line. */
export const predictBody = (id: string, body: string, dialect?: string, revision?: number): Command => ({
  verb: 'predict',
  words: [id],
  options: { dialect: unless('invocations', dialect), revision },
  body
});

export interface LogOptions {
  tail?: number;
  follow?: boolean;
  replica?: string;
  since?: string;
  revision?: number;
}

export const logs = (id: string, options: LogOptions = {}): Command => ({
  verb: 'logs',
  words: [id],
  options: {
    tail: options.tail,
    follow: options.follow,
    replica: unless('', options.replica),
    since: unless('', options.since),
    revision: options.revision
  }
});

export const history = (id: string): Command => ({ verb: 'history', words: [id] });
export const revisions = (id: string): Command => ({ verb: 'revisions', words: [id] });
export const replicas = (id: string): Command => ({ verb: 'replicas', words: [id] });
export const events = (id: string): Command => ({ verb: 'events', words: [id] });
export const describe = (id: string): Command => ({ verb: 'describe', words: [id] });

export const diff = (id: string, before: number, after: number): Command => ({
  verb: 'diff',
  words: [id, String(before), String(after)]
});

export type Goal = 'deployed' | 'healthy' | 'stopped' | 'failed' | 'deleted';

export const wait = (id: string, goal: Goal = 'deployed', timeout?: number): Command => ({
  verb: 'wait',
  words: [id],
  options: { state: unless('deployed', goal), timeout }
});

/**
 * The `%deploy` line that does what a button does.
 *
 * A line magic is one line, in which IPython replaces `$name` and `{expression}`; a value that this would spoil makes the same
 * call in Python instead. `commands.ts` has the command of each action.
 */

/** What the kernel evaluates: a variable that holds a model, `X_test.head()`. */
export class Expression {
  constructor(readonly source: string) {}
}

export type Value =
  | string
  | number
  | boolean
  | null
  | undefined
  | Expression
  | Readonly<Record<string, string>>;

export interface Command {
  /** `deploy` is written without its word: `%deploy clf --name churn`. */
  verb: string;
  /** What stands behind the verb: an id, a model. */
  words?: readonly (string | Expression)[];
  /** `replicas: 2` is `--replicas 2`, `isolate: true` is `--isolate`, a record repeats its option with `K=V`. */
  options?: Readonly<Record<string, Value>>;
  /** The JSON below a `%%deploy` line. */
  body?: string;
}

/** First words of the magic's verbs, which win over a variable or directory of that name. */
export const VERBS: readonly string[] = [
  'clients',
  'delete',
  'deploy',
  'describe',
  'diff',
  'events',
  'metrics',
  'get',
  'groups',
  'history',
  'instance-types',
  'list',
  'log-replicas',
  'logs',
  'models',
  'predict',
  'replicas',
  'revisions',
  'rollback',
  'show',
  'start',
  'stop',
  'traffic',
  'update',
  'version',
  'versions',
  'wait'
];
/** Options whose `false` has a word of its own. */
const OFF: Readonly<Record<string, string>> = {
  public: '--private',
  isolate: '--no-isolate',
  check_parity: '--no-parity',
  wait: '--no-wait'
};
const FLAGS: Readonly<Record<string, string>> = { check_parity: '--parity', state: '--for' };
const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;
/** What IPython replaces, and everything that somebody takes for the end of a line. */
const SPOILED = /[${}\p{Cc}\u2028\u2029]/u;
/** What a reader of the code would not see, or see elsewhere than it is. */
const UNSEEN = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Write a command as a cell: a `%deploy` line where that can hold its values, else Python. */
export function cell(command: Command): string {
  if (command.body !== undefined) {
    return `%${line(command)}\n${command.body}`;
  }
  return spoiled(command) ? python(command) : line(command);
}

export function line({ verb, words = [], options = {} }: Command): string {
  const [first] = words.map(source);
  const bare = verb === 'deploy' && (first === undefined || !VERBS.includes(first));
  const start = bare ? ['%deploy'] : ['%deploy', verb];
  const rest = Object.entries(options).flatMap(([name, value]) => option(name, value));
  return [...start, ...words.map(each => quoted(source(each))), ...rest].join(' ');
}

function option(name: string, value: Value): string[] {
  const flag = FLAGS[name] ?? `--${name.replaceAll('_', '-')}`;
  if (value === undefined || value === null) {
    return [];
  }
  if (typeof value === 'boolean') {
    const off = OFF[name];
    return value ? [flag] : off === undefined ? [] : [off];
  }
  if (typeof value === 'object' && !(value instanceof Expression)) {
    return Object.entries(value).flatMap(([key, each]) => flagged(flag, `${key}=${each}`));
  }
  return flagged(flag, source(typeof value === 'object' ? value : String(value)));
}

/** A value that begins like an option has to be tied to its own. */
function flagged(flag: string, text: string): string[] {
  return text.startsWith('-') ? [`${flag}=${quoted(text)}`] : [flag, quoted(text)];
}

function source(word: string | Expression): string {
  return word instanceof Expression ? word.source : word;
}

/** Quote a word as `shlex` reads it. */
export function quoted(text: string): string {
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}

/** Whether a line cannot say this: an empty record takes everything away, and `a=b` is no key of `K=V`. */
function spoiled({ verb, words = [], options = {} }: Command): boolean {
  const texts = words.map(source);
  for (const value of Object.values(options)) {
    if (typeof value === 'object' && value !== null && !(value instanceof Expression)) {
      const entries = Object.entries(value);
      if ((entries.length === 0 && verb === 'update') || entries.some(([key]) => key.includes('='))) {
        return true;
      }
      texts.push(...entries.flat());
    } else if (value !== undefined && value !== null && typeof value !== 'boolean') {
      texts.push(source(typeof value === 'object' ? value : String(value)));
    }
  }
  return words.some(word => source(word).startsWith('-')) || texts.some(text => SPOILED.test(text));
}

/** Write a command with `md`: the same call, where a line cannot hold its values. */
export function python({ verb, words = [], options = {} }: Command): string {
  const [first = '', ...rest] = words;
  const given = Object.entries(options)
    .filter(([name, value]) => value !== undefined && value !== null && !ONLY_LINE.has(name))
    .map(([name, value]) => (name === 'new' ? `if_exists="error"` : `${name}=${literal(value)}`));
  const positional = verb === 'traffic' ? [shares(rest)] : rest.map(literal);
  const call =
    verb === 'deploy'
      ? `md.deploy(${[literal(first), ...given].join(', ')})`
      : `md.get(${literal(first)}).${verb.replace(' ', '.')}(${[...positional, ...given].join(', ')})`;
  return `import mdeploy_lab as md\n\n${call}`;
}

/** Options that a call in Python does not have. */
const ONLY_LINE = new Set(['yes']);

/** `2=90 3=10` as `{2: 90, 3: 10}`. */
function shares(words: readonly (string | Expression)[]): string {
  const all = words.map(source);
  return all[0] === 'newest' ? literal('newest') : `{${all.map(word => word.replace('=', ': ')).join(', ')}}`;
}

function literal(value: Value): string {
  if (value instanceof Expression) {
    return value.source;
  }
  if (typeof value === 'boolean') {
    return value ? 'True' : 'False';
  }
  if (typeof value === 'object' && value !== null) {
    const items = Object.entries(value).map(([key, each]) => `${text(key)}: ${text(each)}`);
    return `{${items.join(', ')}}`;
  }
  return typeof value === 'number' ? String(value) : text(String(value));
}

/** JSON's strings are Python's; what cannot be seen is written as its number. */
function text(value: string): string {
  return JSON.stringify(value).replace(
    UNSEEN,
    each => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`
  );
}

/**
 * The `%deploy` line that does what a button does.
 *
 * A line magic is one line, in which IPython replaces `$name` and `{expression}`; a value that this would spoil makes the same
 * call in Python instead.
 */

export type Value = string | number | boolean | null | undefined | Readonly<Record<string, string>>;

export interface Command {
  /** `deploy` is written without its word: `%deploy clf --name churn`. */
  verb: string;
  /** What stands behind the verb: an id, a model. */
  words?: readonly string[];
  /** `replicas: 2` is `--replicas 2`, `isolate: true` is `--isolate`, a record repeats its option with `K=V`. */
  options?: Readonly<Record<string, Value>>;
}

/** Options whose `false` has a word of its own. */
const OFF: Readonly<Record<string, string>> = {
  public: '--private',
  isolate: '--no-isolate',
  check_parity: '--no-parity',
  wait: '--no-wait'
};
const FLAGS: Readonly<Record<string, string>> = { check_parity: '--parity' };
const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;
const SPOILED = /[\n\r${}]/;

/** Write a command as a cell: a `%deploy` line where that can hold its values, else Python. */
export function cell(command: Command): string {
  return spoiled(command) ? python(command) : line(command);
}

export function line({ verb, words = [], options = {} }: Command): string {
  const start = verb === 'deploy' ? ['%deploy'] : ['%deploy', verb];
  const rest = Object.entries(options).flatMap(([name, value]) => option(name, value));
  return [...start, ...words.map(quoted), ...rest].join(' ');
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
  if (typeof value === 'object') {
    return Object.entries(value).flatMap(([key, each]) => [flag, quoted(`${key}=${each}`)]);
  }
  const text = String(value);
  return text.startsWith('-') ? [`${flag}=${quoted(text)}`] : [flag, quoted(text)];
}

/** Quote a word as `shlex` reads it. */
export function quoted(text: string): string {
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}

function spoiled({ words = [], options = {} }: Command): boolean {
  const texts = Object.values(options).flatMap(value =>
    typeof value === 'object' && value !== null ? Object.entries(value).flat() : [String(value)]
  );
  return [...words, ...texts].some(text => SPOILED.test(text));
}

/** Write a command with `md`: the same call, where a line cannot hold its values. */
export function python({ verb, words = [], options = {} }: Command): string {
  const [first = '', ...rest] = words;
  const given = Object.entries(options)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name}=${literal(value)}`);
  const method = verb.replace(' ', '.');
  const call =
    verb === 'deploy'
      ? `md.deploy(${[reference(first), ...given].join(', ')})`
      : `md.get(${literal(first)}).${method}(${[...rest.map(literal), ...given].join(', ')})`;
  return `import mdeploy_lab as md\n\n${call}`;
}

/** A variable's name stays one; a URI or a path is text. */
function reference(word: string): string {
  return /^[A-Za-z_]\w*$/.test(word) ? word : literal(word);
}

function literal(value: Value): string {
  if (typeof value === 'boolean') {
    return value ? 'True' : 'False';
  }
  if (typeof value === 'object' && value !== null) {
    const items = Object.entries(value).map(([key, each]) => `${text(key)}: ${text(each)}`);
    return `{${items.join(', ')}}`;
  }
  return typeof value === 'number' ? String(value) : text(String(value));
}

/** JSON's strings are Python's, but for the escapes of what is outside the basic plane, which JSON leaves as it is. */
function text(value: string): string {
  return JSON.stringify(value);
}

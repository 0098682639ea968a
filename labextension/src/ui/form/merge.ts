/** Two people change one deployment: what each changed, what both did, and the sum. No React in here. */

import { modelWord, PAIRS, type FormValues, type PairsKey } from './values';

/** Fields by path: `replicas`, or `metadata.team` for one name of rows. */
export type Flat = ReadonlyMap<string, string>;

export interface FieldEdit {
  path: string;
  /** Undefined: not there, as a row that was removed. */
  before: string | undefined;
  after: string | undefined;
}

export interface Conflict {
  path: string;
  mine: string | undefined;
  theirs: string | undefined;
}

export interface Merge {
  values: FormValues;
  /** What they changed and I did not: taken. */
  taken: FieldEdit[];
  conflicts: Conflict[];
}

const SINGLE = [
  'name',
  'instance_type',
  'replicas',
  'max_replicas',
  'private',
  'api_name',
  'image',
  'image_pull_secret',
  'description',
  'method',
  'isolate',
  'check_parity',
  'predict_timeout',
  'start_timeout',
  'max_payload'
] as const;

export function flat(values: FormValues): Flat {
  const found = new Map<string, string>([['model', modelText(values)]]);
  for (const path of SINGLE) {
    found.set(path, String(values[path]));
  }
  for (const pairs of PAIRS) {
    for (const { key, value } of values[pairs]) {
      if (key !== '' && !found.has(`${pairs}.${key}`)) {
        found.set(`${pairs}.${key}`, value);
      }
    }
  }
  return found;
}

function modelText(values: FormValues): string {
  const word = modelWord(values);
  return word === null ? '' : 'variable' in word ? word.variable : word.uri;
}

/** What differs between two states of the form, as an update would change it. */
export function edits(before: FormValues, after: FormValues): FieldEdit[] {
  const one = flat(before);
  const two = flat(after);
  return [...new Set([...one.keys(), ...two.keys()])]
    .filter(path => one.get(path) !== two.get(path))
    .map(path => ({ path, before: one.get(path), after: two.get(path) }));
}

/** Put their changes since `base` into mine; where both changed one field, mine stays until somebody chooses. */
export function merge(base: FormValues, mine: FormValues, theirs: FormValues): Merge {
  const ours = new Map(edits(base, mine).map(each => [each.path, each.after]));
  const taken: FieldEdit[] = [];
  const conflicts: Conflict[] = [];
  let values = mine;
  for (const edit of edits(base, theirs)) {
    if (!ours.has(edit.path)) {
      values = assigned(values, theirs, edit.path);
      taken.push(edit);
    } else if (ours.get(edit.path) !== edit.after) {
      conflicts.push({ path: edit.path, mine: ours.get(edit.path), theirs: edit.after });
    }
  }
  return { values, taken, conflicts };
}

/** `values` with one field as `from` has it. */
export function assigned(values: FormValues, from: FormValues, path: string): FormValues {
  if (path === 'model') {
    const { door, registered, variable, path: where } = from;
    return { ...values, door, registered, variable, path: where };
  }
  const at = path.indexOf('.');
  if (at === -1) {
    return { ...values, [path]: from[path as keyof FormValues] };
  }
  const pairs = path.slice(0, at) as PairsKey;
  const name = path.slice(at + 1);
  const row = from[pairs].find(({ key }) => key === name);
  const rows = values[pairs];
  const rest = rows.filter(({ key }) => key !== name);
  if (row === undefined) {
    return { ...values, [pairs]: rest };
  }
  return {
    ...values,
    [pairs]: rest.length === rows.length ? [...rows, row] : rows.map(each => (each.key === name ? row : each))
  };
}

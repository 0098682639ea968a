/** What is wrong with what stands in the form, in the words and by the rules of `models/names.py` and `models/requests.py`. */

import type { ErrorBody } from '../../api/types';
import type { Translator } from '../host';
import { duplicates } from './pairs';
import { isBlank, modelWord, PAIRS, type FormValues, type Pair, type PairsKey } from './values';

/** What is wrong by field: `replicas`, or `env.2.key` for a row. */
export type Problems = ReadonlyMap<string, string>;

const ID = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;
const ENV = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;
const API_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,98}$/;
const SECRET = /^(env:[-._a-zA-Z][-._a-zA-Z0-9]*|file:.+)$/;
const CONTROL = /[\p{Cc}\p{Cs}\u2028\u2029]/u;
const NAME_LIMIT = 200;
const TEXT_LIMIT = 100_000;
const URI_LIMIT = 4096;
const DAY = 86_400;

export function isId(text: string): boolean {
  return ID.test(text);
}

export function isApiName(text: string): boolean {
  return API_NAME.test(text);
}

/** Everything that can be known without asking the server. */
export function problemsOf(values: FormValues, trans: Translator, update: boolean): Problems {
  const found = new Map<string, string>();
  const say = (path: string, problem: string | null): void => {
    if (problem !== null) {
      found.set(path, problem);
    }
  };
  say('model', modelProblem(values, trans));
  say('name', nameProblem(values.name, trans));
  if (!update && values.id !== '' && !isId(values.id)) {
    say('id', trans.__('3 to 63 lower-case letters, digits and inner hyphens are allowed'));
  }
  if (values.api_name !== '' && !isApiName(values.api_name)) {
    say(
      'api_name',
      trans.__('1 to 99 letters, digits, _, . and - are allowed, beginning with a letter or digit')
    );
  }
  say('replicas', wholeProblem(values.replicas, 1, 1000, trans));
  if (values.max_replicas !== '') {
    say('max_replicas', mostProblem(values, trans));
  }
  for (const name of ['description', 'message'] as const) {
    say(name, longProblem(values[name], trans));
  }
  say('method', values.method.trim() === '' ? trans.__('a method is needed, such as predict') : null);
  say('predict_timeout', secondsProblem(values.predict_timeout, DAY, trans));
  say('start_timeout', secondsProblem(values.start_timeout, 30 * DAY, trans));
  say('max_payload', wholeProblem(values.max_payload, 1, 2 ** 40, trans));
  for (const pairs of PAIRS) {
    pairProblems(pairs, values[pairs], trans).forEach((problem, path) => say(path, problem));
  }
  return found;
}

function modelProblem(values: FormValues, trans: Translator): string | null {
  const word = modelWord(values);
  if (word === null) {
    return values.door === 'kernel'
      ? trans.__('choose a variable that holds a model')
      : values.door === 'registered'
        ? trans.__('choose a registered model and a version of it')
        : trans.__('give the directory of a model, or a URI');
  }
  if (!('uri' in word) || values.door === 'registered') {
    return null;
  }
  if (word.uri.length > URI_LIMIT || CONTROL.test(word.uri)) {
    return trans.__('a URI has 1 to %1 printable characters', URI_LIMIT);
  }
  return /^(\/|[A-Za-z]:[\\/]|[A-Za-z][A-Za-z0-9+.-]*:\/)/.test(word.uri)
    ? null
    : trans.__('give an absolute path such as /home/jo/model, or a URI such as runs:/ID/model');
}

/** As Python counts them. */
function characters(text: string): number {
  return Array.from(text).length;
}

export function nameProblem(name: string, trans: Translator): string | null {
  if (name.trim() === '') {
    return trans.__('a name needs at least one visible character');
  }
  const length = characters(name);
  if (length > NAME_LIMIT) {
    return trans.__('a name has at most %1 characters, this one has %2', NAME_LIMIT, length);
  }
  const bad = CONTROL.exec(name)?.[0];
  return bad === undefined
    ? null
    : trans.__(
        'a name cannot contain the control character U+%1',
        bad.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
      );
}

function wholeProblem(text: string, least: number, most: number, trans: Translator): string | null {
  const number = /^\d+$/.test(text.trim()) ? Number(text) : NaN;
  return number >= least && number <= most
    ? null
    : trans.__('give a whole number from %1 to %2', least, most);
}

function mostProblem(values: FormValues, trans: Translator): string | null {
  return (
    wholeProblem(values.max_replicas, 1, 1000, trans) ??
    (Number(values.max_replicas) < Number(values.replicas)
      ? trans.__('the most (%1) is less than replicas (%2)', values.max_replicas, values.replicas)
      : null)
  );
}

function secondsProblem(text: string, most: number, trans: Translator): string | null {
  const number = /^\d*\.?\d+$/.test(text.trim()) ? Number(text) : NaN;
  return number > 0 && number <= most ? null : trans.__('give seconds, more than 0 and at most %1', most);
}

function longProblem(text: string, trans: Translator): string | null {
  return characters(text) > TEXT_LIMIT
    ? trans.__('at most %1 characters are kept, this has %2', TEXT_LIMIT, characters(text))
    : null;
}

function pairProblems(kind: PairsKey, rows: readonly Pair[], trans: Translator): Map<string, string> {
  const found = new Map<string, string>();
  const twice = duplicates(rows);
  rows.forEach((row, index) => {
    if (isBlank(row)) {
      return;
    }
    const { key, value } = row;
    if (key === '') {
      found.set(`${kind}.${index}.key`, trans.__('a name is needed'));
    } else if (twice.has(index)) {
      found.set(`${kind}.${index}.key`, trans.__('this name is there already'));
    } else if (kind !== 'metadata' && (!ENV.test(key) || key.length > 253)) {
      found.set(
        `${kind}.${index}.key`,
        trans.__('letters, digits, -, _ and . are allowed, not beginning with a digit')
      );
    }
    if (kind === 'secret_env' && !SECRET.test(value)) {
      found.set(
        `${kind}.${index}.value`,
        trans.__('give a reference, env:NAME or file:PATH, never the secret itself')
      );
    } else if (kind === 'metadata') {
      const long = longProblem(value, trans);
      if (long !== null) {
        found.set(`${kind}.${index}.value`, long);
      }
    } else if (value.includes('\0')) {
      found.set(`${kind}.${index}.value`, trans.__('a variable cannot hold the character U+0000'));
    }
  });
  return found;
}

/** What the server says of the fields: `details.fields` of a 422, `details.field` of a name that is taken. */
export function refusedFields(error: ErrorBody, values: FormValues): Map<string, string> {
  const found = new Map<string, string>();
  const { fields, field } = error.details as { fields?: unknown; field?: unknown };
  if (typeof fields === 'object' && fields !== null && !Array.isArray(fields)) {
    for (const [path, reason] of Object.entries(fields as Record<string, unknown>)) {
      found.set(placeOf(path, values), String(reason));
    }
  }
  if (typeof field === 'string') {
    found.set(placeOf(field, values), error.message);
  }
  if (error.code === 'model_not_found' || error.code === 'model_not_supported') {
    found.set('model', error.message);
  }
  return found;
}

/** `env.KEY` is the row with that name; a name may hold dots, and a long path was cut. */
function placeOf(path: string, values: FormValues): string {
  const [first = '', ...rest] = path.split('.');
  const pairs = PAIRS.find(each => each === first);
  if (pairs === undefined) {
    return first;
  }
  const name = rest.join('.').replace(/\.\[key\]$/, '');
  const index = values[pairs].findIndex(
    ({ key }) => key !== '' && (key === name || name.startsWith(`${key}.`) || key.startsWith(name))
  );
  return `${pairs}.${Math.max(index, 0)}.${path.endsWith('.[key]') ? 'key' : 'value'}`;
}

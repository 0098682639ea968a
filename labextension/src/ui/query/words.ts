/** What codes mean, in plain words. */

import type { Translator } from '../host';
import type { Wrong } from './cells';
import type { JsonError } from './json';

export function wrongWord(wrong: Wrong, trans: Translator): string {
  switch (wrong) {
    case 'missing':
      return trans.__('A value is needed: this type cannot be missing');
    case 'integer':
      return trans.__('A whole number is needed');
    case 'int32':
      return trans.__('Too large for 32 bits');
    case 'int64':
      return trans.__('Too large for 64 bits');
    case 'number':
      return trans.__('A number is needed, such as 1.5 or 2e-3');
    case 'boolean':
      return trans.__('true or false is needed');
    case 'datetime':
      return trans.__('A date is needed, such as 2026-01-31T12:00:00');
    case 'binary':
      return trans.__('Base64 is needed');
    case 'json':
      return trans.__('This is no JSON');
    case 'array':
      return trans.__('A JSON array is needed, such as [1, 2]');
    case 'object':
      return trans.__('A JSON object is needed, such as {"key": 1}');
  }
}

export function jsonWord({ what, line, column }: JsonError, trans: Translator): string {
  const place = trans.__('Line %1, column %2', line, column);
  const words: Record<JsonError['what'], string> = {
    value: trans.__('a value is expected'),
    string: trans.__('this text is not closed, or has a sign that must be escaped'),
    name: trans.__('a name in double quotes is expected'),
    colon: trans.__('a colon is expected'),
    comma: trans.__('a comma or the closing bracket is expected'),
    end: trans.__('the JSON stops too early'),
    extra: trans.__('something stands behind the JSON'),
    deep: trans.__('too many brackets inside of each other')
  };
  return `${place}: ${words[what]}`;
}

export function statusWord(status: number): string {
  const words: Record<number, string> = {
    200: 'OK',
    400: 'Bad Request',
    401: 'Unauthorized',
    403: 'Forbidden',
    404: 'Not Found',
    405: 'Method Not Allowed',
    408: 'Request Timeout',
    413: 'Content Too Large',
    415: 'Unsupported Media Type',
    422: 'Unprocessable Content',
    429: 'Too Many Requests',
    500: 'Internal Server Error',
    501: 'Not Implemented',
    502: 'Bad Gateway',
    503: 'Service Unavailable',
    504: 'Gateway Timeout'
  };
  return words[status] ?? '';
}

/** Say in one sentence who refused, and why; empty where the answer's own message is enough. */
export function refusal(status: number, trans: Translator): string {
  switch (status) {
    case 401:
    case 403:
      return trans.__('The endpoint did not accept the owner’s pass.');
    case 404:
      return trans.__('Nothing answers at this path.');
    case 413:
      return trans.__('The request is larger than this deployment accepts.');
    case 429:
      return trans.__('Too many requests at once: try again in a moment.');
    case 500:
      return trans.__('The model’s own code failed for this request.');
    case 502:
      return trans.__('The replica went away before it answered.');
    case 503:
      return trans.__('Nothing serves this deployment now, or it is too busy.');
    case 504:
      return trans.__('The model did not answer in time.');
    default:
      return '';
  }
}

const UNITS = ['B', 'kB', 'MB', 'GB'];

/** Write a number of bytes with a unit. */
export function bytes(size: number, locale: string): string {
  const step = Math.min(UNITS.length - 1, size < 1000 ? 0 : Math.floor(Math.log10(size) / 3));
  const value = size / 1000 ** step;
  const digits = step === 0 || value >= 100 ? 0 : 1;
  return `${new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value)} ${UNITS[step] ?? ''}`;
}

/** Write a time in milliseconds with a unit. */
export function duration(milliseconds: number, locale: string): string {
  const long = milliseconds >= 1000;
  const value = long ? milliseconds / 1000 : milliseconds;
  const format = new Intl.NumberFormat(locale, {
    maximumFractionDigits: value >= 100 ? 0 : value >= 10 ? 1 : 2
  });
  return `${format.format(value)} ${long ? 's' : 'ms'}`;
}

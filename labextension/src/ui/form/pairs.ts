/** Rows of names and values. No React in here. */

import { isBlank, type Pair } from './values';

/**
 * Read pasted text as rows: `K=V`, one a line, as in an `.env` file.
 *
 * Null when it is no such text, so that it is pasted as it is: a value may have lines and equal signs of its own.
 */
export function pastedPairs(text: string): Pair[] | null {
  const lines = text
    .split(/\r?\n/)
    .map(line => line.trim().replace(/^export\s+/, ''))
    .filter(line => line !== '' && !line.startsWith('#'));
  const pairs = lines.map(line => {
    const at = line.indexOf('=');
    const key = line.slice(0, at).trim();
    return at < 1 || /\s/.test(key) ? null : { key, value: unquoted(line.slice(at + 1).trim()) };
  });
  return pairs.length > 0 && pairs.every(each => each !== null) ? pairs : null;
}

function unquoted(value: string): string {
  const quote = /^(["'])([\s\S]*)\1$/.exec(value);
  return quote?.[2] ?? value;
}

/** Put pasted rows in the place of a row; those whose name is there already replace its value. */
export function withPasted(rows: readonly Pair[], at: number, pasted: readonly Pair[]): Pair[] {
  const values = new Map(pasted.map(({ key, value }) => [key, value])); // of one that comes twice the last counts
  const fresh = [...values].filter(([key]) => !rows.some(row => row.key === key));
  const put = (row: Pair): Pair => ({ key: row.key, value: values.get(row.key) ?? row.value });
  const here = rows.slice(at, at + 1).filter(row => !isBlank(row));
  return [
    ...[...rows.slice(0, at), ...here].map(put),
    ...fresh.map(([key, value]) => ({ key, value })),
    ...rows.slice(at + 1).map(put)
  ];
}

/** The numbers of the rows whose name another row above has. */
export function duplicates(rows: readonly Pair[]): Set<number> {
  const seen = new Set<string>();
  const found = new Set<number>();
  rows.forEach((row, index) => {
    if (row.key !== '' && seen.has(row.key)) {
      found.add(index);
    }
    seen.add(row.key);
  });
  return found;
}

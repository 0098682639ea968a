/** Rows out of pasted text: CSV, TSV as spreadsheets copy it, with or without a line of names. */

import type { Column, Row } from './cells';

export interface Pasted {
  rows: Row[];
  /** Names in the text that the model does not have. */
  unknown: string[];
  /** Rows that were too many. */
  cut: number;
}

export const MOST_ROWS = 1000;

/** Split delimited text into cells, with quotes as RFC 4180 has them. */
export function split(text: string, delimiter: string): string[][] {
  const lines: string[][] = [];
  let line: string[] = [];
  let cell = '';
  let quoted = false;
  let started = false;
  const end = (): void => {
    line.push(cell);
    cell = '';
    started = false;
  };
  for (let at = 0; at < text.length; at++) {
    const sign = text[at] ?? '';
    if (quoted) {
      if (sign !== '"') {
        cell += sign;
      } else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else {
        quoted = false;
      }
    } else if (sign === '"' && !started) {
      quoted = started = true;
    } else if (sign === delimiter) {
      end();
    } else if (sign === '\n' || sign === '\r') {
      at += sign === '\r' && text[at + 1] === '\n' ? 1 : 0;
      end();
      lines.push(line);
      line = [];
    } else {
      cell += sign;
      started = true;
    }
  }
  if (cell !== '' || started || line.length > 0) {
    end();
    lines.push(line);
  }
  return lines.filter(each => each.some(one => one !== ''));
}

/** A tab is never part of a spreadsheet's cell; else the sign that the first line has most of. */
export function delimiterOf(text: string): string {
  const [first = ''] = text.split(/\r?\n/, 1);
  const counts = ['\t', ',', ';'].map(sign => [sign, first.split(sign).length - 1] as const);
  return counts.find(([sign, count]) => sign === '\t' && count > 0)?.[0] ?? most(counts);
}

function most(counts: readonly (readonly [string, number])[]): string {
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? ',';
}

/**
 * Read pasted text as rows. With a line of names the cells go to their columns, whatever the order; without one they are
 * laid from the column `at` on.
 */
export function paste(text: string, columns: readonly Column[], at = 0): Pasted {
  const lines = split(text, delimiterOf(text));
  const [head = []] = lines;
  const labels = columns.map(each => (each.name === '' ? each.key.slice(1) : each.name));
  const named = head.length > 0 && head.filter(each => labels.includes(each.trim())).length * 2 > head.length;
  const numbered = columns.every(each => each.name === '');
  const header = named && !(numbered && head.some((each, index) => each.trim() !== String(index)));
  const order = header
    ? head.map(each => columns[labels.indexOf(each.trim())])
    : head.map((_, index) => columns[at + index]);
  const body = header ? lines.slice(1) : lines;
  const rows = body.slice(0, MOST_ROWS).map(line => {
    const row: Record<string, string> = {};
    line.forEach((cell, index) => {
      const column = order[index];
      if (column !== undefined) {
        row[column.key] = cell;
      }
    });
    return row;
  });
  const unknown = header
    ? head.filter((_, index) => order[index] === undefined)
    : head.slice(Math.max(0, columns.length - at));
  return { rows, unknown, cut: Math.max(0, body.length - MOST_ROWS) };
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as commands from '../src/ui/line/commands';
import { cell, type Command } from '../src/ui/line/line';

interface Golden {
  build: keyof typeof commands;
  args: unknown[];
  cell: string;
}

/** tests/notebook/test_lines.py reads the same list with the magic's own parser. */
const GOLDEN = JSON.parse(readFileSync(join(__dirname, 'lines.json'), 'utf8')) as Golden[];

describe('the line of an action', () => {
  it.each(GOLDEN.map(each => [each.build, each] as const))('%s', (_, golden) => {
    const build = commands[golden.build] as (...args: unknown[]) => Command;
    expect(cell(build(...golden.args))).toBe(golden.cell);
  });

  it('is there, read back, for every command', () => {
    expect(new Set(GOLDEN.map(each => each.build))).toEqual(new Set(Object.keys(commands)));
  });
});

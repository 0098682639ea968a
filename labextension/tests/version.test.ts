import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { VERSION } from '../src/version';

it('has one version in TypeScript, package.json and the Python package', () => {
  const npm = (JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version;
  const python = /__version__ = "(.+)"/.exec(readFileSync('mdeploy_lab/__init__.py', 'utf8'))?.[1];
  expect([npm, python]).toEqual([VERSION, VERSION]);
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { nameAt } from '../src/lab/word';
import { StateMemory } from '../src/lab/memory';
import { Navigation } from '../src/ui/navigation';
import { shortened } from '../src/ui/shorten';

class Database {
  saved: unknown[] = [];
  constructor(private readonly kept: object | undefined) {}
  fetch = (): Promise<never> => Promise.resolve(this.kept as never);
  save = (_: string, value: unknown): Promise<void> => {
    this.saved.push(value);
    return Promise.resolve();
  };
}

describe('memory', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('gives what an earlier page kept, at once', async () => {
    const memory = await StateMemory.load(new Database({ 'panel/grid': { search: 'chu' } }));
    expect(memory.get('panel/grid')).toEqual({ search: 'chu' });
  });

  it('writes once for many changes, and not at all for none', async () => {
    const database = new Database({ same: [1] });
    const memory = await StateMemory.load(database);
    memory.set('same', [1]);
    vi.advanceTimersByTime(1000);
    expect(database.saved).toEqual([]);
    for (const search of ['c', 'ch', 'chu']) {
      memory.set('panel/grid', search);
    }
    vi.advanceTimersByTime(1000);
    expect(database.saved).toEqual([{ same: [1], 'panel/grid': 'chu' }]);
  });

  it('forgets a place that was closed, and no other', async () => {
    const memory = await StateMemory.load(new Database({ 'main:a/route': 1, 'main:ab/route': 2 }));
    memory.forget('main:a');
    expect([memory.get('main:a/route'), memory.get('main:ab/route')]).toEqual([undefined, 2]);
  });

  it.each([undefined, 'text', [1]])('begins empty when what was kept is no object: %j', async kept => {
    const memory = await StateMemory.load(new Database(kept as object));
    expect(memory.get('0')).toBeUndefined();
  });

  it('works where nothing can be read or kept', async () => {
    const broken = { fetch: () => Promise.reject(new Error('no')), save: () => Promise.resolve() };
    const memory = await StateMemory.load(broken);
    memory.set('key', 1);
    expect(memory.get('key')).toBe(1);
  });
});

describe('leaving', () => {
  it('asks an edited form before its tab is closed, and goes nowhere on no', async () => {
    const navigation = new Navigation({ view: 'create' });
    let may = false;
    navigation.guard(() => Promise.resolve(may));
    expect(await navigation.leave()).toBe(false);
    expect(navigation.guarded).toBe(true);
    may = true;
    expect(await navigation.leave()).toBe(true);
    expect(navigation.route()).toEqual({ view: 'create' });
  });
});

describe('the name under the pointer', () => {
  it.each([
    ['clf.predict(X)', 1, 'clf'],
    ['clf.predict(X)', 3, 'clf'],
    ['clf.predict(X)', 6, 'predict'],
    ['größe = 1', 2, 'größe'],
    ['a + 12', 5, ''],
    ['', 0, '']
  ])('%s at %d is %s', (source, offset, name) => expect(nameAt(source, offset)).toBe(name));
});

describe('long names', () => {
  it('are cut between letters as people see them', () => {
    expect(shortened('👩‍👩‍👧'.repeat(9), 2)).toBe('👩‍👩‍👧👩‍👩‍👧…');
    expect(shortened('x'.repeat(10_000), 60)).toHaveLength(61);
    expect(shortened('churn', 60)).toBe('churn');
  });
});

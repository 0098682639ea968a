import { act, cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import axe from 'axe-core';
import * as React from 'react';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { HistoryEntry } from '../src/api/types';
import { StoreProvider } from '../src/ui/context';
import { HistoryView } from '../src/ui/history/HistoryView';
import { BARE, HostProvider, passingMemory } from '../src/ui/host';
import { Navigation } from '../src/ui/navigation';
import { DeploymentStore } from '../src/ui/store';
import { deployment, FakeTransport, settled } from './fixtures';

const UNDRAWN = { 'color-contrast': { enabled: false } };

function entry(number: number, change: Partial<HistoryEntry> = {}): HistoryEntry {
  const template = {
    model: { uri: `models:/churn/${number}` },
    image: '',
    env: { TZ: 'UTC' },
    secret_env: { KEY: 'env:MY_KEY' },
    instance_type: 'small'
  };
  const spec = {
    name: 'churn',
    group: 'risk',
    replicas: 2,
    max_replicas: null,
    public: false,
    stopped: false,
    description: '<b>bold</b>',
    metadata: { note: 'say "hi"\nand more' },
    template
  };
  return {
    number,
    action: number === 1 ? 'create' : 'update',
    actor: 'jo',
    at: '2026-11-21T10:00:00Z',
    message: `message ${number}`,
    revision: number,
    new_revision: true,
    changes: [],
    spec: spec as unknown as HistoryEntry['spec'],
    ...change
  };
}

interface Given {
  entries: HistoryEntry[];
  model?: unknown;
  note?: string;
}

async function history(given: Given): Promise<{
  transport: FakeTransport;
  store: DeploymentStore;
  follow: ReturnType<typeof vi.fn>;
  container: HTMLElement;
}> {
  const transport = new FakeTransport();
  transport.answer = ({ path }) => {
    if (path.endsWith('/history')) {
      return { history: given.entries };
    }
    if (path.includes('/diff')) {
      const [, before, after] = /from=(\d+)&to=(\d+)/.exec(path) ?? [];
      return {
        of: 'history',
        before: Number(before),
        after: Number(after),
        changes: [{ path: 'template.env.TZ', old: 'UTC', new: 'x'.repeat(500) }],
        model: given.model ?? null,
        note: given.note ?? ''
      };
    }
    return path.endsWith('/rollback')
      ? { deployment: deployment('churn', { version: 9 }) }
      : { deployments: [] };
  };
  const store = new DeploymentStore(transport);
  store.open();
  transport.say({ topic: 'connection', open: true });
  transport.say({ topic: 'server', version: '1', actor: 'jo', can_write: true });
  await act(async () => {
    await store.reload();
  });
  const follow = vi.fn();
  const shown = deployment('churn');
  shown.status.revision = 3;
  const { container } = render(
    <HostProvider value={{ ...BARE, memory: passingMemory(), follow }}>
      <StoreProvider value={{ store, navigation: new Navigation(), place: 'test' }}>
        <HistoryView deployment={shown} />
      </StoreProvider>
    </HostProvider>
  );
  await act(settled);
  return { transport, store, follow, container };
}

async function click(element: HTMLElement): Promise<void> {
  await act(async () => {
    fireEvent.click(element);
    await settled();
  });
}

beforeAll(() => {
  // jsdom has no modal dialogs.
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
  };
});

afterEach(cleanup);

const THREE = [entry(1), entry(2), entry(3)];

describe('the history', () => {
  it('has every column, newest first', async () => {
    const { container } = await history({ entries: THREE });
    const heads = screen.getAllByRole('columnheader').map(each => each.textContent);
    for (const head of [
      'User',
      'Deployment Stopped',
      'Model',
      'Replicas',
      'Group',
      'Instance Type',
      'Timestamp',
      'Description',
      'Metadata',
      'Update Message',
      'Revision'
    ]) {
      expect(heads).toContain(head);
    }
    const [, first] = within(screen.getByRole('region', { name: 'History' })).getAllByRole('row');
    expect(first?.textContent).toContain('models:/churn/3');
    expect(first?.textContent).toContain('<b>bold</b>');
    expect(first?.textContent).toContain('3, new');
    expect((await axe.run(container, { rules: UNDRAWN })).violations.map(each => each.id)).toEqual([]);
  });

  it('compares the two newest until one chooses', async () => {
    const { transport } = await history({ entries: THREE });
    expect(transport.asked.at(-1)?.path).toBe('/deployments/churn/diff?from=2&to=3&of=history');
    await click(screen.getByLabelText('Compare entry 1'));
    expect(transport.asked.at(-1)?.path).toBe('/deployments/churn/diff?from=1&to=3&of=history');
    expect(screen.getByText('From entry 1 to entry 3')).toBeTruthy();
    await click(screen.getByLabelText('Compare entry 3'));
    expect(screen.getByText('Choose two entries to compare.')).toBeTruthy();
  });

  it('folds long values, and puts model against model with the difference of metrics', async () => {
    await history({
      entries: THREE,
      model: [
        { path: 'metrics.auc', old: 0.8, new: 0.85 },
        { path: 'params.depth', old: '3', new: '5' },
        { path: 'signature.inputs.size', old: 'double', new: null }
      ]
    });
    expect(screen.getByText(`${'x'.repeat(60)}…`).closest('details')?.open).toBe(false);
    expect(screen.getByText('(+0.05)')).toBeTruthy();
    expect(screen.getByText('Metrics')).toBeTruthy();
    expect(screen.getByText('Signature')).toBeTruthy();
  });

  it('says why the models cannot be compared', async () => {
    await history({ entries: THREE, note: 'the registry is away' });
    expect(screen.getByText('the registry is away')).toBeTruthy();
  });

  it('shows one entry with all of its fields', async () => {
    await history({ entries: THREE });
    await click(screen.getByRole('button', { name: 'View entry 2' }));
    const dialog = screen.getByRole('dialog', { name: 'Entry 2: Update' });
    expect(dialog.textContent).toContain('say "hi"\nand more');
    expect(dialog.textContent).toContain('env:MY_KEY');
    expect((await axe.run(dialog, { rules: UNDRAWN })).violations.map(each => each.id)).toEqual([]);
  });

  it('has nothing to compare with one entry', async () => {
    await history({ entries: [entry(1)] });
    expect(screen.getByText('There is one entry: nothing to compare yet.')).toBeTruthy();
  });

  it('shows many entries a part at a time', async () => {
    const { container } = await history({ entries: Array.from({ length: 150 }, (_, at) => entry(at + 1)) });
    expect(container.querySelectorAll('tbody [type=checkbox]')).toHaveLength(100);
    await click(screen.getByText('Show more (50 left)'));
    expect(container.querySelectorAll('tbody [type=checkbox]')).toHaveLength(150);
  });
});

describe('rolling back', () => {
  it('says what it repeats, takes a message, and is followed', async () => {
    const { transport, follow } = await history({ entries: THREE });
    await click(screen.getByRole('button', { name: 'Roll back to revision 1' }));
    const dialog = screen.getByRole('dialog', { name: 'Roll back churn to revision 1' });
    expect(dialog.textContent).toContain('A new revision 4 repeats revision 1');
    expect(transport.asked.at(-1)?.path).toBe('/deployments/churn/diff?from=3&to=1&of=revisions');
    fireEvent.change(screen.getByLabelText('Update Message'), { target: { value: 'too slow' } });
    await click(within(dialog).getByRole('button', { name: 'Roll back' }));
    expect(transport.asked.at(-1)).toMatchObject({
      path: '/deployments/churn/rollback',
      body: { to: 1, message: 'too slow' }
    });
    expect(follow).toHaveBeenCalledWith('churn', 'churn', 'rollback');
    expect(screen.queryByRole('dialog')).toBeNull();
  });

  it('is not offered to the newest revision, nor to somebody who may only look', async () => {
    const { transport } = await history({ entries: THREE });
    expect(screen.getByRole('button', { name: 'Roll back to revision 3' }).title).toBe(
      'Revision 3 is the newest one already'
    );
    act(() => transport.say({ topic: 'server', version: '1', actor: 'jo', can_write: false }));
    const other = screen.getByRole('button', { name: 'Roll back to revision 1' });
    expect(other.title).toContain('You may look');
    await click(other);
    expect(screen.queryByRole('dialog')).toBeNull();
  });
});

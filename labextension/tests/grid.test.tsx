import { cleanup, fireEvent, screen, within } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { toApiError } from '../src/api/transport';
import { columnsIn, withOne } from '../src/ui/grid/Cards';
import {
  EVERYTHING,
  matching,
  ordered,
  readFilters,
  shortModelOf,
  type Filters
} from '../src/ui/grid/filters';
import { destination } from '../src/ui/grid/roving';
import { passingMemory } from '../src/ui/host';
import { deployment } from './fixtures';
import { doing, mounted, violations } from './mount';

const SOME = [
  deployment('churn', { at: '2026-11-21T12:00:00Z' }),
  deployment('fraud', { state: 'stopped', at: '2026-11-21T11:00:00Z', by: 'bob', spec: { group: 'risk' } }),
  deployment('ads', { state: 'failed', at: '2026-11-21T10:00:00Z', spec: { group: 'ads', type: 'batch' } })
];

function shown(): (string | null)[] {
  return screen.getAllByRole('article').map(each => each.getAttribute('data-id'));
}

function key(name: string, more: object = {}): void {
  fireEvent.keyDown(document.activeElement ?? document.body, { key: name, ...more });
}

function cardOf(id: string): HTMLElement {
  const found = document.querySelector<HTMLElement>(`[data-id="${id}"]`);
  if (found === null) {
    throw new Error(`no ${id} on screen`);
  }
  return found;
}

afterEach(cleanup);

describe('what is shown', () => {
  const ids = (filters: Partial<Filters>): string[] =>
    ordered(matching(SOME, { ...EVERYTHING, ...filters }, 'jo'), { ...EVERYTHING, ...filters }, 'en').map(
      each => each.id
    );

  it.each<[Partial<Filters>, string[]]>([
    [{}, ['churn', 'fraud', 'ads']],
    [{ search: ' FRA ' }, ['fraud']],
    [{ groups: ['risk', 'ads'] }, ['fraud', 'ads']],
    [{ mine: true }, ['churn', 'ads']],
    [{ types: ['real-time'], states: ['stopped', 'failed'] }, ['fraud']],
    [{ sort: 'name' }, ['ads', 'churn', 'fraud']],
    [{ sort: 'name', reversed: true }, ['fraud', 'churn', 'ads']],
    [{ sort: 'state' }, ['ads', 'churn', 'fraud']],
    [{ reversed: true }, ['ads', 'fraud', 'churn']]
  ])('%j', (filters, expected) => {
    expect(ids(filters)).toEqual(expected);
  });

  it.each([null, 7, 'x', [], { groups: 'all', states: ['gone', 7], sort: 'colour', view: 3 }])(
    'reads %j as nothing hidden',
    kept => {
      expect(readFilters(kept)).toEqual(EVERYTHING);
    }
  );

  it('shows the end of a path, and a URI whole', () => {
    const of = (uri: string): string => {
      const one = deployment('churn');
      one.spec.template.model.uri = uri;
      return shortModelOf(one);
    };
    expect(of('/home/jo/models/churn')).toBe('…/churn');
    expect(of('file:///home/jo/churn')).toBe('…/churn');
    expect(of('models:/churn/3')).toBe('models:/churn/3');
    expect(of('s3://bucket/a/b')).toBe('s3://bucket/a/b');
  });
});

describe('the head', () => {
  it('filters by several groups, by status and by who, each to be taken away again', async () => {
    await mounted(SOME);
    fireEvent.click(screen.getByRole('button', { name: 'Group' }));
    await doing(() => fireEvent.click(screen.getByRole('checkbox', { name: 'risk 1' })));
    await doing(() => fireEvent.click(screen.getByRole('checkbox', { name: 'ads 1' })));
    expect(shown()).toEqual(['fraud', 'ads']);
    fireEvent.click(screen.getByRole('button', { name: 'Add filter' }));
    await doing(() => fireEvent.click(screen.getByRole('checkbox', { name: 'Failed' })));
    expect(shown()).toEqual(['ads']);
    await doing(() => fireEvent.click(screen.getByRole('button', { name: 'Remove the filter Group: ads' })));
    expect(screen.getByText(/3 deployments are hidden by: Group: risk · Status: Failed/)).toBeTruthy();
    await doing(() => fireEvent.click(screen.getByRole('button', { name: 'Show all' })));
    await doing(() => fireEvent.click(screen.getByRole('checkbox', { name: 'Deployed By Me' })));
    expect(shown()).toEqual(['churn', 'ads']);
  });

  it('remembers what hides and what sorts', async () => {
    const memory = passingMemory();
    await mounted(SOME, { host: { memory } });
    await doing(() =>
      fireEvent.change(screen.getByRole('combobox', { name: 'Sort by' }), { target: { value: 'name' } })
    );
    await doing(() => fireEvent.click(screen.getByRole('checkbox', { name: 'Deployed By Me' })));
    cleanup();
    await mounted(SOME, { host: { memory } });
    expect(shown()).toEqual(['ads', 'churn']);
  });

  it('asks again when told to', async () => {
    const { transport } = await mounted(SOME);
    const lists = (): number => transport.asked.filter(each => each.path === '/deployments').length;
    const before = lists();
    await doing(() => fireEvent.click(screen.getByRole('button', { name: 'Refresh' })));
    expect(lists()).toBe(before + 1);
  });

  it('goes to the form, but not for a reader, who is told why', async () => {
    const { transport, navigation } = await mounted(SOME);
    await doing(() => transport.say({ topic: 'server', version: '0.1.0', actor: 'jo', can_write: false }));
    const create = screen.getByRole('button', { name: 'Create Deployment' });
    fireEvent.click(create);
    expect(navigation.route().view).toBe('grid');
    expect(create.title).toMatch(/not change/);
    await doing(() => transport.say({ topic: 'server', version: '0.1.0', actor: 'jo', can_write: true }));
    await doing(() => fireEvent.click(create));
    expect(navigation.route().view).toBe('create');
  });
});

describe('a card', () => {
  it('shows metadata with new lines and right-to-left text, by click and not by keyboard alone', async () => {
    const metadata = { note: 'two\nlines "quoted"', עברית: 'ערך', html: '<script>alert(1)</script>' };
    await mounted([deployment('churn', { spec: { metadata } })]);
    fireEvent.click(screen.getByRole('button', { name: 'Metadata of churn' }));
    const pairs = within(screen.getByRole('dialog', { name: 'Metadata of churn' }));
    expect(pairs.getAllByRole('definition').map(each => each.textContent)).toEqual(Object.values(metadata));
    expect(document.querySelector('script')).toBeNull();
    expect(await violations()).toEqual([]);
  });

  it('says how many replicas run, how many may, and what they use', async () => {
    await mounted(
      [
        deployment('churn', {
          spec: { replicas: 1, max_replicas: 4 },
          status: { replicas: { ready: 1, wanted: 2 } }
        })
      ],
      { answer: () => ({ instance_types: [{ name: 'small', cpu: 0.5, memory: 1024 ** 3, gpu: 0 }] }) }
    );
    expect(screen.getByText('1 of 2 ready, 1–4 allowed')).toBeTruthy();
    expect(screen.getByText('small × 2: 1 vCPU, 2 GB')).toBeTruthy();
  });

  it('draws only what changed anew', async () => {
    const { transport } = await mounted(SOME);
    const before = cardOf('fraud').innerHTML;
    const other = cardOf('fraud');
    await doing(() =>
      transport.say({
        topic: 'deployment',
        id: 'churn',
        deployment: deployment('churn', { state: 'failed', version: 2, at: '2026-11-21T12:00:00Z' })
      })
    );
    expect(within(cardOf('churn')).getByText('Failed')).toBeTruthy();
    expect(cardOf('fraud')).toBe(other);
    expect(other.innerHTML).toBe(before);
  });

  it('is followed in a notification when it was started', async () => {
    const follow = vi.fn();
    await mounted(SOME, {
      host: { follow },
      answer: () => ({ deployment: deployment('fraud', { version: 2, state: 'deploying' }), changed: true })
    });
    await doing(() => fireEvent.click(screen.getByRole('button', { name: 'Start fraud' })));
    expect(follow).toHaveBeenCalledExactlyOnceWith('fraud', 'fraud', 'start');
  });
});

describe('the keyboard', () => {
  it('moves between cards, opens with Enter, selects with Space, and clears with Escape', async () => {
    const { navigation } = await mounted(SOME);
    expect(cardOf('churn').tabIndex).toBe(0);
    expect(cardOf('fraud').tabIndex).toBe(-1);
    cardOf('churn').focus();
    key('ArrowDown');
    expect(document.activeElement).toBe(cardOf('fraud'));
    key(' ');
    expect(screen.getByText('1 selected')).toBeTruthy();
    key('End');
    key(' ', { shiftKey: true });
    expect(screen.getByText('2 selected')).toBeTruthy();
    key('a', { ctrlKey: true });
    expect(screen.getByText('3 selected')).toBeTruthy();
    key('Escape');
    expect(screen.queryByText(/selected$/)).toBeNull();
    await doing(() => key('Enter'));
    expect(navigation.route()).toEqual({ view: 'deployment', id: 'ads', tab: 'overview' });
  });

  it.each<[string, number, number | null]>([
    ['ArrowDown', 1, 4],
    ['ArrowDown', 8, 8],
    ['ArrowUp', 1, 1],
    ['ArrowRight', 1, 2],
    ['ArrowLeft', 1, 0],
    ['Home', 5, 0],
    ['End', 5, 9],
    ['x', 5, null]
  ])('in three columns %s leads from %i to %j', (name, from, to) => {
    expect(destination(name, from, 10, 3, false)).toBe(to);
  });

  it('turns left and right where one reads that way', () => {
    expect(destination('ArrowRight', 5, 10, 3, true)).toBe(4);
  });
});

describe('several at once', () => {
  const refusing = (id: string) => (asked: { path: string; method: string }) => {
    if (asked.path.includes(id)) {
      throw toApiError(409, { message: 'it is being updated', hint: 'wait for it' }, '');
    }
    return { deployment: deployment('churn', { state: 'stopping', version: 2 }), changed: true };
  };

  it('are stopped after a question, and what was refused is said of each', async () => {
    const { transport } = await mounted(SOME, { answer: refusing('ads') });
    fireEvent.click(screen.getByRole('checkbox', { name: 'Select churn' }));
    fireEvent.click(screen.getByRole('checkbox', { name: 'Select fraud' }));
    fireEvent.click(screen.getByRole('checkbox', { name: 'Select ads' }));
    fireEvent.click(screen.getByRole('button', { name: 'Stop the selected ones' }));
    const dialog = within(screen.getByRole('dialog', { name: 'Stop 2 deployments?', hidden: true }));
    await doing(() => fireEvent.click(dialog.getByText('Stop')));
    const stops = transport.asked.filter(each => each.path.endsWith('/stop'));
    expect(stops.map(each => each.path)).toEqual(['/deployments/churn/stop', '/deployments/ads/stop']);
    expect(screen.getByText('1 deployment stops. 1 refused:')).toBeTruthy();
    expect(screen.getAllByText(/it is being updated/).length).toBeGreaterThan(0);
  });

  it('are deleted only when their number is typed', async () => {
    const { transport } = await mounted(SOME, { answer: () => SOME[0] });
    cardOf('churn').focus();
    key('a', { ctrlKey: true });
    fireEvent.click(screen.getByRole('button', { name: 'Delete the selected ones' }));
    const dialog = screen.getByRole('dialog', { name: 'Delete 3 deployments?', hidden: true });
    const field = within(dialog).getByLabelText('Type 3 or “delete 3 deployments” to confirm');
    const form = field.closest('form');
    const submit = (text: string) => () => {
      fireEvent.change(field, { target: { value: text } });
      fireEvent.submit(form as HTMLFormElement);
    };
    await doing(submit('2'));
    expect(transport.asked.some(each => each.method === 'DELETE')).toBe(false);
    await doing(submit('delete 3 deployments'));
    expect(transport.asked.filter(each => each.method === 'DELETE')).toHaveLength(3);
    expect(screen.getByText('3 deployments deleted.')).toBeTruthy();
  });

  it('never act on what a filter hides', async () => {
    await mounted(SOME);
    fireEvent.click(screen.getByRole('checkbox', { name: 'Select churn' }));
    fireEvent.click(screen.getByRole('checkbox', { name: 'Select fraud' }));
    await doing(() => fireEvent.change(screen.getByRole('searchbox'), { target: { value: 'chu' } }));
    expect(screen.getByText('1 selected')).toBeTruthy();
  });

  it('have their lines in one cell', async () => {
    await mounted(SOME);
    fireEvent.click(screen.getByRole('checkbox', { name: 'Select churn' }));
    fireEvent.click(screen.getByRole('checkbox', { name: 'Select ads' }));
    fireEvent.click(screen.getByRole('button', { name: 'Show the %deploy line: Stop the selected ones' }));
    expect(screen.getByLabelText('The code').textContent).toBe('%deploy stop churn\n%deploy stop ads');
  });
});

describe('thousands', () => {
  it('stand in as many columns as there is room for', () => {
    expect([0, 260, 584, 585, 1200].map(columnsIn)).toEqual([1, 1, 2, 2, 4]);
  });

  it('keep laid out the one that the keyboard is at', () => {
    const range = { startIndex: 10, endIndex: 12, overscan: 0, count: 100 };
    expect(withOne(range, 3)).toEqual([3, 10, 11, 12]);
    expect(withOne(range, 11)).toEqual([10, 11, 12]);
    expect(withOne(range, 100)).toEqual([10, 11, 12]);
  });
});

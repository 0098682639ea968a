import { act, cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import axe from 'axe-core';
import * as React from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Deployment, Phase } from '../src/api/types';
import { toApiError } from '../src/api/transport';
import { App } from '../src/ui/App';
import { BARE, ENGLISH, HostProvider, passingMemory, type Host } from '../src/ui/host';
import { asCell } from '../src/ui/detail/Information';
import { answers } from '../src/ui/detail/Status';
import { duration, Timeline } from '../src/ui/detail/Timeline';
import { cell } from '../src/ui/line/line';
import { Navigation } from '../src/ui/navigation';
import { DeploymentStore } from '../src/ui/store';
import { deployment, FakeTransport, settled } from './fixtures';

/** jsdom draws nothing, so these cannot be told. */
const UNDRAWN = { 'color-contrast': { enabled: false }, 'label-content-name-mismatch': { enabled: false } };

type Change = Partial<Omit<Deployment, 'spec' | 'status'>> & {
  spec?: Partial<Deployment['spec']>;
  status?: Partial<Deployment['status']>;
};

/** A deployment with all of its fields. */
function whole(id: string, change: Change = {}): Deployment {
  const { spec, status, ...rest } = change;
  const base = deployment(id, status?.state === undefined ? {} : { state: status.state });
  return {
    ...base,
    api_url: '',
    spec: {
      ...base.spec,
      type: 'real-time',
      replicas: 1,
      max_replicas: null,
      api_name: '',
      description: '',
      metadata: {},
      traffic: null,
      start_timeout: 600,
      check_parity: true,
      template: {
        ...base.spec.template,
        model: { ...base.spec.template.model, run_id: '', flavors: ['sklearn'] },
        image: '',
        image_pull_secret: '',
        env: {},
        secret_env: {},
        instance_type: 'small',
        runtime: { method: 'predict', predict_timeout: 60, max_payload: 1, isolate: false, batching: 'auto' }
      },
      ...spec
    },
    status: {
      ...base.status,
      serving: [{ revision: 1, percent: 100, tag: '' }],
      timeline: [],
      receipt: null,
      changed_at: base.updated_at,
      ...status
    },
    ...rest
  };
}

const FAILURE = {
  reason: 'missing_library',
  message: 'the model needs lightgbm, which is not installed',
  hint: 'pip install lightgbm',
  details: {},
  fix: '%pip install lightgbm\n%deploy start churn',
  evidence: 'Traceback <script>alert(1)</script>',
  revision: 1,
  replica: 'churn-1-abcde',
  at: '2026-11-21T10:00:00Z'
} as const;

const follow = vi.fn();
const insert = vi.fn(() => Promise.resolve());
const host: Host = {
  ...BARE,
  memory: passingMemory(),
  copy: vi.fn(() => Promise.resolve()),
  follow,
  notebook: { obstacle: () => null, insert, changed: () => () => undefined }
};

async function view(shown: Deployment, answer: (path: string, method: string) => unknown = () => undefined) {
  const transport = new FakeTransport();
  transport.answer = ({ path, method }) =>
    answer(path, method) ??
    (path === '/deployments'
      ? { deployments: [shown] }
      : { replicas: [], clients: [], dialects: [], deployment: shown });
  const store = new DeploymentStore(transport);
  const navigation = new Navigation({ view: 'deployment', id: shown.id, tab: 'overview' });
  const { container } = render(
    <HostProvider value={host}>
      <App store={store} navigation={navigation} place="test" />
    </HostProvider>
  );
  await act(async () => {
    store.open();
    transport.greet();
    await vi.dynamicImportSettled();
    await settled();
  });
  await act(async () => {
    await vi.dynamicImportSettled();
    await settled();
  });
  return { transport, store, navigation, container };
}

function button(name: string): HTMLElement {
  return screen.getByRole('button', { name });
}

beforeEach(() => {
  // jsdom has the element but not its methods.
  HTMLDialogElement.prototype.showModal = function (this: HTMLDialogElement) {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function (this: HTMLDialogElement) {
    this.open = false;
  };
});

afterEach(() => {
  cleanup();
  vi.clearAllMocks();
});

describe('the head', () => {
  it('stops in two steps and follows it to its end', async () => {
    const { transport } = await view(whole('churn'));
    fireEvent.click(button('Stop churn'));
    fireEvent.click(button('Really stop churn?'));
    await act(settled);
    expect(transport.asked.map(each => `${each.method} ${each.path}`)).toContain(
      'POST /deployments/churn/stop'
    );
    expect(follow).toHaveBeenCalledExactlyOnceWith('churn', 'churn', 'stop');
  });

  it('shows a refusal and follows nothing', async () => {
    const refused = toApiError(
      403,
      { message: 'the quota of group risk is used up', hint: 'stop something' },
      ''
    );
    await view(whole('churn', { status: { state: 'stopped' } }), path => {
      if (path.endsWith('/start')) {
        throw refused;
      }
      return undefined;
    });
    fireEvent.click(button('Start churn'));
    await act(settled);
    expect(screen.getByRole('alert').textContent).toContain('the quota of group risk is used up');
    expect(follow).not.toHaveBeenCalled();
  });

  it('says why nothing can be done to somebody who may only look', async () => {
    const { transport } = await view(whole('churn'));
    await act(async () => {
      transport.say({ topic: 'server', version: '0.1.0', actor: 'jo', can_write: false });
      await settled();
    });
    for (const name of ['Update churn', 'Stop churn', 'Delete churn']) {
      expect(button(name).title).toBe('You may look at deployments here but not change them');
    }
    fireEvent.click(button('Delete churn'));
    expect(screen.queryByRole('dialog')).toBeNull();
  });

  it('deletes when the name is typed, and stays with the way back', async () => {
    const { transport, navigation } = await view(whole('churn', { spec: { name: 'Churn 1' } }));
    fireEvent.click(button('Delete Churn 1'));
    const dialog = within(screen.getByRole('dialog'));
    expect(dialog.getByText(/The model itself stays: models:\/churn\/1/)).toBeTruthy();
    fireEvent.click(dialog.getByRole('button', { name: 'Delete' }));
    expect(transport.asked.some(each => each.method === 'DELETE')).toBe(false);
    fireEvent.change(dialog.getByRole('textbox'), { target: { value: 'Churn 1' } });
    fireEvent.click(dialog.getByRole('button', { name: 'Delete' }));
    await act(settled);
    expect(transport.asked.some(each => each.method === 'DELETE')).toBe(true);
    await act(async () => {
      transport.say({ topic: 'deleted', id: 'churn' });
      await settled();
    });
    expect(screen.getByText('Deleted')).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Stop Churn 1' })).toBeNull();
    fireEvent.click(button('Show all'));
    await act(settled);
    expect(navigation.route()).toEqual({ view: 'grid' });
  });

  it('says in the dialog why it was not deleted', async () => {
    await view(whole('churn'), (_, method) => {
      if (method === 'DELETE') {
        throw toApiError(409, { message: 'it changed meanwhile' }, '');
      }
      return undefined;
    });
    fireEvent.click(button('Delete churn'));
    const dialog = within(screen.getByRole('dialog'));
    fireEvent.change(dialog.getByRole('textbox'), { target: { value: 'churn' } });
    fireEvent.click(dialog.getByRole('button', { name: 'Delete' }));
    await act(settled);
    expect(dialog.getByRole('alert').textContent).toContain('it changed meanwhile');
    expect(follow).not.toHaveBeenCalled();
  });
});

describe('the overview', () => {
  it('shows the cause, the evidence as text, and a fix that becomes a cell', async () => {
    await view(whole('churn', { status: { state: 'failed', failure: { ...FAILURE }, serving: [] } }));
    expect(screen.getByText(FAILURE.message)).toBeTruthy();
    expect(screen.getByText(FAILURE.evidence)).toBeTruthy();
    expect(document.querySelector('script')).toBeNull();
    const fix = screen.getByText('A cell that mends it:').parentElement as HTMLElement;
    fireEvent.click(within(fix).getByRole('button', { name: 'Insert into the notebook' }));
    expect(insert).toHaveBeenCalledExactlyOnceWith(FAILURE.fix);
  });

  it('shows every field, with values of any length as they are', async () => {
    const long = 'x'.repeat(10_000);
    const { container } = await view(
      whole('churn', {
        api_url: 'http://127.0.0.1:8000/api/default/churn-api',
        spec: { description: long, metadata: { note: 'two\n"lines"' }, public: true }
      })
    );
    const labels = [...container.querySelectorAll('dt')].map(each => each.textContent);
    for (const label of [
      'Status',
      'Message',
      'Health',
      'Endpoint',
      'API endpoint',
      'Access Type',
      'Deployment Name',
      'ID',
      'Group',
      'Model URI',
      'Replicas',
      'Instance Type',
      'Creation Time',
      'Last Updated',
      'Description'
    ]) {
      expect(labels).toContain(label);
    }
    expect(screen.getByText(long)).toBeTruthy();
    expect(screen.getByText(/two\s+"lines"/).textContent).toBe('two\n"lines"');
    expect(screen.getByText('Public: whoever reaches the URL may ask')).toBeTruthy();
  });

  it('shows references of secrets and no values', async () => {
    const shown = whole('churn');
    shown.spec.template.secret_env = { KEY: 'env:MY_KEY' };
    await view(shown);
    expect(screen.getByText('env:MY_KEY')).toBeTruthy();
    expect(screen.getByText('Secret references')).toBeTruthy();
  });

  it('is accessible, failed and deployed', async () => {
    for (const state of ['failed', 'deployed'] as const) {
      const { container } = await view(
        whole('churn', { status: { state, failure: state === 'failed' ? { ...FAILURE } : null } }),
        path => (path.endsWith('/replicas') ? { replicas: [replica()] } : undefined)
      );
      expect(screen.getByRole('row', { name: /abcde/ }).textContent).toContain('36 MB');
      const { violations } = await axe.run(container, { rules: UNDRAWN });
      expect(violations.map(each => `${each.id}: ${each.nodes[0]?.html}`)).toEqual([]);
      cleanup();
    }
  });
});

function replica(): unknown {
  return {
    id: 'churn-1-abcde',
    revision: 1,
    state: 'ready',
    pid: 1,
    node: 'local',
    started_at: '2026-11-21T10:00:00Z',
    restarts: 0,
    memory_bytes: 36 * 1024 * 1024,
    cpu_seconds: 1.14,
    message: ''
  };
}

describe('health', () => {
  const target = (revision: number, percent: number) => ({ revision, percent, tag: '' });

  it.each<[string, Change]>([
    ['answers with revision 1, the intended one', {}],
    ['answers with revision 1 while revision 2 is wanted', { status: { revision: 2 } }],
    ['nothing answers now', { status: { serving: [] } }],
    ['stopped: it answers 503', { status: { serving: [] }, spec: { stopped: true } }],
    [
      'answers with revisions 1, 2, as the traffic is set',
      {
        status: { revision: 2, serving: [target(1, 90), target(2, 10)] },
        spec: { traffic: [target(1, 90), target(2, 10)] }
      }
    ]
  ])('says %s', (text, change) => {
    expect(answers(whole('churn', change), ENGLISH)).toBe(text);
  });
});

describe('the start-up', () => {
  const AT = Date.parse('2026-11-21T10:00:00Z');
  const phase = (
    name: Phase['name'],
    after: number,
    seconds: number | null,
    progress: number | null = null
  ): Phase => ({
    name,
    started_at: new Date(AT + after * 1000).toISOString(),
    seconds,
    progress,
    detail: name === 'download' ? 'models:/churn/1' : ''
  });
  const show = (state: Deployment['status']['state'], ...timeline: Phase[]): string[] => {
    render(
      <HostProvider value={host}>
        <Timeline status={whole('churn', { status: { state, timeline } }).status} />
      </HostProvider>
    );
    return screen.getAllByRole('listitem').map(each => each.textContent ?? '');
  };

  beforeEach(() => {
    vi.useFakeTimers({ now: AT + 5000 });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('has a bar for each phase, in the order in which they began', () => {
    const rows = show('deployed', phase('load', 2, 0.5), phase('download', 0, 2), phase('ready', 2.5, 0.01));
    expect(rows).toEqual(['Download2 s', 'Load500 ms', 'Ready10 ms']);
    const bars = document.querySelectorAll<HTMLElement>('.mdl-Phase-bar');
    expect(bars[1]?.style.insetInlineStart).toBe(`${(2 / 2.51) * 100}%`);
  });

  it('runs live, with its progress', () => {
    expect(show('deploying', phase('download', 0, null, 0.4))[0]).toBe(
      'Download5 s · 40\u202f%models:/churn/1'
    );
    act(() => {
      vi.advanceTimersByTime(1000);
    });
    expect(screen.getByRole('listitem').textContent).toContain('6 s');
  });

  it('ends where it failed, and no clock runs on', () => {
    expect(show('failed', phase('download', 0, 1), phase('load', 1, null))[1]).toBe('Loadfailed');
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    [0.0042, '4 ms'],
    [1.25, '1.3 s'],
    [61, '61 s'],
    [150, '2 min 30 s']
  ])('says %d seconds as %s', (seconds, text) => {
    expect(duration(seconds, ENGLISH, 'en')).toBe(text);
  });
});

describe('the cell of a deployment', () => {
  it('makes the same again', () => {
    const shown = whole('churn', {
      spec: { replicas: 2, metadata: { team: 'risk' }, description: 'who leaves' }
    });
    shown.spec.template.model.requested = 'models:/churn@champion';
    expect(cell(asCell(shown))).toBe(
      "%deploy models:/churn@champion --name churn --id churn --replicas 2 --instance-type small --metadata team=risk --description 'who leaves'"
    );
  });
});

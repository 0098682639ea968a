import { cleanup, fireEvent, screen, within } from '@testing-library/react';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { toApiError } from '../src/api/transport';
import type { Deployment } from '../src/api/types';
import { BARE, passingMemory, type Host } from '../src/ui/host';
import type { Kernel } from '../src/ui/kernel';
import { deployment, type FakeTransport } from './fixtures';
import { doing, mounted, violations, type Mounted, type MountOptions } from './mount';

const TYPES = [{ name: 'small', cpu: 1, memory: 2 ** 30, gpu: 0, description: '' }];
const NO_QUOTA = { cpu: null, memory: null, gpu: null, deployments: null };
const NOTHING = { cpu: 0, memory: 0, gpu: 0, deployments: 0 };
const GROUPS = [
  { name: 'default', title: '', enabled: true, quota: NO_QUOTA, used: NOTHING },
  {
    name: 'risk',
    title: '',
    enabled: true,
    quota: { ...NO_QUOTA, cpu: 2 },
    used: { ...NOTHING, cpu: 1 }
  },
  { name: 'old', title: '', enabled: false, quota: NO_QUOTA, used: NOTHING }
];
const INFO = {
  capabilities: { images: 'no images here', image_pull_secrets: 'no', replica_ranges: 'no ranges' }
};
const MODELS = [
  { name: 'churn', latest_version: '2', aliases: { champion: '1' } },
  { name: 'iris', latest_version: '1', aliases: {} }
];
const VERSIONS = [
  {
    name: 'churn',
    version: '2',
    uri: 'models:/churn/2',
    aliases: [],
    metrics: { auc: 0.91234567 },
    created_at: '2026-11-20T10:00:00Z',
    description: ''
  },
  {
    name: 'churn',
    version: '1',
    uri: 'models:/churn/1',
    aliases: ['champion'],
    metrics: {},
    created_at: null,
    description: ''
  }
];

function full(id: string, spec: Partial<Deployment['spec']> = {}, version = 1, by = 'jo'): Deployment {
  return deployment(id, {
    version,
    by,
    spec: {
      api_name: '',
      description: '',
      start_timeout: 600,
      check_parity: true,
      template: {
        model: { uri: `models:/${id}/1`, requested: '' },
        image: '',
        image_pull_secret: '',
        instance_type: 'small',
        env: { TZ: 'UTC' },
        secret_env: {},
        runtime: { method: 'predict', isolate: false, predict_timeout: 60, max_payload: 100_000_000 }
      },
      ...spec
    } as Partial<Deployment['spec']>
  });
}

type Answers = Record<string, unknown>;

function answers(more: Answers): FakeTransport['answer'] {
  const all: Answers = {
    'GET /groups': { groups: GROUPS },
    'GET /instance-types': { instance_types: TYPES },
    'GET /info': INFO,
    'GET /models': { models: MODELS },
    'GET /models/churn/versions': { versions: VERSIONS },
    ...more
  };
  return ({ method, path }) => {
    const found =
      all[`${method} ${path}`] ??
      (path.startsWith('/ids/') ? { available: true, reason: '', suggestion: '' } : undefined);
    if (found instanceof Error) {
      throw found;
    }
    return found ?? {};
  };
}

function open(deployments: Deployment[], options: MountOptions, more: Answers = {}): Promise<Mounted> {
  return mounted(deployments, { route: { view: 'create' }, answer: answers(more), ...options });
}

async function lazily(found: Promise<Mounted>): Promise<Mounted> {
  const value = await found;
  await screen.findByRole('heading', { name: /^(Create|Update)/ });
  await doing(() => undefined);
  return value;
}

function type(label: string | RegExp, text: string): void {
  fireEvent.change(screen.getByLabelText(label), { target: { value: text } });
}

function button(name: string | RegExp): HTMLElement {
  return screen.getByRole('button', { name });
}

function sent({ transport }: Mounted, method: string): unknown[] {
  return transport.asked.filter(each => each.method === method).map(each => each.body);
}

beforeAll(() => {
  vi.stubGlobal('CSS', { escape: (text: string) => text.replaceAll(/[^\w-]/g, each => `\\${each}`) });
});
afterEach(cleanup);

describe('the form of a new deployment', () => {
  it('asks for a model and a name, at their fields and above, and sends nothing', async () => {
    const found = await lazily(open([], {}));
    expect(screen.queryByRole('alert')).toBeNull();
    await doing(() => fireEvent.click(button('Deploy')));
    expect(screen.getByText('2 fields need a look')).toBeTruthy();
    expect(screen.getAllByText(/a name needs at least one visible character/)).toHaveLength(2);
    expect(sent(found, 'POST')).toEqual([]);
    expect(await violations()).toEqual([]);
  });

  it('deploys a version of a registered model, and goes to its details', async () => {
    const follow = vi.fn();
    const found = await lazily(
      open([], { host: { follow } }, { 'POST /deployments': { deployment: full('churn') } })
    );
    await doing(() => fireEvent.click(button(/^churn/)));
    expect(screen.getByRole('radio', { name: /@champion version 1 now/ })).toBeTruthy();
    fireEvent.click(screen.getByRole('radio', { name: /Version 2.*auc 0.9123/ }));
    expect(screen.getByLabelText(/Deployment Name/)).toHaveProperty('value', 'churn');
    expect(screen.getByLabelText('The code').textContent).toBe('%deploy models:/churn/2');
    type(/Replicas/, '2');
    expect(screen.getByLabelText('The code').textContent).toBe('%deploy models:/churn/2 --replicas 2');
    await doing(() => fireEvent.keyDown(screen.getByLabelText(/Replicas/), { key: 'Enter' }));
    expect(sent(found, 'POST')).toEqual([]);
    await doing(() => fireEvent.keyDown(screen.getByLabelText(/Replicas/), { key: 'Enter', ctrlKey: true }));
    expect(sent(found, 'POST')).toEqual([
      { model: 'models:/churn/2', name: 'churn', group: 'default', replicas: 2 }
    ]);
    expect(follow).toHaveBeenCalledExactlyOnceWith('churn', 'churn', 'deploy');
    expect(found.navigation.route()).toEqual({ view: 'deployment', id: 'churn', tab: 'overview' });
  });

  it.each([
    ['registry_unavailable', 'The model registry cannot be reached'],
    ['registry_not_configured', 'The model registry is not configured'],
    ['model_not_found', 'No models are registered yet']
  ])('tells %s apart', async (code, title) => {
    await lazily(
      open([], {}, { 'GET /models': toApiError(503, { code, message: 'because', hint: 'do' }, '') })
    );
    expect(screen.getByText(title)).toBeTruthy();
  });

  it('says what is free, what this takes, and that it is too much, before it is sent', async () => {
    await lazily(open([], {}));
    expect(screen.getByText('Takes 1 vCPU, 1 GiB. Group default has no quota.')).toBeTruthy();
    type(/^Group/, 'risk');
    expect(within(screen.getByRole('table')).getByRole('row', { name: 'vCPU 1 1 0' })).toBeTruthy();
    type(/Replicas/, '3');
    expect(screen.getByText('group risk has a quota of 2 vCPU: 1 used, 3 wanted')).toBeTruthy();
    const disabled = screen.getByRole('option', { name: 'old: model deployment is not enabled' });
    expect(disabled).toHaveProperty('disabled', true);
  });

  it('shows the refusal of a quota with its numbers, and keeps what was typed', async () => {
    const message = 'group risk has a quota of 2 vCPU: 2 used, 1 wanted';
    const refusal = toApiError(403, { code: 'quota_exceeded', message, hint: 'use fewer replicas' }, '');
    const found = await lazily(
      open([], { route: { view: 'create', model: 'models:/churn/1' } }, { 'POST /deployments': refusal })
    );
    type('Description', 'kept');
    await doing(() => fireEvent.click(button('Deploy')));
    expect(screen.getByText(message)).toBeTruthy();
    expect(screen.getByText('use fewer replicas')).toBeTruthy();
    expect(screen.getByLabelText('Description')).toHaveProperty('value', 'kept');
    expect(found.navigation.route().view).toBe('create');
  });

  it('says in the agreed words that there is no group', async () => {
    await lazily(open([], {}, { 'GET /groups': { groups: GROUPS.slice(2) } }));
    const words = 'No group is configured for you to launch a server. Please contact admin.';
    expect(screen.getAllByText(words)).toHaveLength(2);
    expect(button('Deploy').getAttribute('aria-disabled')).toBe('true');
    expect(button('Deploy').title).toBe(words);
  });

  it('says why the engine has no images and no ranges', async () => {
    await lazily(open([], {}));
    expect(screen.getByLabelText('Model Image')).toHaveProperty('readOnly', true);
    expect(screen.getByText('no images here')).toBeTruthy();
    expect(screen.getByLabelText('At most')).toHaveProperty('title', 'no ranges');
  });

  it('shows what the server says of a field, at the field', async () => {
    const details = { fields: { 'env.TZ': 'too odd' } };
    const refusal = toApiError(422, { code: 'invalid_input', message: 'env.TZ: too odd', details }, '');
    await lazily(
      open([], { route: { view: 'create', model: 'models:/churn/1' } }, { 'POST /deployments': refusal })
    );
    fireEvent.click(button('Add variable'));
    const row = within(screen.getByRole('group', { name: 'Environment variables 1' }));
    fireEvent.change(row.getByLabelText('Name 1'), { target: { value: 'TZ' } });
    await doing(() => fireEvent.click(button('Deploy')));
    expect(row.getByRole('alert').textContent).toBe('too odd');
    expect(document.activeElement).toBe(row.getByLabelText('Value 1'));
    fireEvent.change(row.getByLabelText('Value 1'), { target: { value: 'UTC' } });
    expect(row.queryByRole('alert')).toBeNull();
  });

  it('splits pasted lines into rows and refuses a name twice', async () => {
    await lazily(open([], {}));
    fireEvent.click(button('Add metadata'));
    const part = screen.getByRole('group', { name: 'Metadata' });
    fireEvent.paste(within(part).getByLabelText('Name 1'), {
      clipboardData: { getData: () => 'team=risk\ncost=7' }
    });
    expect(within(part).getByLabelText('Value 2')).toHaveProperty('value', '7');
    fireEvent.change(within(part).getByLabelText('Name 2'), { target: { value: 'team' } });
    expect(within(part).getByText('this name is there already')).toBeTruthy();
    await doing(() =>
      fireEvent.click(within(part).getAllByRole('button', { name: 'Remove team' })[1] ?? part)
    );
    expect(within(part).queryByText('this name is there already')).toBeNull();
    expect(document.activeElement).toBe(within(part).getByLabelText('Name 1'));
  });

  it('offers the deployment that has the name already', async () => {
    const found = await lazily(
      open([full('churn')], { route: { view: 'create', model: 'models:/churn/1' } })
    );
    expect(screen.getByText('churn has this name in group default')).toBeTruthy();
    await doing(() => fireEvent.click(button('Update churn instead')));
    expect(found.navigation.route()).toEqual({ view: 'update', id: 'churn' });
  });

  it('stands names of any length and script', async () => {
    await lazily(open([], { route: { view: 'create', model: 'models:/churn/1' } }));
    type(/Deployment Name/, 'x'.repeat(10_000));
    expect(screen.getByText('a name has at most 200 characters, this one has 10000')).toBeTruthy();
    type(/Deployment Name/, '<script>alert(1)</script> 🚀 مرحبا');
    expect(screen.getByLabelText('The code').textContent).toContain(
      `--name '<script>alert(1)</script> 🚀 مرحبا'`
    );
    expect(screen.getByLabelText('Deployment ID')).toHaveProperty('value', 'script-alert-1-script');
    expect(document.querySelector('script')).toBeNull();
  });

  it('asks before it is left, and forgets then', async () => {
    const memory = passingMemory();
    const found = await lazily(open([], { host: { memory } }));
    type('Description', 'half');
    await doing(() => void found.navigation.go({ view: 'grid' }));
    fireEvent.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Cancel' }));
    await doing(() => undefined);
    expect(found.navigation.route().view).toBe('create');
    await doing(() => void found.navigation.go({ view: 'grid' }));
    await doing(() =>
      fireEvent.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Leave' }))
    );
    expect(found.navigation.route().view).toBe('grid');
    expect(memory.get('test/draft/create')).toBeNull();
  });

  it('is there again after a reload, and can be discarded', async () => {
    const memory = passingMemory();
    await lazily(open([], { host: { memory } }));
    type('Description', 'half a sent');
    cleanup();
    await lazily(open([], { host: { memory } }));
    expect(screen.getByLabelText('Description')).toHaveProperty('value', 'half a sent');
    fireEvent.click(button('Discard'));
    expect(screen.getByLabelText('Description')).toHaveProperty('value', '');
    expect(screen.queryByRole('button', { name: 'Discard' })).toBeNull();
  });

  it('cannot be sent by who may only look, nor without a connection, and keeps what is typed', async () => {
    const found = await lazily(open([], { route: { view: 'create', model: 'models:/churn/1' } }));
    type('Description', 'kept');
    await doing(() => found.transport.say({ topic: 'connection', open: false, obstacle: 'unreachable' }));
    expect(button('Deploy').getAttribute('aria-disabled')).toBe('true');
    expect(screen.getByLabelText('Description')).toHaveProperty('value', 'kept');
    await doing(() => {
      found.transport.greet();
      found.transport.say({ topic: 'server', version: '0.1.0', actor: 'jo', can_write: false });
    });
    expect(button('Deploy').title).toBe('You may look at deployments here but not change them');
    await doing(() => fireEvent.click(button('Deploy')));
    expect(sent(found, 'POST')).toEqual([]);
  });
});

describe('a model in the kernel', () => {
  function kernel(change: Partial<Kernel> = {}): Kernel {
    return {
      obstacle: () => Promise.resolve(null),
      models: () => Promise.resolve([{ name: 'clf', type: 'sklearn.linear_model.LogisticRegression' }]),
      frames: () => Promise.resolve([]),
      rows: () => Promise.reject(new Error()),
      answer: () => Promise.reject(new Error()),
      run: () => Promise.resolve(),
      changed: () => () => undefined,
      ...change
    };
  }
  const host = (change?: Partial<Kernel>): Partial<Host> => ({
    ...BARE,
    memory: passingMemory(),
    kernel: kernel(change)
  });

  it('is deployed by the line, run there', async () => {
    const run = vi.fn((_: string, told?: (text: string) => void) => {
      told?.('Saving clf');
      return Promise.resolve();
    });
    const found = await lazily(open([full('clf')], { host: host({ run }), route: { view: 'create' } }));
    fireEvent.click(screen.getByRole('tab', { name: 'Kernel' }));
    await doing(() => undefined);
    fireEvent.click(screen.getByRole('radio', { name: /clf LogisticRegression/ }));
    expect(screen.getByLabelText('The code').textContent).toBe('%deploy clf');
    await doing(() => fireEvent.click(button('Deploy')));
    expect(run.mock.calls[0]?.[0]).toBe('%deploy clf --new --no-wait');
    expect(found.navigation.route()).toEqual({ view: 'deployment', id: 'clf', tab: 'overview' });
  });

  it('says in one line why that failed, with what was printed', async () => {
    const run = (_: string, told?: (text: string) => void): Promise<void> => {
      told?.('Saving clf\n');
      return Promise.reject(new Error('clf cannot be saved'));
    };
    await lazily(open([], { host: host({ run }), route: { view: 'create', model: 'clf' } }));
    await doing(() => fireEvent.click(button('Deploy')));
    expect(screen.getByText('clf cannot be saved')).toBeTruthy();
    expect(screen.getByText('Saving clf')).toBeTruthy();
  });

  it('cannot be chosen from a kernel that is busy, which says so', async () => {
    const obstacle = (): Promise<string> => Promise.resolve('The kernel is busy');
    await lazily(open([], { host: host({ obstacle }), route: { view: 'create' } }));
    fireEvent.click(screen.getByRole('tab', { name: 'Kernel' }));
    await doing(() => undefined);
    expect(screen.getByText('The kernel is busy')).toBeTruthy();
  });
});

describe('the form of an update', () => {
  const route = { view: 'update', id: 'churn' } as const;

  it('is filled, freezes id and group with the reason, and sends only what changed', async () => {
    const found = await lazily(
      open(
        [full('churn', {}, 7)],
        { route },
        { 'PATCH /deployments/churn': { deployment: full('churn', {}, 8) } }
      )
    );
    expect(screen.getByLabelText('Deployment ID')).toHaveProperty('readOnly', true);
    expect(screen.getByLabelText(/^Group/)).toHaveProperty('readOnly', true);
    expect(button('Update').title).toBe('Nothing is changed yet');
    type('Update Message', 'more');
    expect(button('Update').title).toBe('Nothing is changed yet');
    type(/Replicas/, '2');
    expect(screen.getByText('This changes in place: revision 1 stays.')).toBeTruthy();
    type('Value 1', 'CET');
    expect(screen.getByText(/^This makes a new revision, 2/)).toBeTruthy();
    expect(screen.getByLabelText('The code').textContent).toBe(
      '%deploy update churn --replicas 2 --env TZ=CET --message more'
    );
    expect(await violations()).toEqual([]);
    await doing(() => fireEvent.click(button('Update')));
    expect(sent(found, 'PATCH')).toEqual([
      { replicas: 2, env: { TZ: 'CET' }, message: 'more', resource_version: 7 }
    ]);
  });

  it('leaves a stopped one stopped, unless it is asked to start it', async () => {
    const found = await lazily(
      open(
        [full('churn', { stopped: true })],
        { route },
        { 'PATCH /deployments/churn': { deployment: full('churn', {}, 8) } }
      )
    );
    expect(screen.getByText('It is stopped, and stays so.')).toBeTruthy();
    fireEvent.click(screen.getByRole('switch', { name: 'Start it' }));
    await doing(() => fireEvent.click(button('Update')));
    expect(sent(found, 'PATCH')).toEqual([{ start: true, message: '', resource_version: 1 }]);
  });

  it('takes over what somebody else changes, and asks about what both did', async () => {
    const found = await lazily(open([full('churn')], { route }));
    type('Replicas*', '3');
    const theirs = full('churn', { replicas: 2, description: 'theirs' }, 2, 'bob');
    await doing(() => found.transport.say({ topic: 'deployment', deployment: theirs, id: 'churn' } as never));
    const merge = within(screen.getByRole('alert', { name: 'Changed meanwhile' }));
    expect(merge.getByText(/^bob changed this deployment/)).toBeTruthy();
    expect(screen.getByLabelText('Description')).toHaveProperty('value', 'theirs');
    expect(screen.getByLabelText('Replicas*')).toHaveProperty('value', '3');
    expect(button('Update').title).toBe('Choose between yours and theirs first');
    expect(await violations()).toEqual([]);
    fireEvent.click(button('Show'));
    expect(document.activeElement).toBe(merge.getByRole('button', { name: 'Keep yours: Replicas' }));
    fireEvent.click(merge.getByRole('button', { name: 'Keep yours: Replicas' }));
    await doing(() => fireEvent.click(button('Update')));
    expect(sent(found, 'PATCH')).toEqual([{ replicas: 3, message: '', resource_version: 2 }]);
  });

  it('learns from a 409 what changed', async () => {
    const theirs = full('churn', { replicas: 2 }, 2, 'bob');
    const stale = toApiError(409, { code: 'stale_edit', message: 'churn was changed by bob' }, '');
    await lazily(
      open(
        [full('churn')],
        { route },
        { 'PATCH /deployments/churn': stale, 'GET /deployments/churn': theirs }
      )
    );
    type('Description', 'mine');
    await doing(() => fireEvent.click(button('Update')));
    expect(screen.getByText('churn was changed by bob')).toBeTruthy();
    expect(screen.getByLabelText(/Replicas/)).toHaveProperty('value', '2');
    expect(screen.getByLabelText('Description')).toHaveProperty('value', 'mine');
  });

  it('says that there is no such deployment', async () => {
    await mounted([], { route, answer: answers({}) });
    expect(await screen.findByText('There is no deployment churn')).toBeTruthy();
  });
});

import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { toApiError } from '../src/api/transport';
import type { State } from '../src/api/types';
import { App } from '../src/ui/App';
import { CellCards } from '../src/ui/cell/CellCard';
import { DeploymentCard, type CardProps } from '../src/ui/grid/DeploymentCard';
import { reachable } from '../src/ui/endpoint';
import { BARE, HostProvider, passingMemory, type Host } from '../src/ui/host';
import { Navigation } from '../src/ui/navigation';
import { readPayloads } from '../src/ui/cell/payload';
import { DeploymentStore } from '../src/ui/store';
import { ago } from '../src/ui/time';
import { deployment, FakeTransport, settled } from './fixtures';

const copy = vi.fn(() => Promise.resolve());
const host: Host = { ...BARE, copy, version: '0.1.0', memory: passingMemory() };

function show(content: React.ReactElement): void {
  render(<HostProvider value={host}>{content}</HostProvider>);
}

function card(change: Partial<CardProps> = {}): ReturnType<typeof vi.fn> {
  const onAct = vi.fn();
  show(<DeploymentCard deployment={deployment('churn')} old={false} onAct={onAct} {...change} />);
  return onAct;
}

async function panel(...ids: string[]): Promise<FakeTransport> {
  const transport = new FakeTransport();
  transport.answer = () => ({ deployments: ids.map(id => deployment(id)) });
  const store = new DeploymentStore(transport);
  show(<App store={store} navigation={new Navigation()} place="test" />);
  await act(async () => {
    store.open();
    await settled();
  });
  return transport;
}

async function say(run: () => void): Promise<void> {
  await act(async () => {
    run();
    await settled();
  });
}

beforeEach(() => vi.useFakeTimers());

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

describe('a card', () => {
  it.each<[State, string]>([
    ['deployed', 'Deployed'],
    ['failed', 'Failed'],
    ['deploying', 'Deploying'],
    ['stopping', 'Stopping'],
    ['stopped', 'Stopped']
  ])('says %s by word and colour', (state, word) => {
    card({ deployment: deployment('churn', { state }) });
    expect(screen.getByText(word).className).toContain(`mdl-Chip-${state}`);
  });

  it('stops in two steps', () => {
    const onAct = card();
    fireEvent.click(screen.getByRole('button', { name: 'Stop churn' }));
    expect(onAct).not.toHaveBeenCalled();
    fireEvent.click(screen.getByRole('button', { name: 'Really stop churn?' }));
    expect(onAct).toHaveBeenCalledExactlyOnceWith('churn', 'stop');
  });

  it('forgets the first step after a while, on Escape and when one looks elsewhere', () => {
    card();
    const forget = [
      () => {
        act(() => {
          vi.advanceTimersByTime(6000);
        });
      },
      () => fireEvent.keyDown(screen.getByRole('button', { name: 'Really stop churn?' }), { key: 'Escape' }),
      () => fireEvent.blur(screen.getByRole('button', { name: 'Really stop churn?' }))
    ];
    for (const each of forget) {
      fireEvent.click(screen.getByRole('button', { name: 'Stop churn' }));
      each();
      expect(screen.queryByRole('button', { name: 'Really stop churn?' })).toBeNull();
    }
  });

  it('starts what is stopped, at once', () => {
    const onAct = card({ deployment: deployment('churn', { state: 'stopped' }) });
    fireEvent.click(screen.getByRole('button', { name: 'Start churn' }));
    expect(onAct).toHaveBeenCalledExactlyOnceWith('churn', 'start');
  });

  it('tries a failed one again, or stops it', () => {
    const onAct = card({ deployment: deployment('churn', { state: 'failed' }) });
    fireEvent.click(screen.getByRole('button', { name: 'Try again to start churn' }));
    expect(onAct).toHaveBeenCalledExactlyOnceWith('churn', 'start');
    expect(screen.getByRole('button', { name: 'Stop churn' })).toBeTruthy();
  });

  it.each([
    ['old', { old: true }, 'No connection: this may have changed'],
    ['read-only', { readOnly: 'You may not' }, 'You may not'],
    ['busy', { pending: 'stop' as const }, 'In progress']
  ])('says why nothing can be done: %s', (_, change, reason) => {
    const onAct = card(change);
    const button = screen.getByRole('button', { name: 'Stop churn' });
    expect(button.getAttribute('aria-disabled')).toBe('true');
    expect(button.title).toBe(reason);
    fireEvent.click(button);
    fireEvent.click(button);
    expect(onAct).not.toHaveBeenCalled();
  });

  it('copies the URL and says so', async () => {
    card();
    await act(async () => {
      fireEvent.click(
        screen.getByRole('button', { name: 'Copy URL http://127.0.0.1:8000/deployment/churn' })
      );
      await settled();
    });
    expect(copy).toHaveBeenCalledWith('http://127.0.0.1:8000/deployment/churn');
    expect(screen.getByText('Copied')).toBeTruthy();
  });

  it('shows a refusal with its hint, as an alert', () => {
    card({ refusal: toApiError(403, { message: 'over the quota', hint: 'stop another' }, '').body });
    expect(screen.getByRole('alert').textContent).toBe('over the quotastop another');
  });

  it('shows names as text, whatever they hold', () => {
    const name = '<script>alert(1)</script> 🎉 עברית';
    card({ deployment: deployment('churn', { name }) });
    expect(screen.getByRole('heading').textContent).toBe(name);
    expect(document.querySelector('script')).toBeNull();
  });
});

describe('the panel', () => {
  it('says that it loads, and then that there is nothing and what to do', async () => {
    const transport = await panel();
    expect(screen.getByText('Loading deployments…')).toBeTruthy();
    await say(() => transport.greet());
    expect(screen.getByText('No deployments yet')).toBeTruthy();
    expect(screen.getByText('%deploy clf --name churn')).toBeTruthy();
  });

  it('says that the engine is away and tries again when asked', async () => {
    const transport = await panel('churn');
    const error = toApiError(
      503,
      { message: 'its disk is full', hint: 'free some', code: 'engine_unavailable' },
      ''
    ).body;
    await say(() => transport.say({ topic: 'engine', connected: false, error }));
    expect(screen.getByText('The engine does not answer')).toBeTruthy();
    expect(screen.getByText('its disk is full')).toBeTruthy();
    expect(screen.getByText('free some')).toBeTruthy();
    await say(() => fireEvent.click(screen.getByRole('button', { name: 'Try again' })));
    expect(screen.getByRole('heading', { name: 'churn' })).toBeTruthy();
  });

  it.each([
    ['missing' as const, 'This Jupyter server has no mdeploy extension'],
    ['refused' as const, 'You may not see deployments on this Jupyter server'],
    ['unreachable' as const, 'Jupyter does not answer']
  ])('says what is in the way: %s', async (obstacle, title) => {
    const transport = await panel();
    await say(() => transport.say({ topic: 'connection', open: false, obstacle }));
    expect(screen.getByText(title)).toBeTruthy();
  });

  it('marks everything as old when the connection goes, and says so after a moment', async () => {
    const transport = await panel('churn');
    await say(() => transport.greet());
    await say(() => transport.say({ topic: 'connection', open: false, obstacle: 'unreachable' }));
    expect(document.querySelector('.mdl-Card.mdl-mod-old')).not.toBeNull();
    expect(screen.queryByText(/What you see is old/)).toBeNull();
    act(() => {
      vi.advanceTimersByTime(2000);
    });
    expect(screen.getByText(/Jupyter does not answer. What you see is old/)).toBeTruthy();
    await say(() => transport.greet());
    expect(screen.queryByText(/What you see is old/)).toBeNull();
  });

  it('says when panel and server are of different versions', async () => {
    const transport = await panel();
    await say(() => transport.say({ topic: 'server', version: '9.9.9', actor: 'jo', can_write: true }));
    expect(screen.getByText(/This panel is mdeploy 0.1.0, the Jupyter server has 9.9.9/)).toBeTruthy();
  });

  it('disables what a reader may not do, and says why', async () => {
    const transport = await panel('churn');
    await say(() => transport.greet());
    await say(() => transport.say({ topic: 'server', version: '0.1.0', actor: 'jo', can_write: false }));
    expect(screen.getByRole('button', { name: 'Stop churn' }).title).toMatch(/not change/);
  });

  it('finds by name and id, and says what it hides', async () => {
    const transport = await panel('churn', 'fraud');
    await say(() => transport.greet());
    fireEvent.change(screen.getByRole('searchbox'), { target: { value: ' CHU ' } });
    expect(screen.getAllByRole('article')).toHaveLength(1);
    fireEvent.change(screen.getByRole('searchbox'), { target: { value: 'x' } });
    expect(screen.getByText('2 deployments are hidden by the search.')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Show all' }));
    expect(screen.getAllByRole('article')).toHaveLength(2);
  });
});

describe('a cell', () => {
  const picture = {
    id: 'churn',
    uid: 'uid-churn',
    name: 'churn',
    url: 'http://x/deployment/churn',
    state: 'deploying'
  };

  function cell(output: unknown, ...ids: string[]): FakeTransport {
    const transport = new FakeTransport();
    transport.answer = () => ({ deployments: ids.map(id => deployment(id)) });
    show(<CellCards store={new DeploymentStore(transport)} payloads={readPayloads(output) ?? []} />);
    return transport;
  }

  it('shows the picture first and then what is', async () => {
    const transport = cell(picture, 'churn');
    expect(screen.getByText('Deploying')).toBeTruthy();
    await say(() => transport.greet());
    expect(screen.getByText('Deployed')).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Stop churn' }).getAttribute('aria-disabled')).toBe('false');
  });

  it('says that a deployment is gone, also when another took its id', async () => {
    const transport = cell({ ...picture, uid: 'an-older-one' }, 'churn');
    await say(() => transport.greet());
    expect(screen.getByText('Deploying')).toBeTruthy();
    expect(screen.getByText(/does not exist any more/)).toBeTruthy();
  });

  it('shows a list, and an empty one', () => {
    cell({ deployments: [picture, { ...picture, id: 'fraud', uid: 'b', name: 'fraud' }] });
    expect(screen.getAllByRole('article')).toHaveLength(2);
    cleanup();
    cell({ deployments: [] });
    expect(screen.getByText('There were no deployments when the cell ran.')).toBeTruthy();
  });

  it.each([null, 1, 'x', [], {}, { id: 5 }, { deployment: { spec: 1 } }])(
    'does not take %j for ours',
    output => {
      expect(readPayloads(output)).toBeNull();
    }
  );

  it('reads damaged pictures as far as they go', () => {
    const [read] =
      readPayloads({
        id: 'churn',
        state: 'exploded',
        url: 7,
        replicas: 'many',
        deployment: { id: 'churn' }
      }) ?? [];
    expect(read).toMatchObject({ id: 'churn', name: 'churn', url: '', state: 'deploying' });
    expect(read?.deployment).toBeUndefined();
  });
});

describe('small things', () => {
  const there = { id: 'churn', url: 'http://127.0.0.1:8000/deployment/churn', spec: { public: false } };

  it('shows the URL that works from where one looks', () => {
    const remote = 'https://hub.example/user/jo/mdeploy/endpoint/';
    expect(reachable(there, remote)).toEqual({ url: `${remote}churn`, localOnly: false });
    expect(reachable({ ...there, spec: { public: true } }, remote)).toEqual({
      url: there.url,
      localOnly: true
    });
    expect(reachable(there, 'http://localhost:8888/mdeploy/endpoint/').url).toBe(there.url);
    expect(reachable({ ...there, url: 'https://models.example/deployment/churn' }, remote).url).toContain(
      'models.example'
    );
    expect(reachable({ ...there, url: '' }, remote).url).toBe('');
  });

  it('says how long ago something was', () => {
    const now = Date.parse('2026-11-21T12:00:00Z');
    expect(ago(now - 5000, now, 'en')).toBe('now');
    expect(ago(now - 3 * 3_600_000 - 5000, now, 'en')).toBe('3 hours ago');
    expect(ago(now - 86_400_000, now, 'en')).toBe('yesterday');
  });
});

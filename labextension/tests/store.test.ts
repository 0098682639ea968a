import { describe, expect, it } from 'vitest';
import { toApiError } from '../src/api/transport';
import { DeploymentStore } from '../src/ui/store';
import { deployment, FakeTransport, settled } from './fixtures';

function opened(...ids: string[]): { transport: FakeTransport; store: DeploymentStore; close: () => void } {
  const transport = new FakeTransport();
  transport.answer = () => ({ deployments: ids.map(id => deployment(id)) });
  const store = new DeploymentStore(transport);
  return { transport, store, close: store.open() };
}

describe('the store', () => {
  it('loads when the server greets, newest change first', async () => {
    const { transport, store } = opened();
    transport.answer = () => ({
      deployments: [
        deployment('old', { at: '2026-01-01T00:00:00Z' }),
        deployment('new', { at: '2026-02-01T00:00:00Z' })
      ]
    });
    expect(store.snapshot().freshness).toBe('loading');
    transport.greet();
    await settled();
    expect(store.snapshot().deployments.map(each => each.id)).toEqual(['new', 'old']);
    expect(store.snapshot().freshness).toBe('live');
    expect(store.snapshot().server).toEqual({ version: '0.1.0', actor: 'jo', canWrite: true });
  });

  it('takes what is pushed without asking again', async () => {
    const { transport, store } = opened('churn');
    transport.greet();
    await settled();
    transport.say({
      topic: 'deployment',
      id: 'churn',
      deployment: deployment('churn', { state: 'stopped', version: 2 })
    });
    transport.say({ topic: 'deployment', id: 'next', deployment: deployment('next') });
    transport.say({ topic: 'deleted', id: 'nothing' });
    expect(store.snapshot().byId.get('churn')?.status.state).toBe('stopped');
    expect(store.snapshot().deployments).toHaveLength(2);
    transport.say({ topic: 'deleted', id: 'churn' });
    expect([...store.snapshot().byId.keys()]).toEqual(['next']);
    expect(transport.asked).toHaveLength(1);
  });

  it('loses nothing that is pushed while it loads', async () => {
    const { transport, store } = opened();
    let answer: (value: unknown) => void = () => undefined;
    transport.answer = () => new Promise(resolve => (answer = resolve));
    transport.greet();
    transport.say({
      topic: 'deployment',
      id: 'churn',
      deployment: deployment('churn', { state: 'failed', version: 2 })
    });
    transport.say({ topic: 'deleted', id: 'gone' });
    answer({ deployments: [deployment('churn'), deployment('gone')] });
    await settled();
    expect(store.snapshot().byId.get('churn')?.status.state).toBe('failed');
    expect(store.snapshot().byId.has('gone')).toBe(false);
  });

  it('loads again when messages were left out', async () => {
    const { transport } = opened('churn');
    transport.greet();
    await settled();
    transport.say({ topic: 'skipped', id: '', count: 3 });
    await settled();
    expect(transport.asked).toHaveLength(2);
  });

  it('marks as old what it shows when the connection or the engine goes', async () => {
    const { transport, store } = opened('churn');
    transport.greet();
    await settled();
    transport.say({ topic: 'connection', open: false, obstacle: 'unreachable' });
    expect(store.snapshot()).toMatchObject({ freshness: 'old', obstacle: 'unreachable' });
    expect(store.snapshot().deployments).toHaveLength(1);
    transport.greet();
    await settled();
    expect(store.snapshot()).toMatchObject({ freshness: 'live', obstacle: null });
    const error = toApiError(503, { message: 'away', code: 'engine_unavailable' }, '').body;
    transport.say({ topic: 'engine', connected: false, error });
    expect(store.snapshot()).toMatchObject({ freshness: 'old', engineAway: { message: 'away' } });
  });

  it('shares one subscription and ends it with the last user', async () => {
    const { transport, store, close } = opened('churn');
    const other = store.open();
    transport.greet();
    await settled();
    close();
    close();
    expect(transport.listeners.get('deployments')?.size).toBe(1);
    other();
    expect(transport.listeners.get('deployments')?.size).toBe(0);
    expect(store.snapshot().freshness).toBe('old');
  });

  it('keeps a refusal with the deployment until the next try', async () => {
    const { transport, store } = opened('churn');
    transport.greet();
    await settled();
    transport.answer = () => {
      throw toApiError(409, { message: 'it changed', hint: 'look again', code: 'stale_edit' }, '');
    };
    const acting = store.act('churn', 'stop');
    expect(store.snapshot().pending.get('churn')).toBe('stop');
    await acting;
    expect(store.snapshot().pending.size).toBe(0);
    expect(store.snapshot().refusals.get('churn')).toMatchObject({
      message: 'it changed',
      hint: 'look again'
    });
    transport.answer = () => ({
      deployment: deployment('churn', { state: 'stopping', version: 2 }),
      changed: true
    });
    await store.act('churn', 'stop');
    expect(store.snapshot().refusals.size).toBe(0);
    expect(store.snapshot().byId.get('churn')?.status.state).toBe('stopping');
  });

  it('does not let an answer overtake what was pushed', async () => {
    const { transport, store } = opened('churn');
    transport.greet();
    await settled();
    transport.answer = () => {
      transport.say({
        topic: 'deployment',
        id: 'churn',
        deployment: deployment('churn', { state: 'stopped', version: 2 })
      });
      return { deployment: deployment('churn', { state: 'stopping', version: 2 }), changed: true };
    };
    await store.act('churn', 'stop');
    expect(store.snapshot().byId.get('churn')?.status.state).toBe('stopped');
  });

  it('says why it could not load', async () => {
    const { transport, store } = opened();
    transport.answer = () => {
      throw toApiError(
        503,
        { message: 'the home is full', hint: 'free some space', code: 'home_unusable' },
        ''
      );
    };
    transport.greet();
    await settled();
    expect(store.snapshot()).toMatchObject({ loaded: false, failure: { message: 'the home is full' } });
  });
});

import { cleanup, fireEvent, screen, within } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { toApiError } from '../src/api/transport';
import type { Client, Event } from '../src/api/types';
import { passingMemory } from '../src/ui/host';
import type { Tab } from '../src/ui/navigation';
import { deployment, type FakeTransport } from './fixtures';
import { doing, mounted, violations, type Mounted } from './mount';

const TOKEN = 'mdp_web.very-secret';

function client(name: string, change: Partial<Client> = {}): Client {
  const at = '2026-11-21T10:00:00Z';
  const secret = { key_id: `key-${name}`, created_at: at, expires_at: null, last_used_at: null };
  return { name, created_at: at, created_by: 'jo', last_used_at: null, secrets: [secret], ...change };
}

async function tab(which: Tab, answer: FakeTransport['answer'], host = {}): Promise<Mounted> {
  const route = { view: 'deployment', id: 'churn', tab: which } as const;
  const found = await mounted([deployment('churn')], { route, answer, host });
  await vi.waitFor(() => {
    if (screen.queryByText(/^Loading/) !== null) {
      throw new Error('it still loads');
    }
  });
  await doing(() => undefined);
  return found;
}

afterEach(cleanup);

describe('clients', () => {
  const named =
    (...clients: Client[]): FakeTransport['answer'] =>
    asked =>
      asked.method === 'GET' ? { clients } : { client: client('web'), token: TOKEN };

  it('says what they are for when there are none, with a call that asks for the token', async () => {
    await tab('clients', named());
    expect(screen.getByText('No clients yet')).toBeTruthy();
    expect(screen.getByText(/^curl -u web .*\/deployment\/churn\/invocations$/)).toBeTruthy();
    expect(await violations()).toEqual([]);
  });

  it.each([
    ['Web', /Small letters/],
    ['1st', /Small letters/],
    ['web shop', /Small letters/],
    ['web', /There is a client of this name/]
  ])('does not take %s and says why at the field', async (name, reason) => {
    const { transport } = await tab('clients', named(client('web')));
    const field = screen.getByLabelText(/Client Name/);
    fireEvent.change(field, { target: { value: name } });
    expect(screen.getByRole('alert').textContent).toMatch(reason);
    await doing(() => fireEvent.click(screen.getByRole('button', { name: 'Add client' })));
    expect(transport.asked.some(each => each.method === 'POST')).toBe(false);
  });

  it('shows a token once, warns before it is lost, and keeps it nowhere', async () => {
    const memory = passingMemory();
    const set = vi.spyOn(memory, 'set');
    const copy = vi.fn(() => Promise.resolve());
    const { transport } = await tab('clients', named(), { copy, memory });
    fireEvent.change(screen.getByLabelText(/Client Name/), { target: { value: 'web' } });
    await doing(() => fireEvent.submit(screen.getByLabelText(/Client Name/).closest('form') as Element));
    expect(transport.asked.find(each => each.method === 'POST')).toMatchObject({
      path: '/deployments/churn/clients',
      body: { name: 'web' }
    });
    expect(screen.getByText(TOKEN)).toBeTruthy();
    const dialog = within(screen.getByRole('dialog', { hidden: true }));
    fireEvent.click(dialog.getByText('Close'));
    expect(screen.getByText(/neither copied nor saved/)).toBeTruthy();
    await doing(() => fireEvent.click(dialog.getByText('Copy token')));
    expect(copy).toHaveBeenCalledExactlyOnceWith(TOKEN);
    fireEvent.click(dialog.getByText('Close'));
    expect(document.documentElement.outerHTML).not.toContain('very-secret');
    expect(JSON.stringify(set.mock.calls)).not.toContain('very-secret');
    expect(JSON.stringify(localStorage)).not.toContain('very-secret');
  });

  it('saves what curl reads, and says what a browser cannot do', async () => {
    let text: Promise<string> | undefined;
    URL.createObjectURL = (blob: Blob) => {
      text = new Promise(resolve => {
        const reader = new FileReader();
        reader.onload = () => resolve(reader.result as string);
        reader.readAsText(blob);
      });
      return 'blob:x';
    };
    const revoke = (URL.revokeObjectURL = vi.fn());
    const click = vi.spyOn(HTMLAnchorElement.prototype, 'click').mockReturnValue();
    await tab('clients', named());
    fireEvent.change(screen.getByLabelText(/Client Name/), { target: { value: 'web' } });
    await doing(() => fireEvent.submit(screen.getByLabelText(/Client Name/).closest('form') as Element));
    await doing(() => fireEvent.click(screen.getByText('Save as curl config')));
    expect(click).toHaveBeenCalledOnce();
    expect(await text).toBe(`user = "web:${TOKEN}"\n`);
    expect(screen.getByText(/chmod 600 churn-web.curl/)).toBeTruthy();
    expect(revoke).toHaveBeenCalledWith('blob:x');
  });

  it('rotates with an overlap that one chooses', async () => {
    const { transport } = await tab('clients', named(client('web')));
    fireEvent.click(screen.getByRole('button', { name: 'Rotate the token of web' }));
    fireEvent.change(screen.getByLabelText('The old token works for'), { target: { value: '3600' } });
    await doing(() => fireEvent.click(screen.getByText('New token')));
    expect(transport.asked.find(each => each.method === 'POST')).toMatchObject({
      path: '/deployments/churn/clients/web/rotate',
      body: { overlap: 3600 }
    });
    expect(screen.getByText(TOKEN)).toBeTruthy();
  });

  it('deletes in two steps, and shows a refusal', async () => {
    const { transport } = await tab('clients', asked => {
      if (asked.method === 'DELETE') {
        throw toApiError(404, { message: 'no client web', hint: 'somebody was quicker' }, '');
      }
      return { clients: [client('web')] };
    });
    fireEvent.click(screen.getByRole('button', { name: 'Delete web' }));
    expect(transport.asked.some(each => each.method === 'DELETE')).toBe(false);
    await doing(() => fireEvent.click(screen.getByRole('button', { name: /Really delete web/ })));
    expect(screen.getByRole('alert').textContent).toBe('no client websomebody was quicker');
  });

  it('is asked for again when something happens, and says which token ends', async () => {
    const soon = new Date(Date.now() + 2 * 3_600_000 + 60_000).toISOString();
    let clients = [client('web')];
    const { transport } = await tab('clients', () => ({ clients }));
    const [secret] = clients[0]?.secrets ?? [];
    clients = [client('web', { secrets: secret === undefined ? [] : [{ ...secret, expires_at: soon }] })];
    await doing(() => transport.say({ topic: 'event', id: 'churn', event: null }));
    expect(screen.getByText('Expires in 2 hours')).toBeTruthy();
  });

  it('says to a reader why nothing can be changed', async () => {
    const { transport } = await tab('clients', named(client('web')));
    await doing(() => transport.say({ topic: 'server', version: '0.1.0', actor: 'jo', can_write: false }));
    for (const name of ['Add client', 'Rotate the token of web', 'Delete web']) {
      const button = screen.getByRole('button', { name });
      expect([name, button.getAttribute('aria-disabled'), button.title]).toEqual([
        name,
        'true',
        'You may look at deployments here but not change them'
      ]);
    }
  });
});

describe('events', () => {
  const event = (seq: number, level: Event['level'], change: Partial<Event> = {}): Event => ({
    seq,
    at: '2026-11-21T10:00:00Z',
    kind: 'replica.exited',
    level,
    message: `message ${seq}`,
    cause: '',
    actor: '',
    revision: null,
    replica: '',
    ...change
  });

  it('come newest first, with who and where, and more of them as they happen', async () => {
    let events = [
      event(1, 'info', { actor: 'bob', revision: 2 }),
      event(2, 'error', { replica: 'r1', cause: 'signal 9' })
    ];
    const { transport } = await tab('events', () => ({ events }));
    const items = (): (string | null)[] => screen.getAllByRole('listitem').map(each => each.textContent);
    expect(items()[0]).toMatch(/^Errormessage 2because of signal 9.*replica r1/);
    expect(items()[1]).toMatch(/^Infomessage 1.*by bobrevision 2/);
    events = [...events, event(3, 'warning')];
    await doing(() => transport.say({ topic: 'event', id: 'churn', event: null }));
    expect(items()[0]).toMatch(/^Warningmessage 3/);
    expect(await violations()).toEqual([]);
  });

  it('are filtered by level, and what is hidden is said', async () => {
    await tab('events', () => ({ events: [event(1, 'debug'), event(2, 'info'), event(3, 'error')] }));
    expect(screen.getAllByRole('listitem')).toHaveLength(2);
    fireEvent.change(screen.getByLabelText('Level'), { target: { value: 'error' } });
    expect(screen.getAllByRole('listitem')).toHaveLength(1);
    expect(screen.getByText('2 hidden')).toBeTruthy();
  });

  it('say why they cannot be had', async () => {
    await tab('events', () => {
      throw toApiError(503, { message: 'the engine is away', hint: '' }, '');
    });
    expect(screen.getByText('the engine is away')).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Try again' })).toBeTruthy();
  });
});

import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LogLine } from '../src/api/types';
import { StoreProvider } from '../src/ui/context';
import { BARE, HostProvider, passingMemory, type Host } from '../src/ui/host';
import { LogBuffer, toLine } from '../src/ui/logs/buffer';
import { LogFeed, openFeed, TAIL } from '../src/ui/logs/feed';
import { LogsView } from '../src/ui/logs/LogsView';
import { pieces } from '../src/ui/logs/pieces';
import { ranges, Search } from '../src/ui/logs/search';
import { Navigation } from '../src/ui/navigation';
import { DeploymentStore } from '../src/ui/store';
import { deployment, FakeTransport, settled } from './fixtures';

const TOPIC = 'log/churn';

function line(number: number, change: Partial<LogLine> = {}): LogLine {
  return {
    at: new Date(Date.UTC(2026, 10, 21, 10, 0, 0, 0) + number).toISOString(),
    message: `line ${number}`,
    left_out: 0,
    level: 'INFO',
    logger: '',
    stream: 'log',
    request_id: '',
    replica: 'churn-1-abcde',
    revision: 1,
    ...change
  };
}

function lines(from: number, to: number): LogLine[] {
  return Array.from({ length: to - from }, (_, index) => line(from + index));
}

function say(transport: FakeTransport, values: LogLine[], topic = TOPIC): void {
  transport.say({ topic: 'log', id: 'churn', lines: values, subscription: topic }, topic);
}

function followed(): { transport: FakeTransport; feed: LogFeed } {
  const transport = new FakeTransport();
  const feed = new LogFeed(transport, TOPIC);
  feed.follow();
  transport.say({ topic: 'hello', subscription: TOPIC }, TOPIC);
  return { transport, feed };
}

function texts(feed: LogFeed): string[] {
  return Array.from({ length: feed.buffer.length }, (_, index) => {
    const entry = feed.buffer.at(index);
    return entry?.kind === 'line' ? entry.text : `gap ${entry?.count}`;
  });
}

function frames(): void {
  vi.advanceTimersByTime(300);
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Element.prototype, 'clientHeight', 'get').mockReturnValue(400);
  vi.spyOn(Element.prototype, 'clientWidth', 'get').mockReturnValue(600);
});

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('the lines that are kept', () => {
  it('are the newest, and keep their numbers when old ones go', () => {
    const buffer = new LogBuffer(100);
    buffer.push(lines(0, 101).map(toLine));
    expect(buffer.length).toBe(90);
    expect(buffer.first).toBe(11);
    expect(buffer.total).toBe(101);
    expect(buffer.at(0)).toMatchObject({ text: 'line 11' });
  });

  it('are few when they are long', () => {
    const buffer = new LogBuffer(100, 10_000);
    buffer.push(lines(0, 20).map(each => toLine({ ...each, message: 'x'.repeat(1000) })));
    expect(buffer.length).toBe(9);
    buffer.push([toLine(line(1, { message: 'y'.repeat(50_000) }))]);
    expect(buffer.length).toBe(1);
  });

  it('know how many rows they have, and their text without escape sequences', () => {
    const value = toLine(
      line(1, { message: '\u001b[31mTraceback\u001b[0m\n  File "x"\n\u001b]8;;http://a\u0007Error' })
    );
    expect(value.rows).toBe(3);
    expect(value.text).toBe('Traceback\n  File "x"\nError');
  });
});

describe('a followed log', () => {
  it('comes without doubles after a lost connection', () => {
    const { transport, feed } = followed();
    say(transport, lines(0, 5));
    frames();
    transport.say({ topic: 'connection', open: false }, TOPIC);
    expect(feed.state().freshness).toBe('old');
    transport.say({ topic: 'hello', subscription: TOPIC }, TOPIC);
    say(transport, lines(2, 8));
    frames();
    expect(feed.state().freshness).toBe('live');
    expect(texts(feed)).toEqual(lines(0, 8).map(each => each.message));
  });

  it('keeps lines that are equal', () => {
    const { transport, feed } = followed();
    say(transport, [line(1), line(1)]);
    transport.say({ topic: 'hello', subscription: TOPIC }, TOPIC);
    say(transport, [line(1), line(1), line(1)]);
    frames();
    expect(texts(feed)).toHaveLength(3);
  });

  it('says where lines are missing', () => {
    const { transport, feed } = followed();
    say(transport, lines(0, 2));
    transport.say({ topic: 'skipped', id: 'churn', count: 7, subscription: TOPIC }, TOPIC);
    transport.say({ topic: 'hello', subscription: TOPIC }, TOPIC);
    say(transport, lines(5000, 5000 + TAIL));
    frames();
    expect(texts(feed).slice(0, 5)).toEqual(['line 0', 'line 1', 'gap 7', 'gap null', 'line 5000']);
  });

  it('is one for all that look at it, and ends with the last', () => {
    const transport = new FakeTransport();
    const [one, leaveOne] = openFeed(transport, 'churn', {});
    const [two, leaveTwo] = openFeed(transport, 'churn', {});
    const [other] = openFeed(transport, 'churn', { replica: 'churn-1-abcde' });
    expect(two).toBe(one);
    expect(other).not.toBe(one);
    leaveOne();
    leaveOne();
    expect(transport.listeners.get(TOPIC)?.size).toBe(1);
    leaveTwo();
    expect(transport.listeners.get(TOPIC)?.size).toBe(0);
  });

  it('tells once a frame, however much comes', () => {
    const { transport, feed } = followed();
    frames();
    const listener = vi.fn();
    feed.subscribe(listener);
    for (let index = 0; index < 50; index++) {
      say(transport, [line(index)]);
    }
    expect(listener).not.toHaveBeenCalled();
    frames();
    expect(listener).toHaveBeenCalledTimes(1);
  });
});

describe('the search', () => {
  it('goes on with what comes, and forgets what is dropped', () => {
    const buffer = new LogBuffer(10);
    buffer.push(lines(0, 10).map(toLine));
    const search = new Search(buffer, 'LINE 1');
    expect(search.found()).toEqual([1]);
    buffer.push(lines(10, 15).map(toLine));
    expect(search.found()).toEqual([10, 11, 12, 13, 14]);
  });

  it('takes a text as it is', () => {
    expect(ranges('a.b(c) A.B(C)', 'a.b(')).toEqual([
      [0, 4],
      [7, 11]
    ]);
    expect(ranges('axb(', 'a.b(')).toEqual([]);
  });
});

describe('a line', () => {
  it('is cut where the colour changes and where it matches', () => {
    const message = 'one \u001b[31mtwo\u001b[0m three';
    const cut = pieces(message, 'one two three', 'e t');
    expect(cut.map(({ text, marked }) => [text, marked])).toEqual([
      ['on', false],
      ['e ', true],
      ['t', true],
      ['wo', false],
      [' three', false]
    ]);
    expect(cut[2]?.style?.color).toContain('rgb(187, 0, 0)');
    expect(cut[0]?.style).toBeUndefined();
  });

  it.each([
    '\u001b[31',
    '\u001b]0;title\u0007x',
    '\u001b[2K\u001b[1Gprogress',
    'back\bspace',
    '\u001b[38;5;200mpink\u001b[m'
  ])('is right with strange sequences: %j', message => {
    const { text } = toLine(line(1, { message }));
    expect(
      pieces(message, text, '')
        .map(piece => piece.text)
        .join('')
    ).toBe(text);
  });
});

async function view(change: Partial<Host> = {}): Promise<FakeTransport> {
  const transport = new FakeTransport();
  transport.answer = ({ path }) =>
    path === '/info'
      ? { settings: [{ name: 'logs.days', value: 7, origin: 'default' }] }
      : {
          replicas: [
            { replica: 'churn-1-abcde', revision: 1, first: '', last: '', live: true, bytes: 1 },
            { replica: 'churn-1-zzzzz', revision: 1, first: '', last: '', live: false, bytes: 1 }
          ]
        };
  const store = new DeploymentStore(transport);
  const host: Host = { ...BARE, memory: passingMemory(), ...change };
  render(
    <HostProvider value={host}>
      <StoreProvider value={{ store, navigation: new Navigation(), place: 'test' }}>
        <LogsView deployment={deployment('churn')} />
      </StoreProvider>
    </HostProvider>
  );
  await act(settled);
  return transport;
}

async function hear(run: () => void): Promise<void> {
  await act(async () => {
    run();
    frames();
    await settled();
  });
}

describe('the view', () => {
  it('says that nothing was written, and until then that it loads', async () => {
    const transport = await view();
    expect(screen.getByText('Loading…')).toBeTruthy();
    await hear(() => transport.say({ topic: 'hello', subscription: TOPIC }, TOPIC));
    expect(screen.getByText('It has written nothing yet')).toBeTruthy();
    expect(screen.getByText(/kept for 7 days/)).toBeTruthy();
  });

  it('shows lines as text, whatever they hold', async () => {
    const transport = await view();
    await hear(() =>
      say(transport, [line(1, { message: '<script>alert(1)</script>', level: 'ERROR', left_out: 9 })])
    );
    expect(screen.getByText(/<script>alert/).className).toContain('mdl-mod-error');
    expect(screen.getByText('ERROR')).toBeTruthy();
    expect(screen.getByText(/9 more characters/)).toBeTruthy();
  });

  it('counts what it finds and goes from one to the next', async () => {
    const transport = await view();
    await hear(() => say(transport, lines(0, 12)));
    const field = screen.getByRole('searchbox', { name: 'Search in the log' });
    fireEvent.change(field, { target: { value: 'line 1' } });
    expect(screen.getByText('3 lines')).toBeTruthy();
    fireEvent.keyDown(field, { key: 'Enter' });
    expect(screen.getByText('3 of 3')).toBeTruthy();
    fireEvent.keyDown(field, { key: 'Enter' });
    expect(screen.getByText('1 of 3')).toBeTruthy();
    fireEvent.keyDown(field, { key: 'Enter', shiftKey: true });
    expect(screen.getByText('3 of 3')).toBeTruthy();
    fireEvent.change(field, { target: { value: 'nothing' } });
    expect(screen.getByRole('button', { name: 'Next match' }).title).toBe('No line matches');
  });

  it('pauses when one scrolls up, counts what waits, and goes on at the bottom', async () => {
    const transport = await view();
    await hear(() => say(transport, lines(0, 500)));
    const log = screen.getByRole('log');
    Object.defineProperties(log, {
      scrollHeight: { value: 9000, configurable: true },
      clientHeight: { value: 400, configurable: true }
    });
    log.scrollTop = 8600;
    fireEvent.scroll(log);
    expect(screen.getByRole('button', { name: 'Scroll to Bottom' }).getAttribute('aria-disabled')).toBe(
      'true'
    );
    log.scrollTop = 5000;
    fireEvent.scroll(log);
    await hear(() => say(transport, lines(500, 530)));
    expect(screen.getByText('30 new lines')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Scroll to Bottom' }));
    expect(screen.queryByText('30 new lines')).toBeNull();
    expect(log.scrollTop).toBe(9000);
  });

  it('follows one replica, and downloads what it shows', async () => {
    const download = vi.fn(() => Promise.resolve());
    const transport = await view({ download });
    fireEvent.change(screen.getByRole('combobox', { name: 'Replicas' }), {
      target: { value: 'churn-1-zzzzz' }
    });
    expect([...transport.listeners].filter(([, all]) => all.size > 0).map(([topic]) => topic)).toEqual([
      'log/churn?replica=churn-1-zzzzz'
    ]);
    await act(settled);
    fireEvent.click(screen.getByRole('button', { name: 'Download' }));
    expect(download).toHaveBeenCalledWith(
      '/deployments/churn/logs?replica=churn-1-zzzzz&download=true',
      'churn-churn-1-zzzzz.log'
    );
  });

  it('says that the connection is lost, and why', async () => {
    const transport = await view();
    await hear(() => say(transport, lines(0, 2)));
    await hear(() => transport.say({ topic: 'connection', open: false }, TOPIC));
    expect(screen.getByText(/No connection/)).toBeTruthy();
    const error = { message: 'there is no deployment churn', reason: '', code: '', hint: '', details: {} };
    await hear(() => transport.say({ topic: 'error', subscription: TOPIC, error }, TOPIC));
    expect(screen.getByText('there is no deployment churn')).toBeTruthy();
    expect(screen.getByText('line 1')).toBeTruthy();
  });
});

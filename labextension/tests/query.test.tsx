import { act, cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import axe from 'axe-core';
import * as React from 'react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { toApiError } from '../src/api/transport';
import type { Description } from '../src/api/types';
import { StoreProvider } from '../src/ui/context';
import { BARE, HostProvider, passingMemory, type Host } from '../src/ui/host';
import type { Kernel } from '../src/ui/kernel';
import { Navigation } from '../src/ui/navigation';
import { QueryView } from '../src/ui/query/QueryView';
import { DeploymentStore } from '../src/ui/store';
import { describes, field, tensor } from './descriptions';
import { deployment, FakeTransport, settled } from './fixtures';

/** jsdom draws nothing, so these cannot be told. */
const UNDRAWN = { 'color-contrast': { enabled: false } };

const HOUSES = describes({
  inputs: [
    field('size', 'double', { nullable: true }),
    field('garden', 'boolean'),
    field('town', 'string', { nullable: true })
  ],
  outputs: [field('price', 'double')],
  rows: [
    [50.5, true, 'Köln'],
    [60, false, '<script>alert(1)</script>']
  ]
});

function answer(text: string, change: Record<string, unknown> = {}): unknown {
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    content_type: 'application/json',
    body: null,
    text,
    body_base64: '',
    size: text.length,
    truncated: false,
    answer: '',
    replica: 'churn-1-abcde',
    revision: 1,
    latency_ms: 12.34,
    ...change
  };
}

interface Shown {
  transport: FakeTransport;
  unmount: () => void;
  host: Host;
  container: HTMLElement;
  rerender: (version: number) => Promise<void>;
}

interface Given {
  description?: Description | Error;
  answers?: (body: unknown) => unknown;
  host?: Partial<Host>;
  transport?: FakeTransport;
  store?: DeploymentStore;
}

async function tester(given: Given = {}): Promise<Shown & { store: DeploymentStore }> {
  const transport = given.transport ?? new FakeTransport();
  transport.answer = ({ method, path, body }) => {
    if (path.includes('/description')) {
      const told = given.description ?? HOUSES;
      if (told instanceof Error) {
        throw told;
      }
      return told;
    }
    return method === 'POST'
      ? (given.answers ?? (() => answer('{"predictions": [1.0]}')))(body)
      : { deployments: [] };
  };
  const store = given.store ?? new DeploymentStore(transport);
  const host: Host = { ...BARE, memory: passingMemory(), ...given.host };
  const view = (version: number): React.ReactElement => (
    <HostProvider value={host}>
      <StoreProvider value={{ store, navigation: new Navigation(), place: 'test' }}>
        <QueryView deployment={deployment('churn', { version })} />
      </StoreProvider>
    </HostProvider>
  );
  const { unmount, container, rerender } = render(view(1));
  await act(settled);
  return {
    transport,
    store,
    unmount,
    host,
    container,
    rerender: async version => {
      rerender(view(version));
      await act(settled);
    }
  };
}

async function click(name: string | RegExp): Promise<void> {
  await act(async () => {
    fireEvent.click(screen.getByRole('button', { name }));
    await settled();
  });
}

async function choose(name: string): Promise<void> {
  await act(async () => {
    fireEvent.click(screen.getAllByRole('radio', { name })[0] as HTMLElement);
    await settled();
  });
}

function sent({ transport }: Pick<Shown, 'transport'>): Record<string, unknown> {
  return transport.asked.filter(each => each.method === 'POST').at(-1)?.body as Record<string, unknown>;
}

function type(label: string, value: string): void {
  fireEvent.change(screen.getByLabelText(label), { target: { value } });
}

async function unfold(summary: string): Promise<void> {
  await act(async () => {
    const fold = screen.getByText(summary).closest('details') as HTMLDetailsElement;
    fold.open = true;
    fireEvent(fold, new Event('toggle'));
    await settled();
  });
}

afterEach(cleanup);

describe('a dialect whose bodies are no text', () => {
  const TITLE = 'gRPC (Open Inference Protocol v2)';
  const SCRIPT =
    'import tritonclient.grpc as triton\nclient = triton.InferenceServerClient("127.0.0.1:8000")\n';

  it('shows the script that calls it, beside the file', async () => {
    const grpc = {
      name: 'grpc',
      title: TITLE,
      method: 'POST',
      path: '/inference.GRPCInferenceService/ModelInfer',
      content_types: ['application/grpc'],
      example: SCRIPT,
      binary: true,
      note: '',
      multi_io: true
    };
    const { container } = await tester({
      description: { ...HOUSES, dialects: [...HOUSES.dialects, grpc] }
    });
    fireEvent.change(screen.getByLabelText('Dialect'), { target: { value: 'grpc' } });
    expect(screen.getByLabelText('The code').textContent).toBe(SCRIPT);
    expect(screen.getByRole('button', { name: 'Copy as Python' })).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Send' }).title).toBe('Choose a file first');
    expect((await axe.run(container, { rules: UNDRAWN })).violations).toEqual([]);
  });
});

describe('the form', () => {
  it('begins with the model’s own row, and sends what is typed by the signature’s types', async () => {
    const shown = await tester();
    expect(screen.getByLabelText<HTMLInputElement>('size').value).toBe('50.5');
    type('size', '');
    type('town', 'שלום "x"\n');
    await click('Send');
    expect(JSON.parse(sent(shown)['body'] as string)).toEqual({
      dataframe_split: { columns: ['size', 'garden', 'town'], data: [[null, true, 'שלום "x"']] }
    });
    expect(sent(shown)).toMatchObject({ dialect: 'invocations', raw: true, revision: null });
    expect(screen.getByText('200 OK')).toBeTruthy();
    expect(screen.getByText('12.3 ms')).toBeTruthy();
    expect(screen.getByText('Replica churn-1-abcde')).toBeTruthy();
    expect(screen.getByRole('columnheader', { name: 'price' })).toBeTruthy();
  });

  it('says at the field what is wrong, and does not send it', async () => {
    const shown = await tester();
    type('size', 'five');
    expect(screen.getByRole('alert').textContent).toContain('A number is needed');
    await click('Send');
    expect(sent(shown)).toBeUndefined();
    expect(screen.getByRole('button', { name: 'Send' }).title).toContain('size: A number is needed');
  });

  it('sends with Ctrl+Enter from any field', async () => {
    const shown = await tester();
    await act(async () => {
      fireEvent.keyDown(screen.getByLabelText('town'), { key: 'Enter', ctrlKey: true });
      await settled();
    });
    expect(sent(shown)).toBeTruthy();
  });

  it('is without violations, with an answer and earlier queries', async () => {
    const { container } = await tester();
    await click('Send');
    await unfold('Queries (1)');
    expect((await axe.run(container, { rules: UNDRAWN })).violations.map(each => each.id)).toEqual([]);
    await choose('Table');
    expect((await axe.run(container, { rules: UNDRAWN })).violations.map(each => each.id)).toEqual([]);
  });
});

describe('the table', () => {
  it('takes pasted cells over its rows from where they were pasted', async () => {
    const shown = await tester();
    await choose('Table');
    await act(async () => {
      fireEvent.paste(screen.getByLabelText('size, row 0'), {
        clipboardData: { getData: () => '1\ttrue\tUlm\n2\tfalse\tBonn\n' }
      });
      await settled();
    });
    expect(screen.getByText('2 rows were pasted')).toBeTruthy();
    await click('Send');
    expect(JSON.parse(sent(shown)['body'] as string)).toMatchObject({
      dataframe_split: {
        data: [
          [1, true, 'Ulm'],
          [2, false, 'Bonn']
        ]
      }
    });
  });

  it('names the row and column of a fault on another page', async () => {
    await tester();
    await choose('Table');
    await click('Example rows');
    type('garden, row 1', '');
    expect(screen.getByText(/^Row 1, garden: A value is needed/)).toBeTruthy();
  });

  it('shows a page of many rows', async () => {
    await tester();
    await choose('Table');
    await act(async () => {
      const many = Array.from({ length: 400 }, (_, at) => `${at}\ttrue\tUlm`).join('\n');
      fireEvent.paste(screen.getByLabelText('size, row 0'), { clipboardData: { getData: () => many } });
      await settled();
    });
    expect(screen.getAllByRole('textbox').length).toBeLessThan(200);
    await click('Next');
    expect(screen.getByText('Rows 50–99 of 400')).toBeTruthy();
  });
});

describe('JSON', () => {
  it('says where it breaks, and formats without touching a number', async () => {
    await tester();
    await choose('JSON');
    type('Body', '{"inputs": [1,]}');
    expect(screen.getByText('Line 1, column 15: a value is expected')).toBeTruthy();
    type('Body', '{"id":12345678901234567890}');
    await click('Format');
    expect(screen.getByLabelText<HTMLTextAreaElement>('Body').value).toBe('{"id": 12345678901234567890}');
  });

  it('goes back into the form where it fits it', async () => {
    await tester();
    await choose('JSON');
    type('Body', '{"dataframe_split": {"columns": ["town", "size"], "data": [["Ulm", 1.0]]}}');
    await choose('Form');
    expect(screen.getByLabelText<HTMLInputElement>('town').value).toBe('Ulm');
    expect(screen.getByLabelText<HTMLInputElement>('size').value).toBe('1.0');
  });

  it('is all there is for a model without a signature, and says why', async () => {
    await tester({ description: describes({ inputs: null, example: '{"inputs": [[1.5]]}' }) });
    expect(screen.getByText(/saved without a signature/)).toBeTruthy();
    expect(screen.getByLabelText<HTMLTextAreaElement>('Body').value).toBe('{"inputs": [[1.5]]}');
  });
});

describe('several inputs', () => {
  const description = describes({ inputs: [tensor('a', 'float64', [-1, 2]), tensor('b', 'int64', [-1])] });

  it('have an editor each, and an answer each', async () => {
    const shown = await tester({
      description,
      answers: () => answer('{"predictions": {"sum": [3.0], "shape": [1, 2]}}')
    });
    type('Values of a', '[[1, 2]]');
    type('Values of b', '[7]');
    await click('Send');
    expect(JSON.parse(sent(shown)['body'] as string)).toEqual({ inputs: { a: [[1, 2]], b: [7] } });
    expect(screen.getByRole('region', { name: 'Output sum' })).toBeTruthy();
    expect(screen.getByRole('region', { name: 'Output shape' })).toBeTruthy();
    expect(screen.getByRole('radio', { name: 'Single I/O' }).getAttribute('aria-disabled')).toBe('true');
  });

  it('say which shape is needed', async () => {
    await tester({ description });
    type('Values of a', '[[1, 2, 3]]');
    expect(screen.getByRole('alert').textContent).toBe(
      'The shape is [1, 3], and [-1, 2] is needed (-1: any size)'
    );
  });
});

describe('an answer', () => {
  it('that refuses says what the model said and what to do', async () => {
    const body = { message: 'column size must be double', hint: 'send double values' };
    await tester({ answers: () => answer(JSON.stringify(body), { status: 400 }) });
    await click('Send');
    expect(screen.getByText('400 Bad Request')).toBeTruthy();
    expect(screen.getByRole('alert').textContent).toContain('send double values');
  });

  it.each([
    [401, 'did not accept the owner’s pass'],
    [500, 'The model’s own code failed'],
    [503, 'Nothing serves this deployment now'],
    [504, 'did not answer in time']
  ])('of %i is told in plain words', async (status, words) => {
    await tester({ answers: () => answer('{"message": "m", "hint": ""}', { status, revision: null }) });
    await click('Send');
    expect(screen.getByText(new RegExp(words))).toBeTruthy();
  });

  it('that is too large is cut, and downloaded whole without asking the model again', async () => {
    const download = vi.fn(() => Promise.resolve());
    const shown = await tester({
      host: { download },
      answers: () => answer('[1.0, 1.0', { truncated: true, answer: 'tok', size: 52_428_800 })
    });
    await click('Send');
    expect(screen.getByText('The answer has 52.4 MB: this is its beginning')).toBeTruthy();
    await click('Download the whole answer');
    expect(download).toHaveBeenCalledWith('/deployments/churn/answers/tok', 'churn-answer.json');
    expect(shown.transport.asked.filter(each => each.method === 'POST')).toHaveLength(1);
  });

  it('shows markup as text', async () => {
    await tester({ answers: () => answer('{"predictions": ["<img src=x onerror=alert(1)>"]}') });
    await click('Send');
    expect(screen.getByText('<img src=x onerror=alert(1)>')).toBeTruthy();
    expect(document.querySelector('img')).toBeNull();
  });

  it('is raw as it came', async () => {
    await tester({ answers: () => answer('{"predictions":[1.0, 12345678901234567890]}') });
    await click('Send');
    await choose('Raw');
    expect(screen.getByText('{"predictions":[1.0, 12345678901234567890]}')).toBeTruthy();
  });

  it('can be given up', async () => {
    const shown = await tester({ answers: () => new Promise(() => undefined) });
    await click('Send');
    expect(screen.getByText('Waiting for the answer…')).toBeTruthy();
    await click('Cancel');
    expect(screen.queryByText('Waiting for the answer…')).toBeNull();
    expect(shown.transport.asked.filter(each => each.method === 'POST')).toHaveLength(1);
  });
});

describe('what was typed', () => {
  it('survives the tab, and a reload of the page', async () => {
    const first = await tester();
    type('size', '77');
    await click('Send');
    first.unmount();
    const again = await tester({ transport: first.transport, store: first.store, host: first.host });
    expect(screen.getByLabelText<HTMLInputElement>('size').value).toBe('77');
    expect(screen.getByText('200 OK')).toBeTruthy();
    again.unmount();
    await tester({ host: first.host });
    expect(screen.getByLabelText<HTMLInputElement>('size').value).toBe('77');
    expect(screen.getByText('Queries (1)')).toBeTruthy();
  });

  it('survives an engine that is away', async () => {
    const shown = await tester();
    type('size', '77');
    shown.transport.answer = () => {
      throw toApiError(503, { message: 'the engine is away', hint: 'start it' }, '');
    };
    await shown.rerender(2);
    expect(screen.getByText('the engine is away')).toBeTruthy();
    expect(screen.getByLabelText<HTMLInputElement>('size').value).toBe('77');
  });

  it('stays by name when the deployment is updated under it', async () => {
    const shown = await tester();
    type('size', '77');
    const next = describes({
      inputs: [field('size', 'double', { nullable: true }), field('colour', 'string')],
      revision: 2
    });
    shown.transport.answer = () => next;
    await shown.rerender(2);
    expect(screen.getByLabelText<HTMLInputElement>('size').value).toBe('77');
    expect(screen.getByText(/that of revision 2 now.*New: colour\. Gone: garden, town\./)).toBeTruthy();
  });

  it('is said to be kept when nothing serves', async () => {
    await tester({
      description: toApiError(503, { message: 'nothing serves churn now', hint: 'start it' }, '')
    });
    expect(screen.getByText('nothing serves churn now')).toBeTruthy();
    expect(screen.getByText('start it')).toBeTruthy();
  });
});

describe('earlier queries', () => {
  it('are sent again with the same body, and taken into the form', async () => {
    const shown = await tester();
    type('size', '1');
    await click('Send');
    const first = sent(shown)['body'];
    await unfold('Queries (1)');
    type('size', '2');
    await click('Replay');
    expect(sent(shown)['body']).toBe(first);
    await act(async () => {
      fireEvent.click(screen.getAllByRole('button', { name: 'Edit' })[0] as HTMLElement);
      await settled();
    });
    expect(screen.getByLabelText<HTMLInputElement>('size').value).toBe('1.0');
    await click('Forget them');
    expect(screen.queryByText(/^Queries/)).toBeNull();
  });

  it('cannot be sent by somebody who may only look', async () => {
    const shown = await tester();
    await click('Send');
    await unfold('Queries (1)');
    act(() => {
      shown.store.open();
      shown.transport.say({ topic: 'server', version: '1', actor: 'jo', can_write: false });
    });
    expect(screen.getByRole('button', { name: 'Send' }).getAttribute('aria-disabled')).toBe('true');
    expect(screen.getByRole('button', { name: 'Replay' }).title).toContain('You may look');
  });
});

describe('the kernel', () => {
  function kernel(change: Partial<Kernel> = {}): Kernel {
    return {
      obstacle: () => Promise.resolve(null),
      models: () => Promise.resolve([{ name: 'rf', type: 'sklearn.RandomForest' }]),
      frames: () =>
        Promise.resolve([
          { name: 'odd', type: 'DataFrame', rows: 3, columns: [{ name: 'size', type: 'float64' }] },
          {
            name: 'df',
            type: 'DataFrame',
            rows: 3,
            columns: ['size', 'garden', 'town', 'more'].map(name => ({ name, type: 'object' }))
          }
        ]),
      rows: (_frame, start, count) =>
        Promise.resolve({
          columns: ['size', 'garden', 'town', 'more'],
          start,
          rows: Array.from({ length: count }, (_, at) => [start + at + 0.5, true, null, 'x'])
        }),
      answer: model => Promise.resolve({ model, method: 'predict', values: [1, 9], milliseconds: 1 }),
      run: () => Promise.resolve(),
      changed: () => () => undefined,
      ...change
    };
  }

  it('gives rows, and its own answer beside the endpoint’s with what differs', async () => {
    const shown = await tester({
      host: { kernel: kernel() },
      answers: () => answer('{"predictions": [1.0, 2.0]}')
    });
    await unfold('Rows of the notebook');
    expect(screen.getByLabelText<HTMLSelectElement>('Frame').value).toBe('df');
    type('First row', '1');
    type('Rows', '2');
    await click('Take rows');
    type('Compare with the kernel’s model', 'rf');
    await click('Send');
    expect(JSON.parse(sent(shown)['body'] as string)).toMatchObject({
      dataframe_split: {
        data: [
          [1.5, true, null],
          [2.5, true, null]
        ]
      }
    });
    expect(screen.getByText('rf in the kernel answers otherwise for 1 of 2 rows')).toBeTruthy();
    const rows = within(screen.getByRole('region', { name: /^Table of/ })).getAllByRole('row');
    expect(rows.at(-1)?.textContent).toContain('differs');
    expect(rows.at(-2)?.textContent).toContain('yes');
  });

  it('is not compared with rows that were edited', async () => {
    const answers = vi.fn(() =>
      Promise.resolve({ model: 'rf', method: 'predict', values: [], milliseconds: 1 })
    );
    await tester({ host: { kernel: kernel({ answer: answers }) } });
    await unfold('Rows of the notebook');
    await click('Take rows');
    type('Compare with the kernel’s model', 'rf');
    type('size', '4');
    expect(screen.getByText(/take them again to compare/)).toBeTruthy();
    await click('Send');
    expect(answers).not.toHaveBeenCalled();
  });

  it('says why it cannot be asked', async () => {
    await tester({ host: { kernel: kernel({ obstacle: () => Promise.resolve('Open a notebook first') }) } });
    await unfold('Rows of the notebook');
    expect(screen.getByText('Open a notebook first')).toBeTruthy();
  });

  it('gives the first row where the model brought none', async () => {
    const description = describes({
      inputs: [field('size', 'double', { nullable: true }), field('town', 'string', { nullable: true })]
    });
    await tester({ description, host: { kernel: kernel() } });
    expect(screen.getByLabelText<HTMLInputElement>('size').value).toBe('0.5');
    expect(screen.queryByText(/invented/)).toBeNull();
  });
});

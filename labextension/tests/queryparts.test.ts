import { describe, expect, it } from 'vitest';
import type { Description, SignatureField, ValueType } from '../src/api/types';
import { agree, compare, nested, outputsOf, tableOf } from '../src/ui/query/answer';
import { bodyOf, rowsOf } from '../src/ui/query/body';
import { readCell, toCell, type Column } from '../src/ui/query/cells';
import { carry, firstDraft } from '../src/ui/query/draft';
import { layOut, parse, plain, toJson, write, type Json } from '../src/ui/query/json';
import { layoutOf, misfit } from '../src/ui/query/layout';
import { MOST, remember, type PastQuery } from '../src/ui/query/past';
import { paste } from '../src/ui/query/paste';
import { cell, curl, python, type Call } from '../src/ui/query/snippets';
import { column, describes, field, tensor } from './descriptions';

function json(text: string): Json {
  const parsed = parse(text);
  if ('error' in parsed) {
    throw new Error(parsed.error.what);
  }
  return parsed.value;
}

describe('JSON', () => {
  it.each([
    ['[1, 2,]', 'value', 1, 7],
    ['{"a": 1\n "b": 2}', 'comma', 2, 2],
    ['{a: 1}', 'name', 1, 2],
    ['{"a" 1}', 'colon', 1, 6],
    ['[1, 2', 'end', 1, 6],
    ['[1] 2', 'extra', 1, 5],
    ['["a\nb"]', 'string', 1, 2],
    ['', 'end', 1, 1],
    ['[01]', 'comma', 1, 3],
    ['nul', 'value', 1, 1]
  ])('says where %j breaks', (text, what, line, at) => {
    expect(parse(text)).toMatchObject({ error: { what, line, column: at } });
  });

  it('refuses what is nested too deeply, and does not fall', () => {
    expect(parse('['.repeat(100_000))).toMatchObject({ error: { what: 'deep' } });
  });

  it('keeps numbers as they were written', () => {
    const text = '{"id": 12345678901234567890, "x": 1.0, "y": 1e-7, "z": [true, null, "ü\\n"]}';
    expect(write(json(text))).toBe(text);
  });

  it('lays a row of a table in one line', () => {
    const text = layOut(toJson({ data: Array.from({ length: 20 }, (_, at) => [at, 'x'.repeat(20)]) }));
    expect(text.split('\n')).toContain(`    [3, "${'x'.repeat(20)}"],`);
    expect(json(text)).toEqual(json(JSON.stringify(JSON.parse(text))));
  });
});

describe('a cell', () => {
  const of = (kind: ValueType['kind'], change: Partial<Column> = {}): Column => column('x', kind, change);

  it.each<[ValueType['kind'], string, string]>([
    ['double', '5', '5.0'],
    ['double', '-.5', '-0.5'],
    ['double', '1e5', '1.0e5'],
    ['double', '007', '7.0'],
    ['double', '0.1000000000000000055511151231257827', '0.1000000000000000055511151231257827'],
    ['long', '9007199254740993', '9007199254740993'],
    ['long', '3.0', '3'],
    ['boolean', 'TRUE', 'true'],
    ['string', ' a "b"\n', '" a \\"b\\"\\n"'],
    ['datetime', '2026-01-31 12:00:00', '"2026-01-31T12:00:00"'],
    ['binary', 'AA==', '"AA=="'],
    ['array', '[1, 2.50]', '[1, 2.50]'],
    ['any', 'words', '"words"']
  ])('reads %s %j as %s', (kind, text, expected) => {
    expect(readCell(text, of(kind))).toEqual({ json: expected });
  });

  it.each<[ValueType['kind'], string, string]>([
    ['double', 'five', 'number'],
    ['double', 'Infinity', 'number'],
    ['integer', '2147483648', 'int32'],
    ['long', '9223372036854775808', 'int64'],
    ['long', '1.5', 'integer'],
    ['boolean', 'perhaps', 'boolean'],
    ['datetime', '31.1.2026', 'datetime'],
    ['datetime', '2026-13-31', 'datetime'],
    ['binary', 'A', 'binary'],
    ['array', '{}', 'array'],
    ['object', '[', 'json']
  ])('refuses %s %j: %s', (kind, text, wrong) => {
    expect(readCell(text, of(kind))).toEqual({ wrong });
  });

  it('takes an empty field for null where the type can be missing, and says so where it cannot', () => {
    expect(readCell('', of('double', { nullable: true }))).toEqual({ json: 'null' });
    expect(readCell('NaN', of('double', { nullable: true }))).toEqual({ json: 'null' });
    expect(readCell('', of('long'))).toEqual({ wrong: 'missing' });
    expect(readCell('', of('string', { nullable: true }))).toEqual({ json: 'null' });
    expect(readCell('""', of('string', { nullable: true }))).toEqual({ json: '""' });
    expect(readCell('', of('string'))).toEqual({ json: '""' });
  });

  it('comes back as it was', () => {
    const text = of('string', { nullable: true });
    for (const value of ['', 'a', null]) {
      expect(readCell(toCell(value, text), text)).toEqual({ json: JSON.stringify(value) });
    }
  });
});

describe('a body', () => {
  const houses = describes({
    inputs: [
      field('size', 'double', { nullable: true }),
      field('town', 'string'),
      field('note', 'long', { required: false })
    ]
  });
  const typed = {
    io: 'single' as const,
    params: {},
    inputs: {},
    rows: [
      { size: '50', town: 'Köln' },
      { size: '', town: '' }
    ]
  };

  it('is a table with columns for MLflow, without the optional ones that nobody filled', () => {
    expect(JSON.parse(bodyOf('invocations', layoutOf(houses), [], typed))).toEqual({
      dataframe_split: {
        columns: ['size', 'town'],
        data: [
          [50, 'Köln'],
          [null, '']
        ]
      }
    });
  });

  it('is a tensor for each column in the Open Inference Protocol', () => {
    expect(JSON.parse(bodyOf('oip', layoutOf(houses), [], typed))).toEqual({
      inputs: [
        { name: 'size', shape: [2], datatype: 'FP64', data: [50, null] },
        { name: 'town', shape: [2], datatype: 'BYTES', data: ['Köln', ''] }
      ]
    });
  });

  it('is a matrix where the signature is a tensor of a known width', () => {
    const layout = layoutOf(describes({ inputs: [tensor('', 'float32', [-1, 2])] }));
    const rows = [{ '#0': '1', '#1': '2.5' }];
    expect(bodyOf('invocations', layout, [], { ...typed, rows })).toBe('{"inputs": [[1.0, 2.5]]}');
    expect(JSON.parse(bodyOf('oip', layout, [], { ...typed, rows }))).toEqual({
      inputs: [{ name: 'input-0', shape: [1, 2], datatype: 'FP32', data: [1, 2.5] }]
    });
  });

  it('names several inputs, and tells their shapes', () => {
    const several = describes({ inputs: [tensor('a', 'float64', [-1, 3]), tensor('b', 'int64', [-1])] });
    const layout = layoutOf(several);
    const inputs = { a: '[[1, 2, 3], [4, 5, 6]]', b: '[10, 20]' };
    expect(JSON.parse(bodyOf('invocations', layout, [], { ...typed, io: 'multi', inputs }))).toEqual({
      inputs: {
        a: [
          [1, 2, 3],
          [4, 5, 6]
        ],
        b: [10, 20]
      }
    });
    expect(JSON.parse(bodyOf('oip', layout, [], { ...typed, io: 'multi', inputs }))).toEqual({
      inputs: [
        { name: 'a', shape: [2, 3], datatype: 'FP64', data: [1, 2, 3, 4, 5, 6] },
        { name: 'b', shape: [2], datatype: 'INT64', data: [10, 20] }
      ]
    });
  });

  it('sets the parameters that were filled', () => {
    const params = [
      column('factor', 'double', { required: false }),
      column('top', 'long', { required: false })
    ];
    const body = bodyOf('invocations', layoutOf(houses), params, { ...typed, params: { factor: '2' } });
    expect(JSON.parse(body)).toMatchObject({ params: { factor: 2 } });
    expect(body).not.toContain('top');
  });

  it('is one value for each row where the model takes a list', () => {
    const listed = describes({ inputs: [field('', 'double')], example: '{"inputs": [1.5]}' });
    const layout = layoutOf(listed);
    expect(bodyOf('invocations', layout, [], { ...typed, rows: [{ '#0': '1' }, { '#0': '2' }] })).toBe(
      '{"inputs": [1.0, 2.0]}'
    );
  });

  it('is read back into rows', () => {
    const layout = layoutOf(houses);
    const body = bodyOf('invocations', layout, [], typed);
    expect(layout.kind === 'table' && rowsOf(body, layout)).toEqual([
      { size: '50.0', town: 'Köln' },
      { size: '', town: '' }
    ]);
    expect(layout.kind === 'table' && rowsOf('{"inputs": {"odd": 1}}', layout)).toBeNull();
  });
});

describe('pasted text', () => {
  const columns = [column('size', 'double'), column('town', 'string')];

  it('goes to its columns by the names in its first line', () => {
    expect(paste('town,size\n"Köln, ""am"" Rhein",50\nUlm,60\n', columns).rows).toEqual([
      { town: 'Köln, "am" Rhein', size: '50' },
      { town: 'Ulm', size: '60' }
    ]);
  });

  it('goes by position without names, from the cell it was pasted into', () => {
    expect(paste('50\tUlm\n60\tBonn', columns).rows).toEqual([
      { size: '50', town: 'Ulm' },
      { size: '60', town: 'Bonn' }
    ]);
    expect(paste('Ulm\nBonn', columns, 1).rows).toEqual([{ town: 'Ulm' }, { town: 'Bonn' }]);
  });

  it('says what it left out', () => {
    expect(paste('size,town,colour\n1,Ulm,red', columns).unknown).toEqual(['colour']);
    expect(paste(Array.from({ length: 1200 }, () => '1,Ulm').join('\n'), columns)).toMatchObject({
      cut: 200
    });
  });
});

describe('an answer', () => {
  it('is a table, whatever form it has', () => {
    const shown = (value: unknown, names: string[] = []): unknown =>
      outputsOf('invocations', toJson({ predictions: value }), names, false).map(each => each.table?.columns);
    expect(shown([1, 2], ['price'])).toEqual([['price']]);
    expect(shown([[1, 2]], ['no', 'yes'])).toEqual([['no', 'yes']]);
    expect(shown([{ a: 1 }, { b: 2 }])).toEqual([['a', 'b']]);
    expect(shown({ a: [1], b: [2] })).toEqual([['a', 'b']]);
    expect(shown('text')).toEqual([undefined]);
  });

  it.each([
    ['tensorflow-serving', { predictions: [0, 1] }, ['y'], [[0], [1]]],
    ['tensorflow-serving', { outputs: [0, 1] }, ['y'], [[0], [1]]],
    ['seldon', { meta: {}, data: { names: ['a', 'b'], ndarray: [[1, 2]] } }, ['a', 'b'], [[1, 2]]],
    [
      'seldon',
      { data: { names: ['a', 'b'], tensor: { shape: [1, 2], values: [1, 2] } } },
      ['a', 'b'],
      [[1, 2]]
    ],
    ['seldon', { jsonData: [{ a: 1 }] }, ['a'], [[1]]],
    ['foundry', { modelUuid: 'u', responseData: [{ a: 1 }] }, ['a'], [[1]]],
    ['foundry', { output_df: [{ a: 1 }] }, ['a'], [[1]]]
  ])('reads the answer of %s as a table: %j', (dialect, answer, columns, rows) => {
    const [found] = outputsOf(dialect, toJson(answer), ['y'], false);
    expect(found?.table?.columns).toEqual(columns);
    expect(found?.table?.rows.map(row => row.map(plain))).toEqual(rows);
  });

  it('has an output for each name in a query of several', () => {
    const outputs = [
      { name: 'sum', datatype: 'FP64', shape: [2], data: [1, 2] },
      { name: 'map', datatype: 'INT64', shape: [2, 2], data: [1, 2, 3, 4] }
    ];
    const found = outputsOf('oip', toJson({ outputs }), [], true);
    expect(found.map(each => [each.name, each.type, write(each.value)])).toEqual([
      ['sum', 'FP64[2]', '[1, 2]'],
      ['map', 'INT64[2, 2]', '[[1, 2], [3, 4]]']
    ]);
    const byColumn = outputsOf('invocations', toJson({ predictions: [{ a: 1, b: 2 }] }), [], true);
    expect(byColumn.map(each => each.name)).toEqual(['a', 'b']);
  });

  it('stays flat where its shape does not fit', () => {
    expect(nested(toJson([1, 2, 3]) as Json[], [2, 2])).toEqual(toJson([1, 2, 3]));
  });

  it('agrees with the kernel within the tolerance of the parity receipt', () => {
    expect(agree(0.3, 0.1 + 0.2)).toBe(true);
    expect(agree(1, 1.00001)).toBe(false);
    expect(agree(null, null)).toBe(true);
    expect(agree('1', 1)).toBe(false);
    expect(agree(['a', 1e-12], ['a', 0])).toBe(true);
  });

  it('is laid beside the kernel’s, and the rows that differ are counted', () => {
    const table = (value: unknown): NonNullable<ReturnType<typeof tableOf>> => {
      const found = tableOf(toJson(value), []);
      if (found === null) {
        throw new Error('no table');
      }
      return found;
    };
    expect(compare(table([1, 2, 3]), table([1, 2.5]))).toMatchObject({
      agreed: [true, false, false],
      differing: 2
    });
  });
});

describe('a draft', () => {
  const one = describes({ inputs: [field('size', 'double'), field('old', 'long')], rows: [[1.5, 2]] });
  const two: Description = describes({
    inputs: [field('size', 'double'), field('town', 'string')],
    revision: 2
  });

  it('begins with the model’s own row, or says that the values are invented', () => {
    expect(firstDraft(one)).toMatchObject({ rows: [{ size: '1.5', old: '2' }], origin: 'example' });
    expect(firstDraft(two).origin).toBe('invented');
  });

  it('keeps values by name when the signature changes under it', () => {
    const draft = { ...firstDraft(one), rows: [{ size: '99', old: '3' }] };
    expect(carry(draft, one)).toBeNull();
    expect(carry(draft, two)).toMatchObject({
      draft: { rows: [{ size: '99' }] },
      moved: { revision: 2, added: ['town'], removed: ['old'] }
    });
  });

  it('knows a shape that does not fit', () => {
    expect(misfit([2, 3], [-1, 3])).toBeNull();
    expect(misfit([2, 4], [-1, 3])).toBe('[2, 4]');
    expect(misfit(null, [-1])).toBe('ragged');
  });

  it('edits an image as a whole, and a wide matrix too', () => {
    const kind = (spec: SignatureField): string => layoutOf(describes({ inputs: [spec] })).kind;
    expect(kind(tensor('', 'uint8', [-1, 28, 28]))).toBe('inputs');
    expect(kind(tensor('', 'float64', [-1, 5000]))).toBe('inputs');
    expect(kind(tensor('', 'float64', [-1, 4]))).toBe('table');
  });
});

describe('earlier queries', () => {
  const query: PastQuery = {
    at: '2026-11-21T10:00:00Z',
    dialect: 'invocations',
    io: 'single',
    revision: null,
    body: '{}',
    status: 200,
    latency: 1,
    size: 2,
    answeredBy: 1,
    answer: 'x'.repeat(1000)
  };

  it('are bounded, and large bodies are not kept', () => {
    let past: PastQuery[] = [];
    for (let at = 0; at < 80; at++) {
      past = remember(past, { ...query, body: 'b'.repeat(40_000) });
    }
    expect(past.length).toBeLessThanOrEqual(MOST);
    expect(JSON.stringify(past).length).toBeLessThan(1_100_000);
    expect(remember([], { ...query, body: 'b'.repeat(60_000) })[0]?.body).toBeNull();
  });
});

describe('a request for elsewhere', () => {
  const call: Call = {
    id: 'churn',
    url: 'http://127.0.0.1:8000/deployment/churn',
    path: '/invocations',
    public: false,
    dialect: 'invocations',
    revision: null,
    contentType: 'application/json',
    body: `{"inputs": ["it's"]}`
  };

  it('asks for the token, and never has one', () => {
    expect(curl(call)).toBe(
      `curl -u CLIENT http://127.0.0.1:8000/deployment/churn/invocations \\\n` +
        `  -H 'Content-Type: application/json' \\\n` +
        `  --data-binary '{"inputs": ["it'"'"'s"]}'`
    );
    expect(curl({ ...call, public: true })).not.toContain('-u');
    expect(python(call)).toContain('getpass');
    expect(python({ ...call, public: true })).not.toContain('getpass');
  });

  it('leaves a body that is too long for a command line to a file', () => {
    expect(curl({ ...call, body: 'x'.repeat(200_000) })).toContain('--data-binary @body.json');
  });

  it('is a cell with the body, or with the frame’s own rows', () => {
    expect(cell({ ...call, dialect: 'oip', revision: 2 }, null)).toBe(
      `%%deploy predict churn --dialect oip --revision 2\n${call.body}`
    );
    const source = { frame: 'df', type: 'DataFrame', start: 5, count: 2, columns: [] };
    expect(cell(call, source)).toContain('md.get("churn").predict(df.iloc[5:7])');
    expect(cell(call, { ...source, type: 'ndarray' })).toContain('.predict(df[5:7])');
  });
});

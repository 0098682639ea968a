import { describe, expect, it } from 'vitest';
import type { SignatureField } from '../src/api/types';
import { example, type ExampleOf } from '../src/ui/detail/examples';
import { python, read } from '../src/ui/detail/python';

function of(body: string, change: Partial<ExampleOf> = {}): ExampleOf {
  return {
    id: 'churn',
    name: 'Churn',
    url: 'http://127.0.0.1:8000/deployment/churn',
    client: 'web',
    dialect: { path: '/invocations', method: 'POST', content_types: ['application/json'], example: body },
    rows: body,
    inputs: null,
    ...change
  };
}

function field(name: string, kind: string, dtype = ''): SignatureField {
  return { name, type: { kind, dtype } } as unknown as SignatureField;
}

const SPLIT = '{"dataframe_split": {"columns": ["a", "it\'s"], "data": [[1.0, null], [true, "x"]]}}';

describe('JSON as Python', () => {
  it.each([
    ['[1.0, 2, -3e5, 12345678901234567890]', '[1.0, 2, -3e5, 12345678901234567890]'],
    ['{"a": true, "b": null, "1.0": "2.0"}', '{"a": True, "b": None, "1.0": "2.0"}'],
    ['"\\ud83d\\ude00 \\/ \\u00e4\\n"', '"😀 / ä\\n"']
  ])('%s', (json, text) => {
    const value = read(json);
    expect(value === undefined ? undefined : python(value)).toBe(text);
  });

  it('is nothing when it is no JSON', () => {
    expect(read('a,b\n1,2')).toBeUndefined();
  });
});

describe('an example', () => {
  it('asks with curl for a token, and quotes what a shell would read', () => {
    const text = example('curl', of(SPLIT));
    expect(text).toContain('curl -u web http://127.0.0.1:8000/deployment/churn/invocations');
    expect(text).toContain(`it'"'"'s`);
    expect(text).not.toContain('web:');
  });

  it('asks a public one without any', () => {
    for (const language of ['curl', 'requests', 'javascript'] as const) {
      expect(example(language, of(SPLIT, { client: null }))).not.toMatch(/token|auth|-u /i);
    }
  });

  it('makes a frame, with numbers as they are and times as times', () => {
    const text = example('python', of(SPLIT, { inputs: [field('a', 'datetime')] }));
    expect(text).toContain('X = pd.DataFrame([[1.0, None], [True, "x"]], columns=["a", "it\'s"])');
    expect(text).toContain('X["a"] = pd.to_datetime(X["a"])');
    expect(text).toContain('md.get("churn").predict(X)');
  });

  it('makes arrays of tensors, by name where they have names', () => {
    const inputs = [field('x', 'tensor', 'float32'), field('y', 'tensor', 'int64')];
    expect(example('python', of('{"inputs": {"x": [[1.5]], "y": [2]}}', { inputs }))).toContain(
      'X = {"x": np.array([[1.5]], dtype="float32"), "y": np.array([2], dtype="int64")}'
    );
    expect(example('mlflow', of('{"inputs": ["text"]}'))).toContain('X = ["text"]');
  });

  it('sends what is no JSON as it is', () => {
    const dialect = { path: '/csv', method: 'POST', content_types: ['text/csv'], example: 'a\n1' };
    expect(example('requests', of(SPLIT, { dialect }))).toContain('data="a\\n1".encode(),');
    expect(example('javascript', of(SPLIT, { dialect }))).toContain('body: "a\\n1"');
  });
});

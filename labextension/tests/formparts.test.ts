import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ErrorBody, Group, InstanceType } from '../src/api/types';
import { begun, decided, isEdited, kept, rebased, resumed } from '../src/ui/form/edit';
import { edits, merge } from '../src/ui/form/merge';
import { duplicates, pastedPairs, withPasted } from '../src/ui/form/pairs';
import { needs, rooms } from '../src/ui/form/quota';
import {
  createCommand,
  createRequest,
  inKernel,
  makesRevision,
  updateCommand,
  updateRequest
} from '../src/ui/form/request';
import { problemsOf, refusedFields } from '../src/ui/form/rules';
import { slug } from '../src/ui/form/slug';
import { EMPTY, modelValues, withModel, type FormValues } from '../src/ui/form/values';
import { ENGLISH } from '../src/ui/host';
import { cell } from '../src/ui/line/line';

function values(change: Partial<FormValues> = {}): FormValues {
  return {
    ...EMPTY,
    registered: 'models:/churn/3',
    name: 'churn',
    group: 'default',
    instance_type: 'small',
    ...change
  };
}

function problem(path: string, change: Partial<FormValues>): string | undefined {
  return problemsOf(values(change), ENGLISH, false).get(path);
}

describe('the id of a name', () => {
  const golden = JSON.parse(readFileSync(join(__dirname, 'ids.json'), 'utf8')) as [string, string][];
  it.each(golden)('of %j is the one that the engine makes', (name, id) => expect(slug(name)).toBe(id));
});

describe('pasted rows', () => {
  it('are read as in an .env file', () => {
    expect(pastedPairs('A=1\r\n# no\n\nexport B = "x=y"\nC=')).toEqual([
      { key: 'A', value: '1' },
      { key: 'B', value: 'x=y' },
      { key: 'C', value: '' }
    ]);
  });

  it.each(['two words = x', 'no sign', '=x', 'A=1\nand more', ''])('are none in %j', text =>
    expect(pastedPairs(text)).toBeNull()
  );

  it('take the place of an empty row, and the value of a name that is there', () => {
    const rows = [
      { key: 'A', value: '1' },
      { key: '', value: '' },
      { key: 'Z', value: '9' }
    ];
    const pasted = [
      { key: 'B', value: '2' },
      { key: 'A', value: '3' },
      { key: 'B', value: '4' }
    ];
    expect(withPasted(rows, 1, pasted)).toEqual([
      { key: 'A', value: '3' },
      { key: 'B', value: '4' },
      { key: 'Z', value: '9' }
    ]);
  });

  it('name each name once', () => {
    const rows = ['A', '', 'A', ''].map(key => ({ key, value: '' }));
    expect([...duplicates(rows)]).toEqual([2]);
  });
});

describe('what is wrong', () => {
  it.each<[string, Partial<FormValues>, string]>([
    ['model', { registered: '' }, 'choose a registered model and a version of it'],
    ['model', { door: 'kernel' }, 'choose a variable that holds a model'],
    ['model', { door: 'path', path: 'folder/model' }, 'give an absolute path'],
    ['model', { door: 'path', path: `/${'x'.repeat(5000)}` }, 'a URI has 1 to 4096 printable characters'],
    ['name', { name: ' \t' }, 'a name needs at least one visible character'],
    ['name', { name: 'x'.repeat(10_000) }, 'a name has at most 200 characters, this one has 10000'],
    ['name', { name: 'a\nb' }, 'a name cannot contain the control character U+000A'],
    ['id', { id: 'No' }, '3 to 63 lower-case letters'],
    ['api_name', { api_name: '-x' }, '1 to 99 letters'],
    ['replicas', { replicas: '0' }, 'give a whole number from 1 to 1000'],
    ['replicas', { replicas: '1.5' }, 'give a whole number from 1 to 1000'],
    ['max_replicas', { replicas: '3', max_replicas: '2' }, 'the most (2) is less than replicas (3)'],
    ['predict_timeout', { predict_timeout: '0' }, 'give seconds, more than 0 and at most 86400'],
    ['max_payload', { max_payload: '' }, 'give a whole number'],
    ['method', { method: ' ' }, 'a method is needed'],
    ['description', { description: 'x'.repeat(100_001) }, 'at most 100000 characters are kept'],
    ['env.0.key', { env: [{ key: '9A', value: '' }] }, 'letters, digits, -, _ and . are allowed'],
    ['env.0.key', { env: [{ key: '', value: 'x' }] }, 'a name is needed'],
    [
      'metadata.1.key',
      {
        metadata: [
          { key: 'a', value: '' },
          { key: 'a', value: '' }
        ]
      },
      'there already'
    ],
    ['secret_env.0.value', { secret_env: [{ key: 'K', value: 'hunter2' }] }, 'give a reference']
  ])('%s of %j', (path, change, expected) => expect(problem(path, change)).toContain(expected));

  it.each<Partial<FormValues>>([
    { name: 'a' },
    { name: '離反 🚀 مرحبا <script>' },
    { name: '🚀'.repeat(200) },
    { door: 'path', path: 's3://bucket/model' },
    { env: [{ key: '', value: '' }] },
    { metadata: [{ key: 'any "thing"\n=', value: 'two\nlines' }] },
    { secret_env: [{ key: 'K', value: 'file:/run/secret' }] }
  ])('is nothing in %j', change => {
    expect([...problemsOf(values(change), ENGLISH, false)]).toEqual([]);
  });

  it('is at its field when the server says so', () => {
    const error = (body: Partial<ErrorBody>): ErrorBody => ({
      message: 'no',
      reason: '',
      code: 'invalid_input',
      hint: '',
      details: {},
      ...body
    });
    const form = values({
      env: [
        { key: 'A', value: '' },
        { key: 'B.C', value: '' }
      ]
    });
    const fields = { 'env.B.C': 'bad', 'env.A.[key]': 'worse', 'model.str': 'no model', replicas: 'few' };
    expect([...refusedFields(error({ details: { fields } }), form)]).toEqual([
      ['env.1.value', 'bad'],
      ['env.0.key', 'worse'],
      ['model', 'no model'],
      ['replicas', 'few']
    ]);
    expect([...refusedFields(error({ code: 'name_taken', details: { field: 'api_name' } }), form)]).toEqual([
      ['api_name', 'no']
    ]);
  });
});

describe('what is sent', () => {
  it('is only what is not as usual, and the line says the same', () => {
    const form = values({
      group: 'risk',
      replicas: '2',
      private: false,
      env: [
        { key: 'TZ', value: 'UTC' },
        { key: '', value: '' }
      ]
    });
    expect(createRequest(form)).toEqual({
      model: 'models:/churn/3',
      name: 'churn',
      group: 'risk',
      replicas: 2,
      public: true,
      env: { TZ: 'UTC' }
    });
    expect(cell(createCommand(form))).toBe(
      '%deploy models:/churn/3 --group risk --replicas 2 --public --env TZ=UTC'
    );
  });

  it('is a line for a variable, which makes nothing else by mistake and does not wait', () => {
    const form = values({ door: 'kernel', variable: 'clf', name: 'churn' });
    expect(cell(inKernel(createCommand(form)))).toBe('%deploy clf --name churn --new --no-wait');
    expect(cell(inKernel(createCommand({ ...form, name: '$x' })))).toBe(
      'import mdeploy_lab as md\n\nmd.deploy(clf, name="$x", if_exists="error", wait=False)'
    );
  });

  it('of an update is what changed', () => {
    const base = values({ metadata: [{ key: 'team', value: 'risk' }], env: [{ key: 'A', value: '1' }] });
    const inPlace = { ...base, replicas: '3', metadata: [], message: 'why' };
    expect(updateRequest(base, inPlace, 7)).toEqual({
      replicas: 3,
      metadata: {},
      message: 'why',
      resource_version: 7
    });
    expect(makesRevision(base, inPlace)).toBe(false);
    expect(makesRevision(base, { ...base, env: [] })).toBe(true);
    expect(makesRevision(base, { ...base, registered: 'models:/churn/4' })).toBe(true);
    expect(cell(updateCommand('churn', base, { ...base, registered: 'models:/churn/4', start: true }))).toBe(
      '%deploy update churn --model models:/churn/4 --start'
    );
  });
});

describe('a model', () => {
  it.each([
    ['models:/a b/3', { door: 'registered', registered: 'models:/a b/3', name: 'a b' }],
    ['models:/churn@champion', { door: 'registered', registered: 'models:/churn@champion', name: 'churn' }],
    ['clf', { door: 'kernel', variable: 'clf', name: 'clf' }],
    ['/home/jo/model/', { door: 'path', path: '/home/jo/model/', name: 'model' }],
    ['runs:/1/model', { door: 'path', path: 'runs:/1/model', name: '' }]
  ])('%s is behind its door', (text, expected) => expect(modelValues(text)).toEqual(expected));

  it('gives its name until somebody types one', () => {
    const before = values();
    expect(withModel(before, { registered: 'models:/iris/1' }).name).toBe('iris');
    expect(withModel({ ...before, name: 'mine' }, { registered: 'models:/iris/1' }).name).toBeUndefined();
  });
});

describe('two who change one deployment', () => {
  const base = values({ metadata: [{ key: 'team', value: 'risk' }] });
  const mine = { ...base, description: 'mine', replicas: '3' };
  const theirs = {
    ...base,
    replicas: '2',
    name: 'Churn',
    metadata: [
      { key: 'team', value: 'risk' },
      { key: 'cost', value: '7' }
    ]
  };

  it('keep both what only one changed', () => {
    const { values: sum, taken, conflicts } = merge(base, mine, theirs);
    expect(edits(base, sum).map(each => each.path)).toEqual([
      'name',
      'replicas',
      'description',
      'metadata.cost'
    ]);
    expect(taken.map(each => each.path)).toEqual(['name', 'metadata.cost']);
    expect(conflicts).toEqual([{ path: 'replicas', mine: '3', theirs: '2' }]);
  });

  it('choose for what both changed', () => {
    const edit = rebased(begun(base, 1, { ...mine, message: 'why' }), theirs, 2, 'bob', 'now');
    expect(edit.version).toBe(2);
    expect(edit.values.message).toBe('why');
    expect(edit.news?.actor).toBe('bob');
    expect(decided(edit, 'replicas', 'theirs').values.replicas).toBe('2');
    const chosen = decided(edit, 'replicas', 'mine');
    expect(chosen.conflicts).toEqual([]);
    expect(updateRequest(chosen.base, chosen.values, chosen.version)).toMatchObject({
      replicas: 3,
      description: 'mine'
    });
  });

  it('need not choose what a third change settles', () => {
    const first = rebased(begun(base, 1, mine), theirs, 2, 'bob', 'now');
    const again = rebased(first, { ...theirs, replicas: '3' }, 3, 'eve', 'now');
    expect(again.conflicts).toEqual([]);
    const other = rebased(first, { ...theirs, replicas: '9' }, 3, 'eve', 'now');
    expect(other.conflicts).toEqual([{ path: 'replicas', mine: '3', theirs: '9' }]);
    const elsewhere = rebased(first, { ...theirs, description: 'mine' }, 3, 'eve', 'now');
    expect(elsewhere.conflicts).toEqual([{ path: 'replicas', mine: '3', theirs: '2' }]);
  });

  it('see nothing when nothing was typed', () => {
    expect(rebased(begun(base, 1), theirs, 2, 'bob', 'now')).toMatchObject({ news: null, values: theirs });
  });
});

describe('a draft', () => {
  it('is taken up where it was left, from any version of it', () => {
    const edit = begun(values(), 3, values({ description: 'half a sent' }));
    const again = resumed(JSON.parse(JSON.stringify(kept(edit, ''))), begun(values(), 5), '');
    expect(again).toMatchObject({ version: 3, restored: true });
    expect(again.values.description).toBe('half a sent');
    expect(isEdited(again)).toBe(true);
    expect(resumed({ values: { replicas: 7, env: 'x' } }, begun(values(), 5), '').restored).toBe(false);
  });

  it('takes the model that is asked for now', () => {
    const edit = begun(values(), 0, values({ description: 'kept' }));
    const fresh = begun(values(), 0, { ...values(), ...modelValues('clf') });
    const again = resumed(kept(edit, ''), fresh, 'clf');
    expect(again.values).toMatchObject({ door: 'kernel', variable: 'clf', description: 'kept' });
  });
});

describe('the quota', () => {
  const types = [
    { name: 'small', cpu: 0.1, memory: 2 ** 30, gpu: 0, description: '' },
    { name: 'gpu', cpu: 4, memory: 2 ** 33, gpu: 1, description: '' }
  ] as InstanceType[];
  const group = {
    name: 'risk',
    quota: { cpu: 0.3, memory: null, gpu: null, deployments: 2 },
    used: { cpu: 0.1, memory: 2 ** 30, gpu: 0, deployments: 1 }
  } as Group;
  const size = { instance_type: 'small', replicas: 2, stopped: false };

  it('counts replicas, and exactly', () => {
    const [cpu, memory, deployments] = rooms(group, needs(size, types));
    expect(cpu).toMatchObject({ free: 0.2, wanted: 0.2, left: 0, over: false });
    expect(memory).toMatchObject({ limit: undefined, wanted: 2 ** 31, over: false });
    expect(deployments).toMatchObject({ free: 1, wanted: 1, left: 0, over: false });
    expect(rooms(group, needs({ ...size, replicas: 3 }, types))[0]?.over).toBe(true);
  });

  it('does not count what the deployment has already, nor what is stopped', () => {
    const own = needs({ ...size, replicas: 1 }, types);
    expect(rooms(group, needs({ ...size, replicas: 3 }, types), own)[0]).toMatchObject({
      used: 0,
      over: false
    });
    expect(rooms(group, needs({ ...size, stopped: true }, types)).every(each => each.wanted === 0)).toBe(
      true
    );
  });
});

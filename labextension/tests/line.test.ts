import { describe, expect, it } from 'vitest';
import { cell, type Command } from '../src/ui/line/line';

/** tests/notebook/test_lines.py reads the same lines with the magic's own parser. */
const CASES: [Command, string][] = [
  [{ verb: 'stop', words: ['churn'] }, '%deploy stop churn'],
  [
    { verb: 'rollback', words: ['churn'], options: { to: 2, message: 'as it was' } },
    "%deploy rollback churn --to 2 --message 'as it was'"
  ],
  [{ verb: 'clients add', words: ['churn', 'web'] }, '%deploy clients add churn web'],
  [
    {
      verb: 'deploy',
      words: ['clf'],
      options: {
        name: "Jo's model",
        replicas: 2,
        public: false,
        env: { TZ: 'UTC', A: 'b c' },
        isolate: true,
        description: undefined
      }
    },
    `%deploy clf --name 'Jo'"'"'s model' --replicas 2 --private --env TZ=UTC --env 'A=b c' --isolate`
  ],
  [
    { verb: 'update', words: ['churn'], options: { description: '-x' } },
    '%deploy update churn --description=-x'
  ]
];

describe('the line of an action', () => {
  it.each(CASES)('%j', (command, expected) => {
    expect(cell(command)).toBe(expected);
  });

  it('is a call in Python where a line would spoil the values', () => {
    expect(
      cell({ verb: 'deploy', words: ['clf'], options: { name: 'churn', metadata: { a: '$HOME\n"x"' } } })
    ).toBe('import mdeploy_lab as md\n\nmd.deploy(clf, name="churn", metadata={"a": "$HOME\\n\\"x\\""})');
    expect(
      cell({ verb: 'update', words: ['churn'], options: { description: 'two\nlines', replicas: 2 } })
    ).toBe('import mdeploy_lab as md\n\nmd.get("churn").update(description="two\\nlines", replicas=2)');
  });
});

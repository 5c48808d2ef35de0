import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FluxError } from '../../../embedded/flux/evaluate.ts';
import { readTaskOptions } from '../../../embedded/flux/query/task-options.ts';
import { Duration } from '../../../embedded/flux/values/value.ts';

const HOUR = 3_600_000_000_000n;

test('all options are read', () => {
  const script =
    'import "array"\noption task = {name: "a", every: 1h, offset: -5m, concurrency: 2, retry: 3}\nx = 1';
  assert.deepEqual(readTaskOptions(script), {
    name: 'a',
    every: new Duration(0, HOUR),
    offset: new Duration(0, -300_000_000_000n),
    concurrency: 2n,
    retry: 3n,
  });
});

test('cron and calendar durations are read', () => {
  assert.deepEqual(readTaskOptions('option task = {name: "a", cron: "0 * * * *"}'), {
    name: 'a',
    cron: '0 * * * *',
  });
  const { every } = readTaskOptions('option task = {name: "a", every: 1mo}');
  assert.deepEqual(every, new Duration(1, 0n));
});

const REFUSED: readonly (readonly [string, string])[] = [
  ['x = 1', 'no task options defined'],
  [
    'option task = {name: "a", every: 1h} option task = {name: "a", every: 1h}',
    'multiple task options defined',
  ],
  ['option task = 5', 'task option expected to be object literal, but found "IntegerLiteral"'],
  ['option task = {every: 1h}', 'missing required option: name'],
  ['option task = {name: "a"}', 'missing required option: cron or every'],
  [
    'option task = {name: "a", every: 1h, cron: "@daily"}',
    'cannot use both cron and every in task options',
  ],
  ['option task = {name: 5, every: 1h}', "failed to parse field 'name' in task options"],
  ['option task = {name: "a", every: 5}', "failed to parse field 'every' in task options"],
  [
    'option task = {name: "a", every: 10ms}',
    'invalid options: every option must be at least 1 second',
  ],
  [
    'option task = {name: "a", every: 1500ms}',
    'invalid options: every option must be expressible as whole seconds',
  ],
  [
    'option task = {name: "", every: 1h, offset: 10ms, concurrency: 101, retry: 0}',
    'invalid options: name required, offset option must be expressible as whole seconds, ' +
      'concurrency exceeded max of 100, retry must be at least 1',
  ],
  ['option task = {name: "a"', 'error @1:15-1:25: expected RBRACE, got EOF'],
];

for (const [script, message] of REFUSED) {
  test(`refused: ${script}`, () => {
    assert.throws(
      () => readTaskOptions(script),
      (error) => error instanceof FluxError && error.message === message,
    );
  });
}

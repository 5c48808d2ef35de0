import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs } from '../../../ingest/writer/backoff.ts';
import { judge, quotedLines, type Verdict } from '../../../ingest/writer/verdict.ts';

const json = (message: string) => JSON.stringify({ code: 'x', message });

/** status, message, kind, reason */
const table: readonly [number, string, Verdict['kind'], Verdict['reason']][] = [
  [204, '', 'stored', 'stored'],
  [200, '<html>', 'fix', 'not-influxdb'],
  [302, '', 'fix', 'not-influxdb'],
  [400, "unable to parse 'm v=': missing field value", 'unparsable', 'unparsable'],
  [400, 'queue length exceeded', 'later', 'overload'],
  [400, 'memory allocation limit reached: limit 6 bytes', 'later', 'overload'],
  [400, 'invalid precision', 'suspect', 'rejected'],
  [401, 'unauthorized access', 'fix', 'unauthorized'],
  [403, 'insufficient permissions for write', 'fix', 'forbidden'],
  [404, 'bucket "b" not found', 'fix', 'not-found'],
  [405, '', 'suspect', 'rejected'],
  [408, '', 'later', 'server-error'],
  [413, '', 'split', 'too-large'],
  [422, 'partial write: field type conflict: ... dropped=1', 'partial', 'type-conflict'],
  [
    422,
    'partial write: dropped 3 points outside retention policy dropped=3 for',
    'partial',
    'outside-retention',
  ],
  [422, 'failure writing points to database: partial write: odd dropped=2', 'partial', 'dropped'],
  [422, 'something else', 'suspect', 'rejected'],
  [429, '', 'later', 'too-many-requests'],
  [500, 'engine: cache-max-memory-size exceeded: (3/2)', 'later', 'overload'],
  [500, 'internal error', 'suspect', 'internal-error'],
  [501, '', 'suspect', 'internal-error'],
  [502, '', 'later', 'server-error'],
  [503, '', 'later', 'server-error'],
  [504, '', 'later', 'server-error'],
];

for (const [status, message, kind, reason] of table) {
  test(`${status} ${message.slice(0, 40)} is ${kind}: ${reason}`, () => {
    const text = message === '' ? '' : json(message);
    const verdict = judge({ kind: 'answer', status, text, retryAfterMs: 7 });
    assert.equal(verdict.kind, kind);
    assert.equal(verdict.reason, reason);
    if (kind === 'later') assert.equal('retryAfterMs' in verdict && verdict.retryAfterMs, 7);
  });
}

test('no answer is waited for', () => {
  const verdict = judge({ kind: 'no-answer', message: 'connection refused' });
  assert.equal(verdict.kind, 'later');
  assert.equal(verdict.reason, 'no-answer');
});

test('a message that is no JSON is used as it is', () => {
  const verdict = judge({
    kind: 'answer',
    status: 503,
    text: '<h1>busy</h1>',
    retryAfterMs: undefined,
  });
  assert.ok('message' in verdict && verdict.message.includes('busy'));
});

test('the count of dropped points is read', () => {
  const text = json('partial write: field type conflict: x dropped=12 for database: y');
  const verdict = judge({ kind: 'answer', status: 422, text, retryAfterMs: undefined });
  assert.equal(verdict.kind === 'partial' && verdict.dropped, 12);
});

test('quoted lines are found though they hold quotes, colons and newlines', () => {
  const lines = ["m,t=it's v=1", `m s="a': b" 1`, 'm s="unable\nto" 2', 'm v=3'];
  const message = lines
    .slice(0, 3)
    .map((line) => `unable to parse '${line}': why: so`)
    .join('\n');
  const found = quotedLines(message, (line) => lines.includes(line));
  assert.deepEqual(
    [...found],
    lines.slice(0, 3).map((line) => [line, 'why: so']),
  );
});

test('a quote of something that was not sent is no verdict on any line', () => {
  assert.equal(quotedLines("unable to parse 'x': y", () => false).size, 0);
});

test('waits grow by doubling up to the most, with full jitter, and respect Retry-After', () => {
  const backoff = { baseMs: 100, maxMs: 1_000 };
  const most = [0, 1, 2, 3, 4, 50].map((attempt) => backoffMs(backoff, attempt, () => 1));
  assert.deepEqual(most, [100, 200, 400, 800, 1_000, 1_000]);
  assert.equal(
    backoffMs(backoff, 3, () => 0),
    0,
  );
  assert.equal(
    backoffMs(backoff, 0, () => 0.5, 3_000),
    3_050,
  );
  assert.equal(
    backoffMs(backoff, 0, () => 0, 1e12),
    600_000,
  );
});

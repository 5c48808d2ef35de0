import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkCron, nextSlot } from '../../../embedded/tasks/schedule.ts';
import { readTaskScript, withOptions } from '../../../embedded/tasks/script.ts';

const body = '\n\nfrom(bucket: "b")|>range(start: -1h) // as its author wrote it\n';
const script = (options: string) => `option task = {name: "t", ${options}}${body}`;
const slot = (options: string, after: string) => {
  const { scheduledForMs, dueMs } = nextSlot(readTaskScript(script(options)), Date.parse(after));
  return [scheduledForMs, dueMs].map((ms) => new Date(ms).toISOString().slice(0, 19));
};

test('slots are multiples of every, strictly after', () => {
  const cases: [string, string, string][] = [
    ['every: 1m', '2026-01-01T00:00:00Z', '2026-01-01T00:01:00'],
    ['every: 1m', '2026-01-01T00:00:59.999Z', '2026-01-01T00:01:00'],
    ['every: 1s', '2026-01-01T00:00:00.001Z', '2026-01-01T00:00:01'],
    ['every: 1h', '2026-01-01T00:30:00Z', '2026-01-01T01:00:00'],
    ['every: 7m', '2026-01-01T00:00:00Z', '2026-01-01T00:06:00'],
    // Counted from the year 1, as Go does: weeks begin on a Monday.
    ['every: 1w', '2026-01-01T00:00:00Z', '2026-01-05T00:00:00'],
  ];
  for (const [options, after, expected] of cases) {
    assert.equal(slot(options, after)[0], expected, `${options} after ${after}`);
  }
});

test('cron slots are in UTC', () => {
  assert.equal(slot('cron: "*/5 * * * *"', '2026-01-01T00:05:00Z')[0], '2026-01-01T00:10:00');
  assert.equal(slot('cron: "0 6 * * 1"', '2026-01-01T00:00:00Z')[0], '2026-01-05T06:00:00');
  assert.throws(() => checkCron('nope'), /cron invalid/);
  assert.throws(() => checkCron('0 0 31 2 *'), /never comes|cron invalid/);
});

test('an offset delays the start and leaves the slot alone', () => {
  assert.deepEqual(slot('every: 1h, offset: 90s', '2026-01-01T00:30:00Z'), [
    '2026-01-01T01:00:00',
    '2026-01-01T01:01:30',
  ]);
});

test('durations are shown as they were written', () => {
  const { every, everySeconds, offset, offsetSeconds } = readTaskScript(
    script('every: 90m, offset: 1m30s'),
  );
  assert.deepEqual([every, everySeconds, offset, offsetSeconds], ['90m', 5400, '1m30s', 90]);
});

test('months are refused for every: their length changes', () => {
  assert.throws(() => readTaskScript(script('every: 1mo')), /use cron/);
});

test('an option is changed in its place', () => {
  const flux = script('every: 1h, offset: 5s');
  assert.equal(
    withOptions(flux, { every: '2h', name: 'a "b"' }),
    `option task = {name: "a \\"b\\"", every: 2h, offset: 5s}${body}`,
  );
  assert.equal(
    withOptions(flux, { cron: '0 * * * *' }),
    `option task = {name: "t", cron: "0 * * * *", offset: 5s}${body}`,
  );
  assert.equal(
    withOptions(script('every: 1h'), { offset: '10s' }),
    `option task = {name: "t", offset: 10s, every: 1h}${body}`,
  );
  const accented = `// é€\noption task = {name: "é", every: 1h}${body}`;
  assert.match(withOptions(accented, { every: '3h' }), /name: "é", every: 3h\}/);
});

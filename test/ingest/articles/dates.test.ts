import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDate } from '../../../ingest/articles/dates.ts';

const iso = (text: string): string | undefined => {
  const ms = parseDate(text);
  return ms === undefined ? undefined : new Date(ms).toISOString().replace('.000Z', 'Z');
};

const READ: readonly (readonly [string, string])[] = [
  ['Wed, 30 Sep 2026 17:17:54 +0000', '2026-09-30T17:17:54Z'],
  ['Wed, 30 Sep 2026 17:17:54 GMT', '2026-09-30T17:17:54Z'],
  ['Wed, 30 Sep 2026 17:17:54 EST', '2026-09-30T22:17:54Z'],
  ['Wed, 30 Sep 2026 17:17:54 PDT', '2026-10-01T00:17:54Z'],
  ['Wed, 30 Sep 2026 17:17:54 AEST', '2026-09-30T07:17:54Z'],
  ['Wed, 30 Sep 2026 17:17:54 +0530 (IST)', '2026-09-30T11:47:54Z'],
  ['Wed, 30 Sep 2026 17:17:54 GMT+0200', '2026-09-30T15:17:54Z'],
  ['Wed, 30 Sep 2026 17:17:54', '2026-09-30T17:17:54Z'],
  ['30 Sep 26 17:17 UT', '2026-09-30T17:17:00Z'],
  ['Thu, 01 Jan 98 00:00:00 GMT', '1998-01-01T00:00:00Z'],
  ['Wednesday, 30-Sep-26 17:17:54 GMT', '2026-09-30T17:17:54Z'],
  ['Wed Sep 30 17:17:54 2026', '2026-09-30T17:17:54Z'],
  ['Wed Sep 30 17:17:54 EDT 2026', '2026-09-30T21:17:54Z'],
  ['September 30, 2026 5:17 pm', '2026-09-30T17:17:00Z'],
  ['Sep 30, 2026 12:05 AM EST', '2026-09-30T05:05:00Z'],
  ['30 September 2026', '2026-09-30T00:00:00Z'],
  ['2026-09-30T17:17:54Z', '2026-09-30T17:17:54Z'],
  ['2026-09-30T17:17:54.123456+02:00', '2026-09-30T15:17:54.123Z'],
  ['2026-09-30T17:17:54-0700', '2026-10-01T00:17:54Z'],
  ['2026-09-30 17:17:54', '2026-09-30T17:17:54Z'],
  ['2026-09-30 17:17:54 UTC', '2026-09-30T17:17:54Z'],
  ['2026-09-30T17:17Z', '2026-09-30T17:17:00Z'],
  ['2026-09-30', '2026-09-30T00:00:00Z'],
  ['2026-09', '2026-09-01T00:00:00Z'],
  ['20260930T171754Z', '2026-09-30T17:17:54Z'],
  ['20260930', '2026-09-30T00:00:00Z'],
  ['2026-273', '2026-09-30T00:00:00Z'],
  ['2026/09/30 17:17', '2026-09-30T17:17:00Z'],
  ['2026년 9월 30일', '2026-09-30T00:00:00Z'],
  ['1790788674', '2026-09-30T17:17:54Z'],
  ['1790788674000', '2026-09-30T17:17:54Z'],
  ['Mi, 30 Okt 2026 17:17:54 +0100', '2026-10-30T16:17:54Z'],
  ['Ср, 30 сен 2026 17:17:54 +0300', '2026-09-30T14:17:54Z'],
  ['09/30/2026 17:17', '2026-09-30T17:17:00Z'],
  ['Wed, 30 Sep 2026 24:00:00 GMT', '2026-10-01T00:00:00Z'],
  ['Wed, 30 Sep 2026 17:17:60 GMT', '2026-09-30T17:18:00Z'],
  ['  Wed,\n 30 Sep   2026 17:17:54 Z ', '2026-09-30T17:17:54Z'],
];

for (const zone of ['UTC', 'America/New_York', 'Asia/Kolkata']) {
  test(`dates of every shape are the same instant on a server in ${zone}`, () => {
    const before = process.env.TZ;
    process.env.TZ = zone;
    try {
      for (const [text, want] of READ) assert.equal(iso(text), want, text);
    } finally {
      if (before === undefined) delete process.env.TZ;
      else process.env.TZ = before;
    }
  });
}

test('what is no date, or one that cannot be, is none', () => {
  const none = [
    '',
    'Invalid Date',
    'yesterday',
    '0000-00-00 00:00:00',
    'Thu, 01 Jan 1970 00:00:00 GMT',
    '0',
    '2026-02-30',
    '2026-13-01',
    '31 Jun 2026 10:00 GMT',
    'Wed, 30 Sep 2026 25:00:00 GMT',
    'Wed, 30 Sep 2026 17:61:00 GMT',
    'Wed, 30 Sep 2026 17:17:54 XYZT',
    '2026-09-30T17:17:54+99:00',
    '03/04/2026',
    '2026-400',
    '<b>2026</b>',
    '9'.repeat(5_000),
  ];
  for (const text of none) assert.equal(iso(text), undefined, text.slice(0, 40));
});

test('a date made to be slow to read is not', () => {
  const before = process.cpuUsage();
  for (const part of ['a', '1', ' ', '-', 'a.', '1:', '(']) parseDate(part.repeat(199));
  parseDate(`Wed, 30 Sep 2026${' '.repeat(1_000_000)}x`);
  assert.ok(process.cpuUsage(before).user < 500_000);
});

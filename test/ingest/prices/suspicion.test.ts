import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HttpResponse } from '../../../core/http.ts';
import { judgeRows, judgeStatus } from '../../../ingest/prices/suspicion.ts';
import { NOW_MS, refuse, response } from '../../helpers/border.ts';

const HOUR_MS = 3_600_000;

interface Case {
  readonly what: string;
  readonly id?: string;
  readonly answer: HttpResponse;
  readonly reason: string;
  readonly pauseMs?: number;
}

const ban = '{"code":-1003,"msg":"Way too many requests; IP banned until 1767229200000."}';
const html = { 'Content-Type': 'text/html; charset=UTF-8' };

const CASES: readonly Case[] = [
  {
    what: '429 with Retry-After in seconds',
    answer: response(429, '{"error":"ERR_RATE_LIMIT"}', { 'Retry-After': '63' }),
    reason: 'rate-limited',
    pauseMs: 63_000,
  },
  {
    what: '429 with Retry-After as a date',
    answer: response(429, '', { 'Retry-After': 'Thu, 01 Jan 2026 00:00:30 GMT' }),
    reason: 'rate-limited',
    pauseMs: 30_000,
  },
  { what: '429 alone', answer: response(429, ''), reason: 'rate-limited', pauseMs: 60_000 },
  {
    what: '429 with a page for a body',
    answer: response(429, '<!DOCTYPE html>', html),
    reason: 'rate-limited',
    pauseMs: 60_000,
  },
  {
    what: 'a Retry-After of a year: capped',
    answer: response(429, '', { 'Retry-After': '31536000' }),
    reason: 'rate-limited',
    pauseMs: HOUR_MS,
  },
  { what: "Binance's ban", answer: response(418, ban), reason: 'banned', pauseMs: HOUR_MS },
  {
    what: 'a ban that ended before it was read: a minute all the same',
    answer: response(418, ban.replace('1767229200000', '1516363116074')),
    reason: 'banned',
    pauseMs: 60_000,
  },
  {
    what: 'a ban until the year 2286: three days',
    answer: response(418, ban.replace('1767229200000', '9999999999999')),
    reason: 'banned',
    pauseMs: 72 * HOUR_MS,
  },
  { what: '418 without a text', answer: response(418, ''), reason: 'banned', pauseMs: 300_000 },
  { what: '403', answer: response(403, '<html>', html), reason: 'forbidden', pauseMs: 300_000 },
  { what: '451', answer: response(451, '{}'), reason: 'forbidden', pauseMs: 300_000 },
  {
    what: '503 with Retry-After',
    answer: response(503, '{}', { 'Retry-After': '5' }),
    reason: 'server-error',
    pauseMs: 5_000,
  },
  { what: '502 with a page', answer: response(502, '<html>', html), reason: 'server-error' },
  {
    what: '500 that says rate limit',
    answer: response(500, '["error",11010,"ratelimit: error"]'),
    reason: 'rate-limited',
    pauseMs: 60_000,
  },
  {
    what: '503 for maintenance',
    answer: response(503, 'Under maintenance'),
    reason: 'maintenance',
  },
  { what: '404', answer: response(404, '{"message":"NotFound"}'), reason: 'status' },
  { what: '204', answer: response(204, ''), reason: 'status' },
  { what: 'a page in a 200', answer: response(200, '<html></html>', html), reason: 'html' },
  {
    what: 'a page in a 200 that calls itself JSON',
    answer: response(200, '  <!DOCTYPE html>', { 'content-type': 'application/json' }),
    reason: 'html',
  },
  { what: 'cut JSON', answer: response(200, '{"error":[],"result":{"BTC/U'), reason: 'not-json' },
  { what: 'an empty body', answer: response(200, ''), reason: 'not-json' },
  {
    what: 'bytes that are no UTF-8',
    answer: response(200, Buffer.from([0x22, 0xff, 0x22])),
    reason: 'not-json',
  },
  {
    what: "Kraken's error",
    answer: response(200, '{"error":["EQuery:Unknown asset pair"]}'),
    reason: 'error-body',
  },
  {
    what: "Kraken's rate limit in a 200",
    answer: response(200, '{"error":["EAPI:Rate limit exceeded"]}'),
    reason: 'rate-limited',
    pauseMs: 60_000,
  },
  {
    what: 'Kraken busy',
    answer: response(200, '{"error":["EService:Busy"]}'),
    reason: 'server-error',
  },
  { what: 'no row', answer: response(200, '{"error":[],"result":{}}'), reason: 'empty' },
  { what: 'a list where an object was due', answer: response(200, '[]'), reason: 'shape' },
  { what: 'Bitfinex empty', id: 'bitfinex', answer: response(200, '[]'), reason: 'empty' },
  {
    what: 'OKX with another code',
    id: 'okx',
    answer: response(200, '{"code":"51001","msg":"Instrument ID does not exist","data":[]}'),
    reason: 'error-body',
  },
  {
    what: 'Bitstamp under maintenance',
    id: 'bitstamp',
    answer: response(200, '{"error":"Bitstamp.net is under scheduled maintenance."}'),
    reason: 'maintenance',
  },
];

describe('suspicion', () => {
  for (const { what, id, answer, reason, pauseMs } of CASES) {
    it(`${what}: ${reason}${pauseMs ? `, a pause of ${pauseMs} ms` : ''}`, () => {
      const refusal = refuse(id ?? 'kraken', answer);
      assert.equal(refusal?.reason, reason, refusal?.message);
      assert.equal(refusal?.pauseMs, pauseMs);
    });
  }

  it("obeys an adapter's own pause for a status", () => {
    const rules = { nowMs: NOW_MS, pauses: { 403: 600_000 } };
    assert.equal(judgeStatus(response(403, ''), rules)?.pauseMs, 600_000);
  });

  it('never puts more than a line of a body into its message', () => {
    const refusal = judgeStatus(response(500, `a\nb${'x'.repeat(9_999)}`), { nowMs: NOW_MS });
    assert.ok((refusal?.message.length ?? 999) < 250);
    assert.ok(!refusal?.message.includes('\n'));
  });
});

describe('the number of rows', () => {
  it('is believed from half of the last accepted poll on', () => {
    const last = { lastRows: 101, shrunkenForMs: 0 };
    assert.equal(judgeRows(51, last), undefined);
    assert.equal(judgeRows(50, last)?.reason, 'shrunken');
    assert.equal(judgeRows(1, { ...last, lastRows: 0 }), undefined);
    assert.equal(judgeRows(0, { ...last, lastRows: 0 })?.reason, 'empty');
  });

  it('is believed when it stays smaller for half an hour', () => {
    const last = { lastRows: 100, shrunkenForMs: 30 * 60_000 };
    assert.equal(judgeRows(40, last), undefined);
    assert.equal(judgeRows(0, last)?.reason, 'empty');
  });
});

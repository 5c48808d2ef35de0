import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { errorOf, raw, startApi, type TestApi } from '../helpers/api.ts';

let api: TestApi;
before(async () => {
  api = await startApi();
});
after(() => api.close());

const JSON_TYPE = 'application/json';
const GOOD = '{"pair":"btcusd"}';

function post(body: string | Buffer, headers: Readonly<Record<string, string>>) {
  return fetch(`${api.url}/api/v1/metrics`, { method: 'POST', headers, body });
}

describe('a body', () => {
  for (const type of [
    JSON_TYPE,
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'application/vnd.api+json',
  ]) {
    it(`is read as ${type}`, async () => {
      assert.equal((await post(GOOD, { 'content-type': type })).status, 200);
    });
  }

  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=latin1',
    'application/jsonp',
    'text/json',
  ]) {
    it(`is refused as ${type}`, async () => {
      const answer = await post(GOOD, { 'content-type': type });
      assert.equal(answer.status, 415);
      assert.match(String((await errorOf(answer)).details.expected), /application\/json/);
    });
  }

  it('is refused packed', async () => {
    const headers = { 'content-type': JSON_TYPE, 'content-encoding': 'gzip' };
    assert.equal((await post(gzipSync(GOOD), headers)).status, 415);
  });

  for (const [title, body, message] of [
    ['that is not there', '', /there is no body/],
    ['that is cut', '{"pair":', /not JSON/],
    ['that is not UTF-8', Buffer.from([0x22, 0xff, 0x22]), /not JSON in UTF-8/],
    ['with a byte order mark alone', Buffer.from([0xef, 0xbb, 0xbf]), /not JSON/],
    ['that is nested deeply', '['.repeat(200_000), /not JSON/],
    ['with a field of another', '{"pair":"btcusd","sql":1}', /unknown field "sql"/],
    ['with a field of great length', `{"${'x'.repeat(5000)}":1}`, /unknown field "x{64}\.\.\."/],
  ] as const) {
    it(`${title} is refused`, async () => {
      const answer = await post(body, { 'content-type': JSON_TYPE });
      assert.equal(answer.status, 400);
      assert.match((await errorOf(answer)).message, message);
    });
  }

  it('above 1 MB is refused before it is sent, and while it is', async () => {
    const head = (more: string) =>
      `POST /api/v1/metrics HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${JSON_TYPE}\r\n` +
      `Connection: close\r\n${more}\r\n\r\n`;
    // Not a byte of it: what was announced is enough.
    const announced = await startsWith(head('Content-Length: 1048577'));
    assert.match(announced, / 413 [\s\S]*"too-large"/);
    const piece = `${(65_536).toString(16)}\r\n${' '.repeat(65_536)}\r\n`;
    const sent = await startsWith(head('Transfer-Encoding: chunked') + piece.repeat(17));
    assert.match(sent, / 413 [\s\S]*"bytesMax":1048576/);
  });

  it('of just 1 MB is read', async () => {
    const padded = GOOD.padEnd(1_048_576);
    assert.equal((await post(padded, { 'content-type': JSON_TYPE })).status, 200);
  });
});

/** The answer to a request that is never completed. */
async function startsWith(text: string): Promise<string> {
  return raw(api.port, text);
}

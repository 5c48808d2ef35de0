import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { canBeName } from '../../core/targets.ts';
import { errorOf, startApi, type TestApi } from '../helpers/api.ts';
import { fakeFeeds } from '../helpers/feed-desk.ts';
import { send } from '../helpers/send.ts';

const part = (length: number) => 'a'.repeat(length);
const LONGEST = `${part(63)}.${part(63)}.${part(63)}.${part(61)}`;
const ACUTE = 'ü'.repeat(60);

const NAMES = [
  ...['example.com', 'EXAMPLE.com.', 'a', '1.2.3.4', '[2001:db8::1]', 'xn--bcher-kva.example'],
  ...[`${part(63)}.example`, LONGEST, `${LONGEST}.`, `${'ü'.repeat(50)}.example`],
];
const NONE = [
  ...[`${part(64)}.example`, `example.${part(64)}`, `a${LONGEST}`, `a.${LONGEST}`],
  ...[`${ACUTE}.example`, 'a..example', '.example', 'example..'],
];

it('a host can be what DNS can have a name for', () => {
  const hostname = (host: string) => new URL(`https://${host}/`).hostname;
  for (const host of NAMES) assert.ok(canBeName(hostname(host)), host);
  for (const host of NONE) assert.ok(!canBeName(hostname(host)), host);
});

describe('a URL whose host can have no name', () => {
  let api: TestApi;
  const feeds = fakeFeeds();
  before(async () => {
    api = await startApi({ feeds });
  });
  after(() => api?.close());

  const cases = [
    ['POST /monitors', 'url', (url: string) => ({ url })],
    ['POST /feeds', 'url', (url: string) => ({ url })],
    ['POST /alerts', 'webhook', (webhook: string) => ({ webhook })],
    ['POST /alerts', 'slack', (slack: string) => ({ slack })],
    [
      'POST /alerts',
      'webhook',
      (webhook: string) => ({ email: 'me@example.com', fallback: { webhook } }),
    ],
  ] as const;
  for (const [route, field, body] of cases) {
    it(`is refused by ${route} as ${field}, with what a host may be`, async () => {
      for (const host of NONE) {
        const answer = await send(api.url, route, body(`https://${host}/x`));
        assert.equal(answer.status, 422, host);
        const { code, message, details } = await errorOf(answer);
        assert.deepEqual([code, details.field], ['unprocessable', field]);
        assert.equal(message, `field ${field}: no host can have this name`);
        assert.match(String(details.expected), /^a host name of at most 253 characters/);
        assert.equal(details.fix, undefined);
      }
      for (const host of [`${part(63)}.example`, LONGEST]) {
        const answer = await send(api.url, route, body(`https://${host}/x`));
        assert.equal(answer.status, 201, host);
      }
    });
  }

  it('is left out of a list of feeds that comes in, by name', async () => {
    const [long = ''] = NONE;
    const answer = await fetch(`${api.url}/feeds/opml`, {
      method: 'POST',
      headers: { 'content-type': 'text/x-opml' },
      body: `<opml><body><outline xmlUrl="https://${long}/rss"/></body></opml>`,
    });
    const refused = [{ url: `https://${long}/rss`, why: 'no host can have this name' }];
    assert.deepEqual(((await answer.json()) as { refused: unknown }).refused, refused);
  });
});

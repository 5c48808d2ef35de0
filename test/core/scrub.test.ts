/** No secret is read in a log, whatever field or error carries it. */
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { readConfig } from '../../core/config.ts';
import { messageOf } from '../../core/errors.ts';
import { createHttp } from '../../core/http.ts';
import { createInflux } from '../../core/influx/influx.ts';
import { createLog, type LogOptions } from '../../core/log.ts';
import { createScrub } from '../../core/scrub.ts';
import { secretsOf } from '../../core/secrets.ts';
import { openPostgres } from '../../registry/postgres.ts';
import { startUpstream } from '../helpers/upstream.ts';

const SECRET = 'Wn8"kq\\7 pä+s/4';
const PLAIN = 'Wn8kq7ps4Wn8kq7ps4';

/** Everything that is written, and each line read as JSON: it must stay that. */
function logged(options: LogOptions, write: (log: ReturnType<typeof createLog>) => void): string {
  let text = '';
  const log = createLog('debug', {
    ...options,
    write(line) {
      text += line;
      if (!options.readable) assert.equal(typeof JSON.parse(line), 'object');
    },
  });
  write(log);
  assert.notEqual(text, '');
  return text;
}

const CARRIERS: readonly (readonly [string, object])[] = [
  ['the user and password of a URL', { url: `postgres://me:${PLAIN}@db:5432/x` }],
  ['a user alone', { url: `https://${PLAIN}@feeds.example/rss` }],
  ['a key in a query', { url: `https://x.example/a?b=1&api_key=${PLAIN}&c=2` }],
  ['a token in a query', { error: `GET /events?access_token=${PLAIN} failed` }],
  ['a signature in a query', { error: `https://x.example/?X-Amz-Signature=${PLAIN}` }],
  ['a bearer of a header', { error: `sent authorization: Bearer ${PLAIN}` }],
  ['a basic of a header', { headers: { other: `Basic ${PLAIN}==` } }],
  ["InfluxDB's token", { error: `Authorization: Token ${PLAIN}` }],
  ['headers', { request: { headers: { authorization: PLAIN, cookie: PLAIN } } }],
  ['a header far down', { a: { b: { c: { d: { e: { Authorization: PLAIN } } } } } }],
  ['fields by their names', { token: PLAIN, apiKey: PLAIN, password: PLAIN, clientSecret: PLAIN }],
  ['JSON that is quoted', { error: `refused: {"token":"${PLAIN}","ok":false}` }],
  ['a connection string', { error: `host=db password=${PLAIN} user=me` }],
  ['the secret of a webhook', { reason: `whsec_${PLAIN}` }],
  ["Slack's token", { reason: `xoxb-${PLAIN}` }],
  ['the stack of an error', { stack: new Error(`https://me:${PLAIN}@x.example`).stack }],
  ['an error', { err: new Error(`Bearer ${PLAIN}`) }],
  ['a list', { urls: [`https://me:${PLAIN}@x.example/`] }],
];

describe('what looks like a secret', () => {
  for (const [name, ids] of CARRIERS) {
    it(`is hidden: ${name}`, () => {
      for (const readable of [false, true]) {
        const text = logged({ readable }, (log) => log.warn(ids, 'words'));
        assert.ok(!text.includes(PLAIN), text);
        assert.match(text, /\*\*\*|\[Redacted\]/);
      }
    });
  }

  it('is hidden in messages and in the ids of children too', () => {
    const text = logged({}, (log) =>
      log.child({ to: `Bearer ${PLAIN}` }).info({}, `?key=${PLAIN}`),
    );
    assert.ok(!text.includes(PLAIN), text);
  });

  it('is not everything: what helps stays', () => {
    const said = [
      'InfluxDB refused the token; check INFLUX_TOKEN',
      'https://x.example/a?page=2&limit=10',
      'the token lacks a permission on the bucket',
      'database postgres://db:5432/tidemark: wrong password: correct DATABASE_URL',
      'expected a key of 16 characters',
    ];
    const scrub = createScrub();
    for (const text of said) assert.equal(scrub(text), text);
  });
});

describe('what the settings say is secret', () => {
  const config = readConfig({
    INFLUX_URL: 'http://127.0.0.1:1',
    INFLUX_TOKEN: SECRET,
    DATABASE_URL: `postgres://me:${encodeURIComponent(SECRET)}@127.0.0.1:1/x`,
    SMTP_URL: `smtp://me:${encodeURIComponent(`${SECRET}-mail`)}@127.0.0.1:25`,
    SMTP_FROM: 'a@b.example',
    API_KEYS: 'dashboard-team:read:0123456789abcdef-key',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
    OTEL_EXPORTER_OTLP_HEADERS: 'x-honeycomb=collector-header-value',
  });
  const secrets = secretsOf(config);

  it('is hidden in every form that it takes, in any field', () => {
    const forms = [SECRET, encodeURIComponent(SECRET), JSON.stringify(SECRET).slice(1, -1)];
    const others = ['0123456789abcdef-key', 'collector-header-value', `${SECRET}-mail`];
    for (const form of [...forms, ...others]) {
      const ids = { harmless: form, deep: { list: [`before ${form} after`] } };
      const text = logged({ secrets }, (log) => log.error(ids, `said ${form}`));
      for (const each of [form, SECRET, JSON.stringify(form).slice(1, -1)]) {
        assert.ok(!text.includes(each), text);
      }
      assert.match(text, /before \*\*\* after/);
    }
  });

  it('leaves the names of keys to be read', () => {
    const text = logged({ secrets }, (log) => log.info({ key: 'dashboard-team' }, 'used'));
    assert.match(text, /dashboard-team/);
  });
});

describe('errors of what we talk to', () => {
  const shown = (error: unknown): string =>
    logged({ secrets: [PLAIN] }, (log) => {
      const { stack } = error as Error;
      log.error({ error: messageOf(error), stack, err: error, cause: (error as Error).cause }, 'x');
    });

  it('tell no token of InfluxDB', async () => {
    const upstream = await startUpstream();
    const message = `no token ${PLAIN}; sent Authorization: Token ${PLAIN}`;
    upstream.set('/api/v2/query?org=o', { status: 401, body: { code: 'unauthorized', message } });
    const account = { url: upstream.url, token: PLAIN, org: 'o', bucket: 'b' };
    const influx = createInflux({ ...account, timeoutMs: 2_000, clock: systemClock });
    const error = await influx.collect('x', {}).catch((caught: unknown) => caught);
    await influx.close();
    await upstream.close();
    assert.ok(!shown(error).includes(PLAIN));
  });

  it('tell no password of PostgreSQL', async () => {
    // A server that hangs up at once, so that pg quotes what it likes.
    const server = createServer((socket) => void socket.destroy());
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const log = createLog('silent');
    const url = `postgres://me:${PLAIN}@127.0.0.1:${port}/x`;
    const error = await openPostgres({ url, log }).catch((caught: unknown) => caught);
    server.close();
    assert.ok(error instanceof Error);
    assert.ok(!shown(error).includes(PLAIN));
  });

  it('tell nothing of headers and queries that undici was given', async () => {
    const http = createHttp({ clock: systemClock, version: '0' });
    const error = await http
      .fetch({
        url: `http://127.0.0.1:1/feed?token=${PLAIN}`,
        headers: { authorization: `Bearer ${PLAIN}`, cookie: `id=${PLAIN}` },
        ...{ deadlineMs: 2_000, bytesMax: 10, from: 'operator' },
      })
      .catch((caught: unknown) => caught);
    await http.close();
    assert.ok(error instanceof Error);
    assert.ok(!shown(error).includes(PLAIN));
  });
});

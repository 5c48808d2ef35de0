import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startAuditTrail, startForgetting } from '../../api/keys/audit.ts';
import { TidemarkError } from '../../core/errors.ts';
import { type Log, silentLog } from '../../core/log.ts';
import { createMetrics } from '../../core/metrics.ts';
import type { AuditEntry } from '../../registry/audit.ts';
import { newKeySecret } from '../../registry/key-secret.ts';
import { startApi, type TestApi } from '../helpers/api.ts';
import { ManualClock } from '../helpers/clock.ts';
import { eventually } from '../helpers/eventually.ts';
import { FakeAudit, FakeKeys, servingFrom, servingWith } from '../helpers/keys.ts';

const SETTING = 'a-secret-of-the-settings';
const keys = [
  { name: 'ops', role: 'admin', secret: SETTING },
  { name: 'grafana', role: 'read', secret: 'another-secret-of-theirs' },
] as const;
const MINUTE_MS = 60_000;

const entry = (nr: number): AuditEntry => ({
  ...{ atMs: nr, key: 'ops', role: 'admin', method: 'POST', route: 'addMonitor', path: '/x' },
  ...{ status: 201, request: `r-${nr}`, address: '::1', tookMs: 1 },
});

/** A log that keeps its lines. */
function keptLog(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (ids: object, message: string) =>
    void lines.push(`${JSON.stringify(ids)}${message}`);
  const log: Log = { debug: keep, info: keep, warn: keep, error: keep, child: () => log };
  return { log, lines };
}

describe('requests that change something', () => {
  const audit = new FakeAudit();
  const { log, lines } = keptLog();
  let source: FakeKeys;
  let api: TestApi;
  let close: () => Promise<void>;
  before(async () => {
    const clock = new ManualClock(Date.UTC(2022, 9, 11, 3, 35));
    source = new FakeKeys(clock);
    const serving = await servingFrom(source, { clock, keys, log });
    const desks = { auditDesk: audit, auditTrail: audit.trail };
    api = await startApi({ ...serving, ...desks, clock, log });
    close = () => serving.keyring.close();
  });
  after(async () => {
    await close();
    await api.close();
  });
  const ask = async (method: string, path: string, secret?: string, body?: object) => {
    const answer = await fetch(`${api.url}${path}`, {
      method,
      headers: {
        ...(secret !== undefined && { authorization: `Bearer ${secret}` }),
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, text: await answer.text(), headers: answer.headers };
  };
  const noted = (count: number) =>
    eventually(() => {
      assert.equal(audit.entries.length, count);
      return audit.entries.splice(0);
    });

  it('are noted, at their short address too: who, what, when, from where, how it ended', async () => {
    const body = { name: 'more', role: 'read' };
    const { headers } = await ask('POST', '/keys?', SETTING, body);
    const [found] = await noted(1);
    assert.deepEqual(found, {
      ...{ id: 1, atMs: Date.UTC(2022, 9, 11, 3, 35), key: 'ops', role: 'admin', method: 'POST' },
      ...{ route: 'addKey', path: '/keys', status: 201, request: headers.get('x-request-id') },
      ...{ address: '127.0.0.1', tookMs: 0 },
    });
  });

  it('are noted when they are refused, with who is known', async () => {
    await ask('POST', '/api/v1/metrics', undefined, { pair: 'btcusd' });
    await ask('POST', '/api/v1/metrics', 'nobody-has-this-secret', { pair: 'btcusd' });
    await ask('DELETE', '/api/v1/metrics/1?key=x', keys[1].secret);
    await ask('POST', '/api/v1/metrics', SETTING, { pair: 7 });
    const found = await noted(4);
    assert.deepEqual(
      found.map(({ key, route, path, status }) => [key, route, path, status]),
      [
        [null, 'addMetric', '/api/v1/metrics', 401],
        [null, 'addMetric', '/api/v1/metrics', 401],
        ['grafana', 'deleteMetric', '/api/v1/metrics/1', 403],
        ['ops', 'addMetric', '/api/v1/metrics', 400],
      ],
    );
  });

  it('are no reads, and nothing that no route has taken', async () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS']) await ask(method, '/api/v1/pairs', SETTING);
    await ask('POST', '/nothing/here/at/all', SETTING);
    await ask('PUT', '/api/v1/pairs', SETTING);
    await ask('DELETE', '/api/v1/metrics/1', SETTING);
    assert.deepEqual(
      (await noted(1)).map(({ method }) => method),
      ['DELETE'],
    );
  });

  it('of strangers are noted only so often', async () => {
    const tries = 70;
    for (let i = 0; i < tries; i += 1) await ask('DELETE', '/api/v1/metrics/1');
    // Two of the test above.
    const found = await noted(58);
    assert.ok(found.every(({ status }) => status === 401));
    assert.match((await api.metrics.read()).text, /^tidemark_audit_skipped_total 12$/m);
  });

  it('leave no secret in logs, errors, lists, the audit and the metrics', async () => {
    const made = await ask('POST', '/keys', SETTING, { name: 'proof', role: 'admin' });
    const { secret } = JSON.parse(made.text) as { secret: string };
    const wrong = newKeySecret().secret;
    const secrets = [SETTING, keys[1].secret, secret, wrong];
    const said: string[] = [];
    for (const each of secrets) {
      for (const [method, path] of [
        ['GET', '/btcusd'],
        ['GET', '/keys'],
        ['GET', '/keys/1'],
        ['GET', '/audit'],
        ['GET', '/api/v1/me'],
        ['GET', `/btcusd?key=${each}`],
        ['GET', `/api/v1/events?key=${each}`],
        ['GET', `/api/v1/events?key=${each}&key=${each}`],
        ['DELETE', `/keys/77?key=${each}`],
        ['POST', '/keys'],
        ['GET', '/nothing/here/at/all'],
      ] as const) {
        const { text, headers } = await ask(method, path, each);
        said.push(text, JSON.stringify([...headers]));
      }
    }
    await eventually(() => assert.ok(audit.entries.length >= 4));
    const { text: metrics } = await api.metrics.read();
    const everything = [...said, ...lines, JSON.stringify(audit.entries), metrics].join('\n');
    assert.ok(lines.length > 10);
    for (const each of secrets) assert.ok(!everything.includes(each.slice(13)), each.slice(0, 12));
    for (const { hash } of source.keys) assert.ok(!everything.includes(hash));
  });
});

describe('GET /audit', () => {
  it('lists the newest first, by page, key, operation and time', async () => {
    const audit = new FakeAudit();
    const clock = new ManualClock(Date.UTC(2022, 9, 11, 3, 35));
    for (let i = 3; i > 0; i -= 1) {
      audit.trail.note({ ...entry(i), atMs: clock.nowMs() - i * MINUTE_MS });
    }
    audit.trail.note({ ...entry(9), atMs: clock.nowMs(), key: 'bob', route: 'addFeed' });
    const api = await startApi({ ...servingWith({ clock }), clock, auditDesk: audit });
    const ids = async (query: string) => {
      const answer = await fetch(`${api.url}/audit${query}`);
      const { items, next } = (await answer.json()) as { items: { id: number }[]; next: unknown };
      return [...items.map(({ id }) => id), next];
    };
    try {
      assert.deepEqual(await ids(''), [4, 3, 2, 1, null]);
      assert.deepEqual(await ids('?limit=3'), [4, 3, 2, '2']);
      assert.deepEqual(await ids('?limit=3&after=2'), [1, null]);
      assert.deepEqual(await ids('?key=bob'), [4, null]);
      assert.deepEqual(await ids('?route=addMonitor&from=2m'), [3, 2, null]);
      assert.deepEqual(await ids('?to=2022-10-11T03:33:00Z'), [1, null]);
      assert.equal((await fetch(`${api.url}/audit?route=a%20b`)).status, 400);
      assert.equal((await fetch(`${api.url}/audit?from=yesterday`)).status, 400);
    } finally {
      await api.close();
    }
  });
});

describe('the trail', () => {
  const trailOf = (add: (entries: readonly AuditEntry[]) => Promise<void>) => {
    const clock = new ManualClock();
    const metrics = createMetrics();
    const { log, lines } = keptLog();
    const trail = startAuditTrail({ store: { add }, clock, log, metrics });
    const lost = async () =>
      [
        ...(await metrics.read()).text.matchAll(
          /^tidemark_audit_lost_total\{reason="(\w+)"\} (\d+)/gm,
        ),
      ]
        .map(([, reason, count]) => `${reason} ${count}`)
        .join();
    return { clock, trail, lines, lost };
  };

  it('writes in batches, in order', async () => {
    const sizes: number[] = [];
    const nrs: number[] = [];
    const { clock, trail } = trailOf(async (entries) => {
      sizes.push(entries.length);
      nrs.push(...entries.map(({ atMs }) => atMs));
    });
    for (let nr = 0; nr < 1_200; nr += 1) trail.note(entry(nr));
    await clock.advance(2_000);
    assert.deepEqual(sizes, [500, 500, 200]);
    assert.deepEqual(nrs, [...nrs.keys()]);
    await trail.close();
  });

  it('tries again while the registry is away, and then tells what was lost', async () => {
    let away = true;
    const kept: number[] = [];
    const { clock, trail, lines, lost } = trailOf(async (entries) => {
      if (away) throw new TidemarkError('unavailable', 'away');
      kept.push(...entries.map(({ atMs }) => atMs));
    });
    trail.note(entry(1));
    await clock.advance(MINUTE_MS);
    away = false;
    await clock.advance(MINUTE_MS);
    assert.deepEqual([kept, lines.length], [[1], 0]);
    away = true;
    trail.note(entry(2));
    await clock.advance(10 * MINUTE_MS);
    assert.equal(await lost(), 'refused 1');
    assert.match(lines.join(), /"entries":1.*audit entries were not written/);
    away = false;
    trail.note(entry(3));
    await clock.advance(MINUTE_MS);
    assert.deepEqual(kept, [1, 3]);
    await trail.close();
  });

  it('gives up at once what will never be taken', async () => {
    const { clock, trail, lost } = trailOf(async () => {
      throw new TidemarkError('internal', 'no such column');
    });
    trail.note(entry(1));
    await clock.advance(1_000);
    assert.equal(await lost(), 'refused 1');
    await trail.close();
  });

  it('holds only so many, and says once that it is full', async () => {
    let free = (): void => undefined;
    const { clock, trail, lines, lost } = trailOf(
      () =>
        new Promise((resolve) => {
          free = resolve;
        }),
    );
    for (let nr = 0; nr < 10_050; nr += 1) trail.note(entry(nr));
    assert.equal(await lost(), 'full 50');
    assert.equal(lines.length, 1);
    await clock.advance(1_000);
    const closing = trail.close();
    await clock.advance(3_000);
    free();
    await closing;
    assert.match(await lost(), /stopped 10000|stopped 9500/);
  });

  it('writes what waits when it is closed', async () => {
    const kept: number[] = [];
    const { trail } = trailOf(async (entries) => {
      kept.push(...entries.map(({ atMs }) => atMs));
    });
    trail.note(entry(1));
    trail.note(entry(2));
    await trail.close();
    assert.deepEqual(kept, [1, 2]);
  });
});

describe('what is old', () => {
  it('is deleted every hour until there is no more, or never', async () => {
    const clock = new ManualClock();
    const asked: number[] = [];
    let left = 12_000;
    const forget = async (keptMs: number, limit: number) => {
      asked.push(keptMs);
      const gone = Math.min(left, limit);
      left -= gone;
      return gone;
    };
    const one = startForgetting({ forget, keptMs: 90, clock, log: silentLog });
    await clock.advance(0);
    assert.deepEqual([left, asked], [0, [90, 90, 90]]);
    await clock.advance(60 * MINUTE_MS);
    assert.equal(asked.length, 4);
    await one.close();
    const none = startForgetting({ forget, keptMs: 0, clock, log: silentLog });
    await clock.advance(60 * MINUTE_MS);
    await none.close();
    assert.equal(asked.length, 4);
  });
});

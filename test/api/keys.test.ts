import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { openKeyring } from '../../api/keys/keyring.ts';
import { silentLog as log } from '../../core/log.ts';
import { newKeySecret } from '../../registry/key-secret.ts';
import type { KeyRole } from '../../registry/keys.ts';
import { errorOf, startApi, type TestApi } from '../helpers/api.ts';
import { ManualClock } from '../helpers/clock.ts';
import { FakeEvents } from '../helpers/events.ts';
import { eventually } from '../helpers/eventually.ts';
import { FakeKeys, servingFrom } from '../helpers/keys.ts';

const HOUR_MS = 3_600_000;

/** A key in the registry, made by another process. */
function put(source: FakeKeys, name: string, role: KeyRole, expiresMs: number | null = null) {
  const { secret, prefix, hash } = newKeySecret();
  source.add({ ...{ name, role, prefix, hash, expiresMs }, rate: null, note: null, by: 'test' });
  return secret;
}

describe('the keyring', () => {
  const setting = { name: 'set', role: 'read', secret: 'a-secret-of-the-settings' } as const;
  const opened: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
  });
  const ring = async (
    source: FakeKeys,
    clock: ManualClock,
    { keys = [setting], host = '' } = {},
  ) => {
    const options = { settings: keys, host: host || '127.0.0.1', clock, log };
    const keyring = await openKeyring(options, source);
    opened.push(keyring);
    return keyring;
  };

  it('knows keys of the settings and of the registry, and nothing that is like them', async () => {
    const clock = new ManualClock();
    const source = new FakeKeys(clock);
    const secret = put(source, 'made', 'write');
    const keyring = await ring(source, clock);
    assert.equal(keyring.identify(secret)?.caller.name, 'made');
    assert.equal(keyring.identify(setting.secret)?.caller.name, 'set');
    const other = newKeySecret().secret;
    const forged = `${secret.slice(0, 13)}${other.slice(13)}`;
    for (const wrong of [
      '',
      other,
      forged,
      `${secret}x`,
      secret.slice(0, -1),
      secret.slice(0, 12),
    ]) {
      assert.equal(keyring.identify(wrong), undefined, wrong);
    }
    assert.ok(!keyring.isOpen());
  });

  it('hears of new and of revoked keys, and looks every few seconds in any case', async () => {
    const clock = new ManualClock();
    const source = new FakeKeys(clock);
    const keyring = await ring(source, clock);
    const secret = put(source, 'made', 'write');
    assert.equal(keyring.identify(secret), undefined);
    await source.tell();
    assert.equal(keyring.identify(secret)?.caller.role, 'write');
    source.end('made');
    await clock.advance(5_000);
    assert.equal(keyring.identify(secret), undefined);
  });

  it('lets a key expire to the moment, also while the registry is away', async () => {
    const clock = new ManualClock();
    const source = new FakeKeys(clock);
    const secret = put(source, 'short', 'read', clock.nowMs() + HOUR_MS / 2);
    const keyring = await ring(source, clock);
    const { caller } = keyring.identify(secret)!;
    let ended = 0;
    keyring.watch(caller, () => {
      ended += 1;
    });
    source.away = new Error('away');
    await clock.advance(HOUR_MS / 2 - 1);
    assert.equal(keyring.identify(secret)?.caller, caller);
    await clock.advance(1);
    assert.equal(keyring.identify(secret), undefined);
    await clock.advance(5_000);
    assert.equal(ended, 1);
  });

  it('keeps what it knows for an hour while the registry is away, and says so', async () => {
    const clock = new ManualClock();
    const source = new FakeKeys(clock);
    const secret = put(source, 'made', 'read');
    const keyring = await ring(source, clock);
    const { signal } = new AbortController();
    assert.deepEqual(await keyring.probe.check(signal), { ok: true });
    source.away = new Error('the database sleeps');
    await clock.advance(30_000);
    const told = await keyring.probe.check(signal);
    assert.ok(!told.ok && /of 3\d s ago: the database sleeps/.test(told.reason), `${told}`);
    await clock.advance(HOUR_MS - 60_000);
    assert.equal(keyring.identify(secret)?.caller.name, 'made');
    await clock.advance(60_000);
    assert.throws(() => keyring.identify(secret), { code: 'unavailable' });
    assert.equal(keyring.identify('nonsense'), undefined);
    assert.equal(keyring.identify(setting.secret)?.caller.name, 'set', 'these need no registry');
    source.away = undefined;
    await clock.advance(5_000);
    assert.equal(keyring.identify(secret)?.caller.name, 'made');
    assert.deepEqual(await keyring.probe.check(signal), { ok: true });
  });

  it('is open only on loopback, and while there is no key, not even one that is over', async () => {
    const clock = new ManualClock();
    const source = new FakeKeys(clock);
    const near = await ring(source, clock, { keys: [] });
    const far = await ring(source, clock, { keys: [], host: '0.0.0.0' });
    assert.deepEqual([near.isOpen(), far.isOpen()], [true, false]);
    put(source, 'short', 'admin', clock.nowMs() + 60_000);
    await source.tell();
    assert.deepEqual([near.isOpen(), near.hasLiveKey()], [false, true]);
    await clock.advance(120_000);
    assert.deepEqual([near.isOpen(), near.hasLiveKey()], [false, false]);
    source.end('short');
    await source.tell();
    assert.deepEqual([near.isOpen(), far.isOpen()], [true, false]);
  });

  it('tells now and then when keys were used', async () => {
    const clock = new ManualClock();
    const source = new FakeKeys(clock);
    const secret = put(source, 'made', 'read');
    const keyring = await ring(source, clock);
    await clock.advance(1_000);
    const usedMs = clock.nowMs();
    for (let i = 0; i < 100; i += 1) keyring.identify(secret);
    await clock.advance(70_000);
    assert.deepEqual(source.uses, [new Map([[1, usedMs]])]);
    keyring.identify(secret);
    source.away = new Error('away');
    await clock.advance(70_000);
    source.away = undefined;
    await clock.advance(70_000);
    assert.equal(source.uses.length, 2, 'kept until it can be told');
  });

  it('does not start without having read the keys', async () => {
    const clock = new ManualClock();
    const source = new FakeKeys(clock);
    source.away = new Error('away');
    await assert.rejects(ring(source, clock), /away/);
  });
});

describe('keys by the API', () => {
  const clock = new ManualClock(Date.UTC(2022, 9, 11, 3, 35));
  let source: FakeKeys;
  let api: TestApi;
  let close: () => Promise<void>;
  before(async () => {
    source = new FakeKeys(clock);
    const serving = await servingFrom(source, { clock });
    const { hub } = new FakeEvents();
    api = await startApi({ ...serving, clock, hub });
    close = async () => {
      await hub.close();
      await serving.keyring.close();
    };
  });
  after(async () => {
    await close();
    await api.close();
  });
  const ask = (
    method: string,
    path: string,
    { secret, body }: { secret?: string; body?: object } = {},
  ) =>
    fetch(`${api.url}${path}`, {
      method,
      headers: {
        ...(secret !== undefined && { authorization: `Bearer ${secret}` }),
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
  const made = async (body: object, secret?: string) => {
    const answer = await ask('POST', '/keys', { body, ...(secret !== undefined && { secret }) });
    const key = (await answer.json()) as Record<string, unknown> & { secret: string; id: number };
    assert.equal(answer.status, 201, JSON.stringify(key));
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.equal(answer.headers.get('location'), `/keys/${key.id}`);
    return key;
  };

  // The tests follow each other: the API is open, is closed by its first key, and opened again.
  let ops = '';
  it('the first has to be one that can make others, and closes the API', async () => {
    const refused = await ask('POST', '/keys', { body: { name: 'a', role: 'read' } });
    assert.equal(refused.status, 409);
    const key = await made({ name: 'ops', role: 'admin' });
    ops = key.secret;
    assert.match(ops, /^tdm_/);
    assert.deepEqual(key.warnings, ['from now on every request needs a key: keep this one']);
    assert.equal(key.createdBy, 'anybody');
    assert.equal((await ask('GET', '/btcusd')).status, 401);
    assert.equal((await ask('GET', '/btcusd', { secret: ops })).status, 200);
    assert.equal((await ask('GET', '/healthz')).status, 200);
  });

  it('are made with a role, an end and a rate, and refused where they are wrong', async () => {
    const wish = {
      name: 'grafana',
      role: 'read',
      expires: '90d',
      ratePerSecond: 5,
      note: 'charts',
    };
    const { secret, ...key } = await made(wish, ops);
    assert.ok(secret.startsWith(`${key.prefix}_`));
    assert.deepEqual(key, {
      ...{ id: 2, name: 'grafana', role: 'read', prefix: key.prefix, state: 'live' },
      ...{ ratePerSecond: 5, note: 'charts', created: '2022-10-11T03:35:00.000Z' },
      ...{ createdBy: 'ops', expires: '2023-01-09T03:35:00.000Z', revoked: null },
      ...{ revokedBy: null, lastUsed: null, warnings: [] },
    });
    const me = (await (await ask('GET', '/api/v1/me', { secret })).json()) as object;
    assert.deepEqual(me, {
      ...{ name: 'grafana', role: 'read', source: 'registry', id: 2 },
      ...{ expires: '2023-01-09T03:35:00.000Z', limits: { ratePerSecond: 5, burst: 20 } },
    });
    for (const [body, status] of [
      [{ name: 'grafana', role: 'read' }, 409],
      [{ name: 'anybody', role: 'read' }, 409],
      [{ name: 'a b', role: 'read' }, 400],
      [{ name: '-a', role: 'read' }, 400],
      [{ name: 'x'.repeat(65), role: 'read' }, 400],
      [{ name: 'b', role: 'root' }, 400],
      [{ name: 'b' }, 400],
      [{ name: 'b', role: 'read', expires: '2020-01-01T00:00:00Z' }, 400],
      [{ name: 'b', role: 'read', expires: '100y' }, 400],
      [{ name: 'b', role: 'read', expires: '0s' }, 400],
      [{ name: 'b', role: 'read', ratePerSecond: -1 }, 400],
      [{ name: 'b', role: 'read', secret: 'mine' }, 400],
    ] as const) {
      const answer = await ask('POST', '/keys', { body, secret: ops });
      assert.equal(answer.status, status, JSON.stringify(body));
    }
    assert.equal(source.keys.length, 2);
  });

  it('are for those with the role admin alone', async () => {
    const { secret } = await made({ name: 'writer', role: 'write' }, ops);
    for (const [method, path] of [
      ['GET', '/keys'],
      ['GET', '/api/v1/keys/1'],
      ['DELETE', '/keys/1'],
      ['GET', '/audit'],
    ] as const) {
      assert.equal((await ask(method, path, { secret })).status, 403, path);
      assert.equal((await ask(method, path)).status, 401, path);
    }
    const body = { name: 'more', role: 'admin' };
    assert.equal((await ask('POST', '/keys', { secret, body })).status, 403);
  });

  it('are listed without their secrets', async () => {
    const text = await (await ask('GET', '/keys', { secret: ops })).text();
    const { items, next, settings } = JSON.parse(text) as Record<string, { name: string }[]>;
    assert.deepEqual(
      [items!.map(({ name }) => name), next, settings],
      [['ops', 'grafana', 'writer'], null, []],
    );
    assert.ok(!text.includes(ops.slice(13)));
    for (const { hash } of source.keys) assert.ok(!text.includes(hash));
    const page = await (await ask('GET', '/api/v1/keys?limit=1', { secret: ops })).json();
    assert.equal((page as { next: string }).next, '1');
    assert.equal((await ask('GET', '/keys/99', { secret: ops })).status, 404);
    assert.equal((await ask('GET', '/keys/x', { secret: ops })).status, 404);
  });

  it('that are revoked open nothing from then on, and stay in the list', async () => {
    const { secret, id } = await made({ name: 'leaked', role: 'write' }, ops);
    assert.equal((await ask('GET', '/btcusd', { secret })).status, 200);
    const answer = await ask('DELETE', `/keys/${id}`, { secret: ops });
    const { state, revokedBy } = (await answer.json()) as Record<string, unknown>;
    assert.deepEqual([answer.status, state, revokedBy], [200, 'revoked', 'ops']);
    assert.equal((await ask('GET', '/btcusd', { secret })).status, 401);
    const found = await ask('GET', `/keys?state=revoked`, { secret: ops });
    assert.match(await found.text(), /"leaked"/);
    assert.equal((await ask('DELETE', `/keys/${id}`, { secret: ops })).status, 200);
  });

  it('end the streams that they opened, with the reason', async () => {
    const { secret, id } = await made({ name: 'listener', role: 'read' }, ops);
    const stream = await fetch(`${api.url}/events?key=${secret}`);
    const socket = new WebSocket(`${api.url.replace('http', 'ws')}/ws?kinds=scan&key=${secret}`);
    const told: string[] = [];
    socket.on('message', (data) => told.push(String(data)));
    const closed = new Promise<readonly unknown[]>((resolve) => {
      socket.on('close', (code, reason) => resolve([code, String(reason)]));
    });
    await new Promise((resolve) => socket.once('open', resolve));
    await ask('DELETE', `/keys/${id}`, { secret: ops });
    const reason = 'the key is revoked or has expired';
    assert.match(await stream.text(), new RegExp(`event: revoked\\ndata: .*${reason}`));
    assert.deepEqual(await closed, [1008, reason]);
    assert.match(told.join(), /"kind":"revoked"/);
    assert.equal((await fetch(`${api.url}/events?key=${secret}`)).status, 401);
  });

  it('keep the last that can make others, and the last of all unless that is said', async () => {
    const last = await ask('DELETE', '/keys/1?last=true', { secret: ops });
    assert.equal(last.status, 409);
    assert.match((await errorOf(last)).message, /last key that may make others/);
    for (const { id } of source.keys.slice(1)) {
      assert.equal((await ask('DELETE', `/keys/${id}`, { secret: ops })).status, 200);
    }
    const only = await ask('DELETE', '/keys/1', { secret: ops });
    assert.equal(only.status, 409);
    assert.match(String((await errorOf(only)).details.fix), /last=true/);
    assert.equal((await ask('GET', '/btcusd')).status, 401);
    const done = await ask('DELETE', '/keys/1?last=true', { secret: ops });
    const { warnings } = (await done.json()) as { warnings: string[] };
    assert.deepEqual(warnings, ['no key is left: all of this machine may do everything']);
    assert.equal((await ask('GET', '/btcusd')).status, 200);
  });

  it('that is made while streams are open to anybody ends those', async () => {
    const stream = await fetch(`${api.url}/events`);
    await made({ name: 'second', role: 'admin' });
    assert.match(await stream.text(), /event: revoked/);
  });
});

describe('keys beyond loopback', () => {
  it('never end with the last one, and its end opens nothing', async () => {
    const clock = new ManualClock();
    const source = new FakeKeys(clock);
    const secret = put(source, 'ops', 'admin', clock.nowMs() + HOUR_MS);
    const serving = await servingFrom(source, { clock, host: '0.0.0.0' });
    // The test listens on loopback; what counts is where the API says that it listens.
    const api = await startApi({ ...serving, clock, host: '0.0.0.0' });
    try {
      const headers = { authorization: `Bearer ${secret}` };
      const answer = await fetch(`${api.url}/keys/1?last=true`, { method: 'DELETE', headers });
      assert.equal(answer.status, 409);
      source.end('ops');
      await source.tell();
      await eventually(async () => {
        assert.equal((await fetch(`${api.url}/btcusd`)).status, 401);
        assert.equal((await fetch(`${api.url}/btcusd`, { headers })).status, 401);
      });
    } finally {
      await serving.keyring.close();
      await api.close();
    }
  });
});

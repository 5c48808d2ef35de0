import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Database } from '../../registry/database.ts';
import { digestOf, newKeySecret, prefixOf } from '../../registry/key-secret.ts';
import {
  addKey,
  findKey,
  findKeyNamed,
  heldKeys,
  KEYS_CHANNEL,
  type KeyRole,
  listKeys,
  noteUses,
  revokeKey,
} from '../../registry/keys.ts';
import { eventually } from '../helpers/eventually.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const NONE = { keys: 0, admins: 0 };
const STRICT = { last: false, lastAdmin: false };

describe('secrets of keys', () => {
  it('are 32 random bytes behind the prefix by which they are known', () => {
    const made = Array.from({ length: 200 }, newKeySecret);
    for (const { secret, prefix, hash } of made) {
      assert.match(secret, /^tdm_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}$/);
      assert.equal(prefixOf(secret), prefix);
      assert.equal(digestOf(secret).toString('hex'), hash);
    }
    assert.equal(new Set(made.map(({ prefix }) => prefix)).size, made.length);
    assert.equal(prefixOf('a-secret-of-the-settings'), undefined);
    assert.equal(prefixOf(`${made[0]!.secret}x`), undefined);
  });
});

forEachDatabase((fixture) => {
  let database: Database;
  beforeEach(async () => {
    database = await fixture.fresh();
  });
  const make = async (name: string, role: KeyRole = 'admin', expiresMs: number | null = null) => {
    const { prefix, hash } = newKeySecret();
    const rest = { rate: null, note: 'a\0b', expiresMs, by: 'test' };
    return (await addKey(database, { name, role, prefix, hash, ...rest })).key;
  };
  const revoke = (id: number, may = STRICT, others = NONE) =>
    revokeKey(database, id, { by: 'test', others, may });

  describe('keys', () => {
    it('are made, found, listed and held without their secret', async () => {
      const nowMs = Date.now();
      const one = await make('ops');
      const two = await make('old', 'read', nowMs - 1);
      const { createdMs, ...rest } = one;
      assert.ok(Math.abs(createdMs - nowMs) < 30_000);
      assert.deepEqual(rest, {
        ...{ id: one.id, name: 'ops', role: 'admin', prefix: one.prefix, rate: null },
        ...{ note: 'a\ufffdb', createdBy: 'test', expiresMs: null, revokedMs: null },
        ...{ revokedBy: null, lastUsedMs: null, state: 'live' },
      });
      assert.equal(two.state, 'expired');
      assert.deepEqual(await findKey(database, one.id), one);
      assert.deepEqual(await findKeyNamed(database, 'old'), two);
      assert.equal(await findKey(database, 99), undefined);
      assert.deepEqual(await listKeys(database, { after: 0, limit: 9 }), [one, two]);
      assert.deepEqual(await listKeys(database, { after: one.id, limit: 9 }), [two]);
      assert.deepEqual(await listKeys(database, { after: 0, limit: 9, state: 'live' }), [one]);
      const held = await heldKeys(database);
      assert.deepEqual(
        held.map(({ name, expired }) => [name, expired]),
        [
          ['ops', false],
          ['old', true],
        ],
      );
    });

    it('have a name each, for ever', async () => {
      const { id } = await make('grafana');
      await assert.rejects(make('grafana'), { code: 'conflict' });
      await revoke(id, { last: true, lastAdmin: true });
      await assert.rejects(make('grafana'), { code: 'conflict' });
    });

    it('begin with one that can make others, where that is asked for', async () => {
      const { prefix, hash } = newKeySecret();
      const wish = { name: 'a', prefix, hash, rate: 5, note: null, expiresMs: null, by: 'test' };
      await assert.rejects(addKey(database, { ...wish, role: 'write' }, NONE), {
        code: 'conflict',
      });
      const others = { keys: 1, admins: 1 };
      assert.equal((await addKey(database, { ...wish, role: 'write' }, others)).first, false);
    });

    it('are revoked once, and held no more', async () => {
      const { id } = await make('a');
      await make('b');
      const done = await revoke(id);
      assert.equal(done?.outcome, 'revoked');
      const again = await revokeKey(database, id, { by: 'else', others: NONE, may: STRICT });
      assert.deepEqual(again, done);
      assert.equal(done.key.revokedBy, 'test');
      assert.deepEqual(
        (await heldKeys(database)).map(({ name }) => name),
        ['b'],
      );
      assert.equal(await revoke(99), undefined);
    });

    it('keep the last that can make others, and the last of all', async () => {
      const admin = await make('admin');
      const reader = await make('reader', 'read');
      await make('over', 'admin', Date.now() - 1);
      assert.equal((await revoke(admin.id))?.outcome, 'last-admin');
      assert.equal((await revoke(admin.id, STRICT, { keys: 1, admins: 1 }))?.outcome, 'revoked');
      const more = await make('more');
      assert.equal((await revoke(reader.id))?.outcome, 'revoked');
      const over = await findKeyNamed(database, 'over');
      assert.equal((await revoke(over!.id))?.outcome, 'revoked');
      assert.equal((await revoke(more.id))?.outcome, 'last');
      const done = await revoke(more.id, { last: true, lastAdmin: false });
      assert.deepEqual(
        [done?.outcome, done?.outcome === 'revoked' && done.keysLeft],
        ['revoked', 0],
      );
    });

    it('never end both when two are revoked at once', async () => {
      const other = await fixture.another(database);
      const ids = [(await make('a')).id, (await make('b')).id];
      const outcomes = await Promise.all(
        ids.map((id, at) =>
          revokeKey(at === 0 ? database : other, id, { by: 'test', others: NONE, may: STRICT }),
        ),
      );
      const told = outcomes.map((each) => each?.outcome).sort();
      assert.deepEqual(told, ['last', 'revoked']);
    });

    it('remember when they were used, once a minute', async () => {
      const { id } = await make('a');
      const usedMs = Date.UTC(2026, 0, 1);
      const noted = async (ms: number) => {
        await noteUses(database, new Map([[id, ms]]));
        return (await findKey(database, id))?.lastUsedMs;
      };
      assert.equal(await noted(usedMs), usedMs);
      assert.equal(await noted(usedMs + 10_000), usedMs);
      assert.equal(await noted(usedMs + 60_000), usedMs + 60_000);
      assert.equal(await noted(usedMs), usedMs + 60_000, 'never back');
    });

    it('tell everybody who listens', async () => {
      let heard = 0;
      const listening = await database.listen(KEYS_CHANNEL, {
        heard: () => {
          heard += 1;
        },
        lost: () => undefined,
      });
      try {
        const { id } = await make('a');
        await eventually(() => assert.equal(heard, 1));
        await revoke(id, { last: true, lastAdmin: true });
        await eventually(() => assert.equal(heard, 2));
      } finally {
        await listening.close();
      }
    });
  });
});

import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Database } from '../../registry/database.ts';
import { findDelivery, listDeliveries } from '../../registry/deliveries.ts';
import {
  cancelDeliveries,
  endOverdue,
  moveToFallbacks,
  replayDeliveries,
  trimDeliveries,
} from '../../registry/delivery-upkeep.ts';
import {
  activeChannel,
  anAlert,
  DAY_MS,
  enqueue,
  newFiring,
  resolvedMessage,
} from '../helpers/deliveries.ts';
import { forEachDatabase } from '../helpers/registry.ts';
import { DeliveryStage, failed, result } from './delivery-stage.ts';

forEachDatabase((fixture) => {
  let database: Database;
  let channel: number;

  beforeEach(async () => {
    database ??= await fixture.fresh();
    await database.query('truncate channels, alerts, deliveries, events cascade');
    channel = await activeChannel(database, { kind: 'webhook', url: 'https://one.example/hook' });
  });

  const stage = () => new DeliveryStage(database);
  const claim: DeliveryStage['claim'] = (...how) => stage().claim(...how);
  const settle: DeliveryStage['settle'] = (...how) => stage().settle(...how);
  const states = () => stage().states();
  const passTime = () => stage().passTime();

  describe('the end of a firing that could not be delivered', () => {
    const subject = '1|price:kraken:btcusd';
    const end = () => newFiring(channel, { subject, kind: 'resolved', payload: resolvedMessage() });
    const merged = async (id: number) => {
      const data = (await findDelivery(database, id))?.payload.data as unknown as {
        merged: boolean;
        late: boolean;
      };
      return [data.merged, data.late];
    };

    it('tells of both when the firing waits for another attempt', async () => {
      const [fired] = await enqueue(database, [newFiring(channel, { subject })]);
      await settle((await claim()).claims[0]!, failed({ againMs: 60_000 }));
      const [resolved] = await enqueue(database, [end()]);
      assert.equal((await findDelivery(database, fired!))?.state, 'cancelled');
      assert.deepEqual(await merged(resolved!), [true, true]);
    });

    it('tells of both when the firing was under way, and failed', async () => {
      const [fired] = await enqueue(database, [newFiring(channel, { subject })]);
      const { claims } = await claim();
      const [resolved] = await enqueue(database, [end()]);
      assert.deepEqual(await merged(resolved!), [false, false]);
      await settle(claims[0]!, failed({ againMs: 60_000 }));
      assert.equal((await findDelivery(database, fired!))?.state, 'cancelled');
      assert.deepEqual(await merged(resolved!), [true, true]);
    });

    it('tells of itself alone when the firing came', async () => {
      await enqueue(database, [newFiring(channel, { subject })]);
      const { claims } = await claim();
      const [resolved] = await enqueue(database, [end()]);
      await settle(claims[0]!, result({}));
      assert.deepEqual(await merged(resolved!), [false, false]);
      assert.equal((await claim()).claims[0]?.id, resolved);
    });
  });

  describe('fallbacks', () => {
    let other: number;
    let alert: number;
    beforeEach(async () => {
      other = await activeChannel(database, { kind: 'webhook', url: 'https://two.example/' });
      alert = await anAlert(database, { channel, fallback: other });
    });
    const move = () => moveToFallbacks(database, { ttlMs: DAY_MS });
    const copies = () => listDeliveries(database, { channel: other, limit: 500 });

    it('get what is dead, once', async () => {
      const [id] = await enqueue(database, [newFiring(channel, { alert })]);
      await settle((await claim()).claims[0]!, result({ end: 'dead', reason: 'refused' }));
      assert.deepEqual([await move(), await move()], [1, 0]);
      const [copy] = await copies();
      assert.equal((await findDelivery(database, id!))?.moved, copy?.id);
      assert.deepEqual([copy?.state, copy?.alert, copy?.kind], ['queued', alert, 'fired']);
      assert.notEqual(copy?.message, (await findDelivery(database, id!))?.message);
    });

    it('get all that waits for a channel that fails, and nothing before', async () => {
      const many = Array.from({ length: 450 }, () => newFiring(channel, { alert }));
      await enqueue(database, many);
      for (let round = 0; round < 3; round += 1) {
        assert.equal(await move(), 0);
        await passTime();
        await settle((await claim(1)).claims[0]!, failed());
      }
      assert.equal(await move(), 450);
      const kinds = (await copies()).map(({ kind }) => kind);
      assert.equal(kinds.filter((kind) => kind === 'fired').length, 450);
    });
  });

  describe('upkeep', () => {
    it('ends what is too old, also under a lease that is over', async () => {
      await enqueue(database, [newFiring(channel), newFiring(channel)]);
      await claim(1);
      await database.query('update deliveries set expires_ms = 0');
      assert.equal(await endOverdue(database), 1);
      await database.query('update deliveries set due_ms = 0');
      assert.equal(await endOverdue(database), 1);
      assert.deepEqual(await states(), ['dead', 'dead']);
      const [first] = await listDeliveries(database, { limit: 1 });
      assert.match(first?.reason ?? '', /time is over/);
    });

    it('cancels what is of an alert, and refuses its result', async () => {
      const alert = await anAlert(database, { channel });
      await enqueue(database, [newFiring(channel, { alert }), newFiring(channel)]);
      const { claims } = await claim();
      await database.transaction((transaction) => cancelDeliveries(transaction, { alert }));
      assert.equal((await settle(claims[0]!, result({}))).saved, false);
      assert.equal((await settle(claims[1]!, result({}))).saved, true);
      assert.deepEqual(await states(), ['cancelled', 'delivered']);
    });

    it('replays one under the key that it had, from the foot of the ladder', async () => {
      const [id] = await enqueue(database, [newFiring(channel)]);
      const [before] = (await claim()).claims;
      const again = (more: object) =>
        replayDeliveries(database, { id: id!, limit: 1, ttlMs: DAY_MS, ...more });
      assert.deepEqual(await again({}), { replayed: 0, refused: 'open' });
      await settle(before!, result({ end: 'dead', reason: 'refused' }));
      assert.deepEqual(await again({}), { replayed: 1 });
      const [after] = (await claim()).claims;
      assert.deepEqual([after?.id, after?.message], [id, before?.message]);
      assert.deepEqual([after?.step, after?.attempt], [0, 2]);
      assert.deepEqual(await again({ id: 999 }), { replayed: 0, refused: 'absent' });
      await database.query("update channels set state = 'disabled'");
      assert.deepEqual(await again({}), { replayed: 0, refused: 'disabled' });
    });

    it('replays many of a channel one after the other, and dead ones alone', async () => {
      await enqueue(
        database,
        Array.from({ length: 30 }, () => newFiring(channel)),
      );
      await database.query(`update deliveries set ended = now(),
        state = case when id % 3 = 0 then 'delivered' else 'dead' end`);
      const filter = { channel, limit: 1_000, ttlMs: DAY_MS };
      assert.deepEqual(await replayDeliveries(database, filter), { replayed: 20 });
      const rows = await database.query(
        "select due_ms - min(due_ms) over () as after from deliveries where state = 'queued' order by id",
      );
      assert.deepEqual(
        rows.map(({ after }) => Number(after)),
        Array.from({ length: 20 }, (_, n) => n * 100),
      );
    });

    it('forgets what has long been over', async () => {
      const ids = await enqueue(database, [newFiring(channel), newFiring(channel)]);
      await settle((await claim()).claims[0]!, result({}));
      await database.query(`update deliveries set ended = ended - interval '31 days'`);
      assert.equal(await trimDeliveries(database, { olderThanMs: 30 * DAY_MS }), 1);
      assert.equal(await findDelivery(database, ids[0]!), undefined);
    });
  });
});

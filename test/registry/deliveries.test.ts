import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { messageId } from '../../core/alert-message.ts';
import { findChannel, listChannels } from '../../registry/channels.ts';
import type { Database } from '../../registry/database.ts';
import { findDelivery, listDeliveries } from '../../registry/deliveries.ts';
import { nextDeliveryMs } from '../../registry/delivery-claims.ts';
import { endOverdue } from '../../registry/delivery-upkeep.ts';
import { listEvents } from '../../registry/events.ts';
import {
  activeChannel,
  anAlert,
  DAY_MS,
  enqueue,
  firedMessage,
  newFiring,
} from '../helpers/deliveries.ts';
import { forEachDatabase } from '../helpers/registry.ts';
import { DeliveryStage, failed, result, two } from './delivery-stage.ts';

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

  describe('messages that are written', () => {
    it('get numbers in their order, and a message that a channel has keeps its own', async () => {
      const [first, second] = [newFiring(channel), newFiring(channel)];
      const ids = await enqueue(database, [first, second]);
      const again = await enqueue(database, [second, newFiring(channel), first]);
      assert.deepEqual([again[0], again[2]], [ids[1], ids[0]]);
      assert.equal((await states()).length, 3);
    });

    it('are due at once, and say what they say', async () => {
      const [id] = await enqueue(database, [newFiring(channel)]);
      assert.notEqual(await nextDeliveryMs(database), null);
      assert.deepEqual((await findDelivery(database, id!))?.payload, firedMessage());
    });

    it('take the fallback of their alert', async () => {
      const other = await activeChannel(database, { kind: 'webhook', url: 'https://two.example/' });
      const alert = await anAlert(database, { channel, fallback: other });
      await enqueue(database, [newFiring(channel, { alert }), newFiring(other, { alert })]);
      const rows = await database.query('select fallback from deliveries order by id');
      assert.deepEqual(
        rows.map(({ fallback }) => fallback),
        [other, null],
      );
    });
  });

  describe('claims', () => {
    it('give each message to one worker, as many of a channel as its pace allows', async () => {
      await enqueue(
        database,
        Array.from({ length: 6 }, () => newFiring(channel)),
      );
      const [first, second] = [await claim(), await claim(100, two)];
      assert.equal(first.claims.length, 4);
      assert.equal(second.claims.length, 0);
      await settle(first.claims[0]!, result({}));
      const next = await claim(100, two);
      assert.equal(next.claims.length, 1);
      assert.ok(!first.claims.some(({ id }) => id === next.claims[0]?.id));
    });

    it('give the oldest of a subject alone', async () => {
      const subject = 'same';
      const ids = await enqueue(database, [
        newFiring(channel, { subject }),
        newFiring(channel, { subject }),
        newFiring(channel),
      ]);
      const { claims } = await claim();
      assert.deepEqual(
        claims.map(({ id }) => id),
        [ids[0], ids[2]],
      );
      await settle(claims[0]!, failed({ againMs: 60_000 }));
      await settle(claims[1]!, result({}));
      // The second does not overtake the first, which waits for its next attempt.
      assert.equal((await claim()).claims.length, 0);
      await passTime();
      const again = (await claim()).claims;
      assert.deepEqual([again[0]?.id, again[0]?.attempt, again[0]?.step], [ids[0], 2, 1]);
      await settle(again[0]!, result({}));
      assert.deepEqual((await claim()).claims[0]?.id, ids[1]);
    });

    it('leave a channel alone for its spacing', async () => {
      const url = 'https://hooks.slack.example/services/T/B/x';
      const slack = await activeChannel(database, { kind: 'slack', url });
      await enqueue(database, [newFiring(slack), newFiring(slack)]);
      const { claims, nowMs } = await claim();
      assert.equal(claims.length, 1);
      await settle(claims[0]!, result({}));
      assert.equal((await claim()).claims.length, 0);
      assert.equal(await nextDeliveryMs(database), nowMs + 1_000);
    });

    it('try a failing channel with one at a time, and no other channel waits', async () => {
      const other = await activeChannel(database, { kind: 'webhook', url: 'https://two.example/' });
      const dead = Array.from({ length: 50 }, () => newFiring(channel));
      await enqueue(database, dead);
      await enqueue(database, [newFiring(other)]);
      const first = (await claim()).claims;
      assert.equal(first.length, 5);
      for (const held of first) {
        await settle(held, held.channel === other ? result({}) : failed({ openMs: 5_000 }));
      }
      // Four that failed together are one failure of the channel.
      assert.equal((await findChannel(database, channel))?.failures, 1);
      await enqueue(database, [newFiring(other)]);
      assert.deepEqual(
        (await claim()).claims.map((held) => held.channel),
        [other],
      );
      await passTime();
      const probe = (await claim()).claims.filter((held) => held.channel === channel);
      assert.equal(probe.length, 1);
      assert.equal((await claim()).claims.length, 0);
      await settle(probe[0]!, result({}));
      assert.equal((await findChannel(database, channel))?.failures, 0);
      assert.equal((await claim()).claims.length, 4);
    });

    it('give what a worker did not end to another, and refuse the first one', async () => {
      const [id] = await enqueue(database, [newFiring(channel)]);
      const [stale] = (await claim()).claims;
      await database.query('update deliveries set due_ms = 0');
      await database.query('update channels set due_ms = 0');
      const [held] = (await claim(100, two)).claims;
      assert.deepEqual([held?.id, held?.attempt, held?.message], [id, 2, stale?.message]);
      assert.deepEqual(await settle(stale!, result({})), { saved: false, sinceFiredMs: null });
      assert.equal((await settle(held!, result({}), two)).saved, true);
      const made = (await findDelivery(database, id!))?.attemptsMade;
      assert.deepEqual(
        made?.map(({ nr, ok, reason }) => [nr, ok, reason]),
        [
          [1, false, 'lost'],
          [2, true, null],
        ],
      );
    });

    it('are listed from either end, page by page', async () => {
      for (const subject of ['a', 'b', 'c'])
        await enqueue(database, [newFiring(channel, { subject })]);
      const ids = async (filter: object) =>
        (await listDeliveries(database, { limit: 2, ...filter })).map(({ id }) => id);
      const [first, second] = await ids({});
      const [third] = await ids({ after: second });
      assert.deepEqual(await ids({ order: 'newest' }), [third, second]);
      assert.deepEqual(await ids({ order: 'newest', after: second }), [first]);
    });

    it('leave alone what nobody confirmed, and what is off', async () => {
      await database.query("update channels set state = 'unconfirmed'");
      await enqueue(database, [newFiring(channel)]);
      assert.equal((await claim()).claims.length, 0);
      assert.equal(await nextDeliveryMs(database), null);
      assert.equal((await listDeliveries(database, { limit: 1 }))[0]?.waits, 'channel unconfirmed');
      await database.query("update channels set state = 'disabled'");
      await enqueue(database, [newFiring(channel)]);
      assert.equal(await nextDeliveryMs(database), null);
    });

    it('say at once that there is nothing, however many wait for later', async () => {
      await enqueue(database, [newFiring(channel), newFiring(channel, { subject: 'x' })]);
      for (const held of (await claim()).claims) await settle(held, failed({ againMs: 9e5 }));
      await passTime();
      const again = (await claim()).claims;
      await settle(again[0]!, failed({ againMs: 9e5, openMs: 9e5 }));
      const nextMs = await nextDeliveryMs(database);
      assert.ok(nextMs !== null && nextMs > again[0]!.expiresMs - DAY_MS + 800_000);
    });
  });

  describe('results', () => {
    it('keep what was answered, and the time from the point', async () => {
      const firedMs = Date.now() - 30_000;
      const [id] = await enqueue(database, [newFiring(channel, { firedMs })]);
      const { sinceFiredMs } = await settle((await claim()).claims[0]!, result({ answer: 'fine' }));
      assert.ok(sinceFiredMs !== null && sinceFiredMs >= 30_000 && sinceFiredMs < 60_000);
      const found = await findDelivery(database, id!);
      assert.deepEqual([found?.state, found?.status, found?.attempts], ['delivered', 200, 1]);
      assert.equal(found?.attemptsMade[0]?.answer, 'fine');
      assert.equal((await findChannel(database, channel))?.delivered, 1);
    });

    it('that a worker ended itself count for nothing', async () => {
      await enqueue(database, [newFiring(channel)]);
      await settle((await claim()).claims[0]!, result({ end: 'stopped', reason: 'stopped' }));
      const [held] = (await claim(100, two)).claims;
      assert.deepEqual([held?.step, held?.failures, held?.attempt], [0, 0, 2]);
    });

    it('switch a channel off, and end what waits for it', async () => {
      await enqueue(database, [newFiring(channel), newFiring(channel)]);
      const { claims } = await claim();
      await settle(claims[0]!, result({ end: 'dead', status: 410, reason: 'gone', disable: true }));
      await settle(claims[1]!, failed());
      const [found] = await listChannels(database, { limit: 1 });
      assert.deepEqual([found?.state, found?.reason], ['disabled', 'gone']);
      assert.equal(await endOverdue(database), 1);
      assert.deepEqual(await states(), ['dead', 'dead']);
      const [told] = await listEvents(database, { after: 0, limit: 9, kinds: ['channel'] });
      assert.deepEqual([told?.data.channel, told?.data.state], [channel, 'disabled']);
    });

    it('switch a channel off that has failed for days, and not one that has not only failed', async () => {
      const fail = async () => {
        await passTime();
        await enqueue(database, [newFiring(channel)]);
        await settle((await claim()).claims[0]!, failed());
      };
      const longAgo = () =>
        database.query('update channels set failing_since_ms = failing_since_ms - 5 * 86400000');
      await fail();
      await longAgo();
      await passTime();
      await settle((await claim()).claims[0]!, result({}));
      await fail();
      assert.equal((await findChannel(database, channel))?.state, 'active');
      await longAgo();
      await fail();
      assert.equal((await findChannel(database, channel))?.state, 'disabled');
    });

    it('tell the owner once that a channel fails, on the channels that stand in for it', async () => {
      const other = await activeChannel(database, { kind: 'webhook', url: 'https://two.example/' });
      const alert = await anAlert(database, { channel, fallback: other });
      await enqueue(database, [newFiring(channel, { alert })]);
      for (let round = 0; round < 5; round += 1) {
        await passTime();
        const held = (await claim()).claims.filter((each) => each.channel === channel);
        await settle(held[0]!, failed());
      }
      const notices = await listDeliveries(database, { channel: other, limit: 9 });
      assert.deepEqual(
        notices.map(({ kind }) => kind),
        ['notice'],
      );
      const whole = await findDelivery(database, notices[0]!.id);
      const data = whole?.payload.data as unknown as Record<string, unknown>;
      assert.deepEqual([data.channel, data.state, data.reason], [channel, 'failing', 'HTTP 503']);
      const kinds = await listEvents(database, { after: 0, limit: 9, kinds: ['channel'] });
      assert.equal(kinds.length, 1);
    });
  });

  it('keys of messages differ wherever a part does', () => {
    const keys = [
      messageId('a', 'b'),
      messageId('ab'),
      messageId('a', 'b', ''),
      messageId('b', 'a'),
    ];
    assert.equal(new Set(keys).size, keys.length);
    for (const key of keys) assert.match(key, /^msg_[\w-]{28}$/);
  });
});

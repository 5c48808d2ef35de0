import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { isCode } from '../../core/errors.ts';
import {
  type ChannelAddress,
  channelSecret,
  channelToken,
  checkedAddress,
} from '../../registry/channel-address.ts';
import {
  channelOfToken,
  confirmChannel,
  enableChannel,
  leaveChannel,
  rotateSecret,
  switchOffChannel,
} from '../../registry/channel-changes.ts';
import { enqueueTest } from '../../registry/channel-test.ts';
import { ensureChannel, findChannel, listChannels } from '../../registry/channels.ts';
import type { Database } from '../../registry/database.ts';
import { listDeliveries } from '../../registry/deliveries.ts';
import { DAY_MS, enqueue, newFiring } from '../helpers/deliveries.ts';
import { forEachDatabase } from '../helpers/registry.ts';
import { DeliveryStage } from './delivery-stage.ts';

const ttl = { ttlMs: DAY_MS };
const url = 'https://one.example/hooks/secret-token?key=12345678';
const webhook: ChannelAddress = { kind: 'webhook', url };
const email: ChannelAddress = { kind: 'email', address: 'Me@Example.COM' };

describe('addresses of channels', () => {
  const wrong: readonly [string, ChannelAddress][] = [
    ['no URL', { kind: 'webhook', url: 'nonsense' }],
    ['another scheme', { kind: 'slack', url: 'file:///etc/passwd' }],
    ['credentials', { kind: 'webhook', url: 'https://user:pass@one.example/' }],
    [
      'a URL that is too long',
      { kind: 'webhook', url: `https://one.example/${'x'.repeat(2_000)}` },
    ],
    ['a key with a space', { kind: 'pagerduty', key: '0123456789 0123456789', region: 'us' }],
    ['a header', { kind: 'email', address: 'me@example.com\r\nBcc: all@example.com' }],
    ['two addresses', { kind: 'email', address: 'me@example.com, you@example.com' }],
    ['a name', { kind: 'email', address: 'Me <me@example.com>' }],
    ['no domain', { kind: 'email', address: 'me@localhost' }],
  ];
  for (const [what, address] of wrong) {
    it(`are none: ${what}`, () => {
      assert.throws(
        () => checkedAddress(address),
        (error) => isCode(error, 'invalid') && !error.message.includes('pass@'),
      );
    });
  }
});

forEachDatabase((fixture) => {
  let database: Database;
  beforeEach(async () => {
    database ??= await fixture.fresh();
    await database.query('truncate channels, alerts, deliveries, events cascade');
  });
  const ensure = (address: ChannelAddress) =>
    database.transaction((transaction) => ensureChannel(transaction, address, ttl));
  const secretOf = async (id: number) => {
    const [row] = await database.query('select secret from channels where id = $1', [id]);
    return channelSecret.parse(row?.secret);
  };
  const tokenOf = async (use: 'confirm' | 'leave', id: number) =>
    channelToken(use, id, await secretOf(id));
  const confirms = async (channel: number) =>
    (await listDeliveries(database, { channel, kind: 'confirm', limit: 99 })).length;

  describe('a channel', () => {
    it('is one for an address, told its secret once, and asked once to confirm', async () => {
      const first = await ensure(webhook);
      const second = await ensure({ kind: 'webhook', url: url.replace('one', 'ONE') });
      assert.deepEqual([first.created, second.created], [true, false]);
      assert.equal(first.channel.id, second.channel.id);
      assert.match(first.secret ?? '', /^whsec_[A-Za-z0-9+/]{43}=$/);
      assert.equal(second.secret, undefined);
      assert.equal(first.channel.state, 'unconfirmed');
      assert.equal(await confirms(first.channel.id), 1);
    });

    it('shows nothing that lets one write there', async () => {
      await ensure(webhook);
      await ensure({ kind: 'slack', url: 'https://hooks.slack.example/services/T/B/tok' });
      await ensure({ kind: 'pagerduty', key: '0123456789abcdef0123', region: 'eu' });
      await ensure({ kind: 'email', address: 'a@example.com' });
      const shown = await listChannels(database, { limit: 9 });
      assert.deepEqual(
        shown.map((one) => one.shown),
        [
          'https://one.example/…',
          'https://hooks.slack.example/…',
          'pagerduty (eu) …0123',
          'a@example.com',
        ],
      );
      const text = JSON.stringify([shown, await listDeliveries(database, { limit: 9 })]);
      for (const part of ['secret-token', '12345678"', 'whsec_', 'abcdef0123', '/tok']) {
        assert.ok(!text.includes(part), part);
      }
    });

    it('that goes nowhere has nobody to ask', async () => {
      const { channel } = await ensure({ kind: 'canary' });
      assert.deepEqual([channel.state, await confirms(channel.id)], ['active', 0]);
    });

    it('is asked again by e-mail after an hour, and not before', async () => {
      const { channel } = await ensure(email);
      await database.query(`update deliveries set state = 'delivered', ended = now(),
        created = created - interval '59 minutes'`);
      await ensure(email);
      assert.equal(await confirms(channel.id), 1);
      await database.query(`update deliveries set created = created - interval '1 minute'`);
      await ensure(email);
      assert.equal(await confirms(channel.id), 2);
    });
  });

  describe('its owner', () => {
    it('confirms it by the token, also twice, and what waits is due', async () => {
      const { channel } = await ensure(email);
      await enqueue(database, [newFiring(channel.id)]);
      const token = await tokenOf('confirm', channel.id);
      assert.equal((await channelOfToken(database, 'confirm', token))?.id, channel.id);
      assert.equal((await confirmChannel(database, token))?.state, 'active');
      assert.equal((await confirmChannel(database, token))?.state, 'active');
      const [waiting] = (await listDeliveries(database, { limit: 9 })).filter(
        ({ kind }) => kind === 'fired',
      );
      assert.equal(waiting?.waits, null);
    });

    it('is nobody who guesses', async () => {
      const { channel } = await ensure(email);
      const { channel: other } = await ensure(webhook);
      const [confirm, leave] = [
        await tokenOf('confirm', channel.id),
        await tokenOf('leave', channel.id),
      ];
      const swapped = confirm.replace(/^\d+/, String(other.id));
      for (const token of [
        leave,
        swapped,
        `${confirm}x`,
        confirm.slice(0, -1),
        '',
        '1.',
        `9${confirm}`,
      ]) {
        assert.equal(await confirmChannel(database, token), undefined, token);
      }
      assert.equal(await leaveChannel(database, confirm), undefined);
      assert.equal((await findChannel(database, channel.id))?.state, 'unconfirmed');
    });

    it('leaves it: what waits is cancelled, and an old token does not bring it back', async () => {
      const { channel } = await ensure(email);
      const confirm = await tokenOf('confirm', channel.id);
      await confirmChannel(database, confirm);
      await enqueue(database, [newFiring(channel.id)]);
      const leave = await tokenOf('leave', channel.id);
      for (let round = 0; round < 2; round += 1) {
        assert.equal((await leaveChannel(database, leave))?.state, 'disabled');
      }
      assert.equal(await confirmChannel(database, confirm), undefined);
      const states = (await listDeliveries(database, { limit: 9 })).map(({ state }) => state);
      assert.deepEqual(states, ['cancelled', 'cancelled']);
      // Whoever asks for alerts there again does not switch it on.
      assert.equal((await ensure(email)).channel.state, 'disabled');
    });

    it('has to confirm again what was switched off and on, by another token', async () => {
      const { channel } = await ensure(email);
      const before = await tokenOf('confirm', channel.id);
      await confirmChannel(database, before);
      assert.equal((await switchOffChannel(database, channel.id))?.state, 'disabled');
      await database.query(`update deliveries set created = created - interval '2 hours'`);
      assert.equal((await enableChannel(database, channel.id, ttl))?.state, 'unconfirmed');
      assert.equal(await confirmChannel(database, before), undefined);
      const after = await tokenOf('confirm', channel.id);
      assert.equal((await confirmChannel(database, after))?.state, 'active');
      assert.equal(await enableChannel(database, 999, ttl), undefined);
    });
  });

  describe('secrets of webhooks', () => {
    it('change: the one of before is in force for a while, and no more than three are', async () => {
      const { channel, secret } = await ensure(webhook);
      const graceMs = 60_000;
      const second = await rotateSecret(database, channel.id, { graceMs });
      const { signing } = await secretOf(channel.id);
      assert.deepEqual(
        signing.map((one) => one.secret),
        [second?.secret, secret],
      );
      assert.equal(signing[0]?.untilMs, null);
      assert.ok(Math.abs((signing[1]?.untilMs ?? 0) - Date.now() - graceMs) < 30_000);
      for (let round = 0; round < 5; round += 1)
        await rotateSecret(database, channel.id, { graceMs });
      assert.equal((await secretOf(channel.id)).signing.length, 3);
      await rotateSecret(database, channel.id, { graceMs: 0 });
      // Those of before were due to end later: they end at once with this one's grace.
      assert.equal((await secretOf(channel.id)).signing.length, 1);
    });

    it('are of webhooks alone', async () => {
      const { channel } = await ensure(email);
      const rotated = rotateSecret(database, channel.id, { graceMs: 0 });
      await assert.rejects(rotated, (error) => isCode(error, 'conflict'));
      assert.equal(await rotateSecret(database, 999, { graceMs: 0 }), undefined);
    });
  });

  describe('tests', () => {
    const test = (channel: number) =>
      database.transaction((transaction) =>
        enqueueTest(transaction, { channel, alert: null }, ttl),
      );
    const conflict = (error: unknown) => isCode(error, 'conflict');

    it('of a webhook are sent before it confirms, and not too often', async () => {
      const { channel } = await ensure(webhook);
      const id = await test(channel.id);
      const [found] = await listDeliveries(database, { kind: 'test', limit: 9 });
      assert.deepEqual([found?.id, found?.waits], [id, null]);
      await assert.rejects(test(channel.id), conflict);
      await database.query(`update deliveries set created = created - interval '10 seconds'`);
      assert.notEqual(await test(channel.id), id);
    });

    it('do not wait for when a failing channel is tried again', async () => {
      const { channel } = await ensure(webhook);
      await database.query("update channels set state = 'active', failures = 9, open_ms = 9e15");
      await enqueue(database, [newFiring(channel.id)]);
      const id = await test(channel.id);
      const stage = new DeliveryStage(database);
      assert.deepEqual(
        (await stage.claim()).claims.map((claim) => claim.id),
        [id],
      );
    });

    it('go to no address that did not confirm, and to nothing that is off', async () => {
      const { channel } = await ensure(email);
      await assert.rejects(test(channel.id), conflict);
      await confirmChannel(database, await tokenOf('confirm', channel.id));
      await test(channel.id);
      await switchOffChannel(database, channel.id);
      await assert.rejects(test(channel.id), conflict);
      await assert.rejects(test(999), (error) => isCode(error, 'not-found'));
    });
  });
});

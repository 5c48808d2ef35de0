import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { systemClock } from '../../../core/clock.ts';
import { TidemarkError } from '../../../core/errors.ts';
import type { HttpClient } from '../../../core/http.ts';
import type { Log } from '../../../core/log.ts';
import { createMetrics } from '../../../core/metrics.ts';
import { ensureChannel, findChannel, listChannels } from '../../../registry/channels.ts';
import type { Database } from '../../../registry/database.ts';
import { deliveryCounts, findDelivery, listDeliveries } from '../../../registry/deliveries.ts';
import { listEvents } from '../../../registry/events.ts';
import { createDeliveryMetrics, showDeliveries } from '../../../tasks/notify/delivery-metrics.ts';
import {
  type Dispatcher,
  type DispatcherOptions,
  startDispatcher,
} from '../../../tasks/notify/dispatch.ts';
import type { Sent } from '../../../tasks/notify/sender.ts';
import {
  activeChannel,
  anAlert,
  DAY_MS,
  enqueue,
  firedMessage,
  newFiring,
} from '../../helpers/deliveries.ts';
import { eventually } from '../../helpers/eventually.ts';
import { Receiver } from '../../helpers/receiver.ts';
import { forEachDatabase } from '../../helpers/registry.ts';
import { guardedHttp } from './sending.ts';

const yes: Sent = { end: 'delivered', status: 200, reason: null, answer: 'ok' };
const no: Sent = { end: 'failed', status: 503, reason: 'HTTP 503', answer: null };

forEachDatabase((fixture) => {
  let database: Database;
  let receiver: Receiver;
  let http: HttpClient;
  let started: Dispatcher[] = [];
  let lines: string[] = [];

  before(async () => {
    database = await fixture.fresh();
    receiver = await Receiver.start();
    http = guardedHttp([receiver.place]);
  });
  after(async () => {
    await http.close();
    await receiver.close();
  });
  beforeEach(async () => {
    await database.query('truncate channels, alerts, deliveries, events cascade');
    receiver.says(200, 'ok');
    receiver.received.length = 0;
    [started, lines] = [[], []];
  });
  afterEach(() => Promise.all(started.map((one) => one.close())));

  const note = (ids: object, message: string): void => {
    lines.push(JSON.stringify({ ...ids, message }));
  };
  const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log };
  const metrics = createMetrics();
  const counted = createDeliveryMetrics(metrics);

  function start(more: Partial<DispatcherOptions> = {}): Dispatcher {
    const dispatcher = startDispatcher({
      ...{ database, http, smtp: undefined, pagerdutyUrl: undefined, log, metrics: counted },
      ...{ publicUrl: 'http://127.0.0.1:8001', clock: systemClock, random: () => 0.5 },
      worker: `worker ${started.length}`,
      ...more,
    });
    started.push(dispatcher);
    return dispatcher;
  }
  const hook = (path = '') => ({ kind: 'webhook', url: `${receiver.url}/hook${path}` }) as const;
  const passTime = async (dispatcher: Dispatcher) => {
    await database.query(`update deliveries set due_ms = 0 where state = 'failed'`);
    await database.query('update channels set open_ms = 0, due_ms = 0 where due_ms is not null');
    dispatcher.wake();
  };
  const stateOf = async (id: number) => (await findDelivery(database, id))?.state;

  describe('a dispatcher', () => {
    it('asks a webhook to confirm before anything else, and then sends what waits', async () => {
      const { channel, secret } = await database.transaction((transaction) =>
        ensureChannel(transaction, hook(), { ttlMs: DAY_MS }),
      );
      receiver.says(500);
      const firedMs = Date.now() - 5_000;
      await enqueue(database, [newFiring(channel.id, { firedMs })]);
      const dispatcher = start();
      await eventually(async () => {
        assert.equal((await findChannel(database, channel.id))?.failures, 1);
      });
      receiver.says(204);
      await passTime(dispatcher);
      await eventually(() => assert.equal(receiver.received.length, 3));
      const verifier = new Webhook(secret!);
      const types = receiver.received.map(({ body, headers }) => {
        const message = verifier.verify(body, headers as Record<string, string>);
        return (message as { type: string }).type;
      });
      assert.deepEqual(types, ['channel.confirm', 'channel.confirm', 'alert.fired']);
      const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
      assert.equal(ids[0], ids[1]);
      await eventually(async () => {
        const found = await listDeliveries(database, { limit: 9 });
        assert.deepEqual(
          found.map(({ state }) => state),
          ['delivered', 'delivered'],
        );
      });
      assert.equal((await findChannel(database, channel.id))?.state, 'active');
    });

    it('ends a channel that wants nothing more, and tells the one that stands in for it', async () => {
      const channel = await activeChannel(database, hook('/gone'));
      const other = await activeChannel(database, hook('/other'));
      const alert = await anAlert(database, { channel, fallback: other });
      receiver.answer = (response, { path }) =>
        void response.writeHead(path.includes('gone') ? 410 : 200).end();
      const [id] = await enqueue(database, [newFiring(channel, { alert })]);
      start();
      await eventually(async () => assert.equal(await stateOf(id!), 'dead'));
      assert.equal((await findChannel(database, channel))?.state, 'disabled');
      await eventually(() => {
        const told = receiver.received.filter(({ path }) => path.includes('other'));
        const types = told.map(({ body }) => (JSON.parse(body) as { type: string }).type);
        assert.ok(types.includes('channel.notice'), types.join());
      });
    });

    it('goes on where another stopped: same key, next attempt, and not before it is due', async () => {
      const channel = await activeChannel(database, hook());
      receiver.says(503);
      const [id] = await enqueue(database, [newFiring(channel)]);
      const first = start();
      await eventually(async () => assert.equal(await stateOf(id!), 'failed'));
      await first.close();
      receiver.says(200);
      const second = start();
      await eventually(() => assert.ok(second.state().sinceAnswerMs !== undefined));
      assert.equal(receiver.received.length, 1);
      await passTime(second);
      await eventually(async () => assert.equal(await stateOf(id!), 'delivered'));
      const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
      assert.equal(new Set(ids).size, 1);
      const found = await findDelivery(database, id!);
      assert.deepEqual(
        found?.attemptsMade.map(({ nr, status }) => [nr, status]),
        [
          [1, 503],
          [2, 200],
        ],
      );
    });

    it('says what came of it as often as it takes, and sends once', async () => {
      const channel = await activeChannel(database, hook());
      const [id] = await enqueue(database, [newFiring(channel)]);
      let sent = 0;
      let lost = 0;
      const unsure: Database = {
        ...{ kind: database.kind, where: database.where, close: async () => undefined },
        query: (text, parameters) => database.query(text, parameters),
        listen: (name, listener) => database.listen(name, listener),
        transaction: (work) => {
          // Once sent, the registry is away for a while.
          if (sent > 0 && lost < 2) {
            lost += 1;
            return Promise.reject(new TidemarkError('unavailable', 'away'));
          }
          return database.transaction(work);
        },
      };
      const send = async (): Promise<Sent> => {
        sent += 1;
        return yes;
      };
      start({ database: unsure, senders: { webhook: send } });
      await eventually(async () => assert.equal(await stateOf(id!), 'delivered'));
      assert.deepEqual([sent, lost], [1, 2]);
    });

    it('sends again under the same key what it could not say before its lease was over', async () => {
      const channel = await activeChannel(database, hook());
      const [id] = await enqueue(database, [newFiring(channel)]);
      const messages: string[] = [];
      const never: Database = {
        ...{ kind: database.kind, where: database.where, close: async () => undefined },
        query: (text, parameters) => database.query(text, parameters),
        listen: (name, listener) => database.listen(name, listener),
        transaction: (work) =>
          messages.length > 0
            ? Promise.reject(new TidemarkError('unavailable', 'away'))
            : database.transaction(work),
      };
      const senders = {
        webhook: async ({ claim }: { claim: { message: string } }): Promise<Sent> => {
          messages.push(claim.message);
          return yes;
        },
      };
      const cut = start({ database: never, senders, limits: { leaseMs: 200 } });
      await eventually(() => assert.match(lines.join('\n'), /sent again/));
      await cut.close();
      start({ senders });
      await eventually(async () => assert.equal(await stateOf(id!), 'delivered'));
      assert.equal(messages.length, 2);
      assert.equal(messages[0], messages[1]);
      const made = (await findDelivery(database, id!))?.attemptsMade;
      assert.deepEqual(
        made?.map(({ reason }) => reason),
        ['lost', null],
      );
    });

    it('gives back what is under way when it ends, and that does not count', async () => {
      const channel = await activeChannel(database, hook());
      receiver.answer = () => 'nothing';
      const [id] = await enqueue(database, [newFiring(channel)]);
      const dispatcher = start({ limits: { drainMs: 10 } });
      await eventually(() => assert.equal(receiver.received.length, 1));
      assert.equal(dispatcher.state().running, 1);
      await dispatcher.close();
      const found = await findDelivery(database, id!);
      assert.deepEqual([found?.state, found?.reason], ['queued', 'the dispatcher was stopped']);
      assert.equal((await findChannel(database, channel))?.failures, 0);
      receiver.says(200);
      start();
      await eventually(async () => assert.equal(await stateOf(id!), 'delivered'));
    });

    it('keeps no other waiting while ten thousand wait for one that is dead', async () => {
      const dead = await activeChannel(database, hook('/dead'));
      await database.query(
        `insert into deliveries (channel, kind, message, subject, payload, due_ms, expires_ms)
         select $1, 'fired', 'm' || n, 's' || n, $2::jsonb, 0, 9e12::bigint
         from generate_series(1, 10000) as n`,
        [dead, JSON.stringify(firedMessage())],
      );
      await database.query('update channels set due_ms = 0 where id = $1', [dead]);
      const others = 20;
      const rounds = 3;
      let tried = 0;
      let done = 0;
      const calls: string[] = [];
      const counting: Database = {
        ...{ kind: database.kind, where: database.where, close: async () => undefined },
        query: (text, parameters) => database.query(text, parameters),
        listen: (name, listener) => database.listen(name, listener),
        transaction: (work) => {
          calls.push('transaction');
          return database.transaction(work);
        },
      };
      const senders = {
        webhook: async ({ claim }: { claim: { channel: number } }): Promise<Sent> => {
          if (claim.channel !== dead) done += 1;
          else tried += 1;
          return claim.channel === dead ? no : yes;
        },
      };
      const ids: number[] = [];
      for (let n = 0; n < others; n += 1) ids.push(await activeChannel(database, hook(`/${n}`)));
      const dispatcher = start({ database: counting, senders });
      await eventually(() => assert.ok(tried >= 1));
      for (let round = 1; round <= rounds; round += 1) {
        const before = calls.length;
        await enqueue(
          database,
          ids.map((id) => newFiring(id)),
        );
        dispatcher.wake();
        await eventually(() => assert.equal(done, round * others));
        // A claim or few, and one to say what came of each: none for what waits for the dead one.
        const turns = calls.length - before;
        assert.ok(turns <= 2 * others + 10, `${turns} turns`);
      }
      assert.ok(tried <= 5, `the dead one was tried ${tried} times`);
      assert.ok((await deliveryCounts(database)).queued >= 9_990);
    });

    it('lets no secret of a channel into logs, errors, views and events', async () => {
      const token = 'T0K3N-0123456789';
      const url = `${receiver.url}/services/${token}?key=${token}`;
      const channel = await activeChannel(database, { kind: 'webhook', url });
      const other = await activeChannel(database, hook('/other'));
      const alert = await anAlert(database, { channel, fallback: other });
      receiver.answer = (response, { path, headers }) =>
        void response
          .writeHead(path.includes(token) ? 500 : 200)
          .end(`no ${path} ${headers['webhook-signature']}`);
      const [id] = await enqueue(database, [newFiring(channel, { alert })]);
      const dispatcher = start();
      for (let attempts = 1; attempts <= 3; attempts += 1) {
        await passTime(dispatcher);
        await eventually(async () => {
          assert.equal((await findChannel(database, channel))?.failures, attempts);
        });
      }
      receiver.says(410, `gone: ${url}`);
      await passTime(dispatcher);
      await eventually(async () => assert.equal(await stateOf(id!), 'dead'));
      const rows = await database.query('select secret from channels');
      const seen = JSON.stringify([
        ...[lines, await listChannels(database, { limit: 9 })],
        await listDeliveries(database, { limit: 99 }),
        await findDelivery(database, id!),
        await listEvents(database, { after: 0, limit: 99 }),
        await database.query('select payload, reason from deliveries'),
      ]);
      const secrets = rows.map(({ secret }) => secret as { signing: [{ secret: string }] });
      for (const secret of [token, ...secrets.map(({ signing }) => signing[0].secret.slice(6))]) {
        assert.ok(!seen.includes(secret), `${secret} in ${seen}`);
      }
      assert.match(seen, /gone: http/);
    });

    it('counts attempts, and how long it took from the point on', async () => {
      showDeliveries(
        metrics,
        () => started[0]!.state(),
        () => deliveryCounts(database),
      );
      const channel = await activeChannel(database, { kind: 'canary' });
      await enqueue(database, [
        newFiring(channel, { kind: 'canary', firedMs: Date.now() - 3_000 }),
      ]);
      start();
      await eventually(async () => {
        const { text } = await metrics.read();
        const seconds = Number(/^tidemark_alert_canary_seconds_sum (\S+)$/m.exec(text)?.[1]);
        assert.ok(seconds >= 3 && seconds < 60, `${seconds} s`);
        assert.match(text, /delivery_attempts_total\{kind="canary",result="delivered"\} 1$/m);
        assert.match(text, /tidemark_deliveries\{state="queued"\} 0/);
      });
    });
  });
});

/**
 * The promise of the whole: everything in one process (ingest, spool, engine, registry, tasks, API)
 * is killed with SIGKILL at random moments, over and over, and whatever it had accepted is there
 * once, with its value. The random seed is printed; SEED=n gives the same moments again.
 */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { chance, hashOf } from '../../demo/noise.ts';
import { eventually } from '../helpers/eventually.ts';
import {
  embeddedInflux,
  launchUntilUp,
  startTidemark,
  type Tidemark,
  withDataDir,
} from '../helpers/process.ts';
import { Acknowledged, countedPoints, storedPolls } from './acknowledged.ts';
import { EXCHANGES, NumberedExchanges, pairOf } from './numbered-exchanges.ts';

const KILLS = 20;
const seed = process.env.SEED ?? `${Date.now()}`;
const random = (what: string): number => chance(hashOf(`${seed} ${what}`));

describe(`killed ${KILLS} times at random moments under load, seed ${seed}`, () => {
  const acknowledged = new Acknowledged();
  const startMs = Date.now() - 60_000;
  const lives: string[] = [];
  let exchanges: NumberedExchanges;
  let startedInMs = 3_000;

  before(async () => {
    exchanges = await NumberedExchanges.start();
  });
  after(() => exchanges.close());

  const optionsIn = (dir: string) => ({
    settings: {
      ...exchanges.settings,
      DATA_DIR: dir,
      PRICE_INTERVAL: '1s',
      LOG_LEVEL: 'debug',
    },
    onLine: (line: string) => acknowledged.read(line),
  });

  /** One life: killed while it starts, or at work; either way at a moment nobody chose. */
  async function liveAndDie(dir: string, life: number): Promise<void> {
    const pollsBefore = acknowledged.polls;
    const beganMs = performance.now();
    const { up, kill } = launchUntilUp(optionsIn(dir));
    // The first is on an empty directory: being killed while everything is made is worth a try.
    const early = life === 0 || random(`${life} early`) < 0.25;
    let livedMs = 0;
    let stopReading = async (): Promise<void> => {};
    try {
      if (early) {
        await delay(random(`${life} start`) * startedInMs * 1.2);
      } else {
        const { url } = await up;
        startedInMs = performance.now() - beganMs;
        stopReading = readAllTheTime(url);
        await momentAtWork(life);
      }
      livedMs = Math.round(performance.now() - beganMs);
    } finally {
      const { signal, stderr } = await kill('SIGKILL');
      await stopReading();
      assert.deepEqual([signal, stderr], ['SIGKILL', '']);
    }
    lives.push(`${early ? 'start' : 'work'} ${livedMs} ms ${acknowledged.polls - pollsBefore}`);
  }

  /**
   * Shortly after some answer, while it is parsed, accepted, sent or stored; or the moment that a
   * poll is said to be accepted, which is too late to take anything back.
   */
  async function momentAtWork(life: number): Promise<void> {
    const atOnce = random(`${life} at once`) < 0.5;
    for (let left = 1 + Math.floor(random(`${life} answers`) * 6); left > 0; left--) {
      await (atOnce ? acknowledged.next() : exchanges.nextAnswer());
    }
    if (!atOnce) await delay(random(`${life} moment`) * 150);
  }

  /** Readers beside the writes, as a store has them in life. Returns their end. */
  function readAllTheTime(url: string): () => Promise<void> {
    let over = false;
    const statusOf = async (path: string) => {
      const answer = await fetch(`${url}/${path}`);
      await answer.text();
      return answer.status;
    };
    const readers = [0, 1].map(async (reader) => {
      for (let turn = 0; !over; turn++) {
        const path = `${pairOf((turn * 7 + reader) % 100)}?duration=-10m`;
        // Cut by the kill: 0. A pair is unknown until the first poll has registered it: 404.
        const status = await statusOf(path).catch(() => 0);
        assert.ok([0, 200, 404].includes(status), `GET ${path}: ${status}`);
      }
    });
    const all = Promise.all(readers);
    all.catch(() => undefined);
    return async () => {
      over = true;
      await all;
    };
  }

  /** Waits until the spool is empty, then compares the store and the registry with the log. */
  async function verify({ url, influxUrl }: Tidemark, dir: string): Promise<void> {
    await eventually(async () => {
      const metrics = await (await fetch(`${url}/metrics`)).text();
      assert.match(metrics, /^tidemark_spool_bytes 0$/m);
    }, 60_000);
    const influx = await embeddedInflux(influxUrl, dir);
    try {
      const counted = await countedPoints(influx, startMs);
      const stored = await storedPolls(influx, startMs);
      acknowledged.verify(stored);
      const read = [...stored.values()].reduce((sum, { points }) => sum + points, 0);
      assert.equal(counted, read);
    } finally {
      await influx.close();
    }
    for (const exchange of EXCHANGES) {
      assert.ok((await marketsOf(url, exchange)) >= acknowledged.markets(exchange), exchange);
    }
    assert.deepEqual(await readdir(join(dir, 'spool', 'dead')).catch(() => []), []);
  }

  async function marketsOf(url: string, exchange: string): Promise<number> {
    let count = 0;
    for (let after = ''; ; ) {
      const page = await fetch(`${url}/api/v1/pairs?exchange=${exchange}&limit=500${after}`);
      assert.equal(page.status, 200);
      const { items, next } = (await page.json()) as { items: unknown[]; next: string | null };
      count += items.length;
      if (!next) return count;
      after = `&after=${next}`;
    }
  }

  it('has every acknowledged point once, with its value, after the last start and the next', (t) =>
    withDataDir(async (dir) => {
      for (let life = 0; life < KILLS; life++) await liveAndDie(dir, life);
      assert.ok(acknowledged.polls > KILLS, `${acknowledged.polls} polls: no load`);
      // Nothing new any more, so that what is read does not change while it is read.
      exchanges.closed = true;
      for (const _ of ['the last start', 'the next']) {
        const tidemark = await startTidemark(optionsIn(dir));
        try {
          await verify(tidemark, dir);
        } finally {
          const { code, stderr } = await tidemark.kill('SIGTERM');
          assert.deepEqual([code, stderr], [0, '']);
        }
      }
      const { points, polls } = acknowledged;
      t.diagnostic(`${points} points in ${polls} polls; lives: ${lives.join(', ')}`);
    }));
});

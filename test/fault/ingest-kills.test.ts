/**
 * The ingest killed with SIGKILL at random moments of 50 cycles in a row, on both engines: every
 * slot that it had accepted is stored once, with its values. SEED=n gives the same moments again.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../core/clock.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { chance, hashOf } from '../../demo/noise.ts';
import { forEachEngine } from '../helpers/engines.ts';
import { deadLetters, inTemporaryDir, openWriter, until } from '../ingest/writer/support.ts';
import { Acknowledged, countedPoints, storedPolls } from './acknowledged.ts';
import { NumberedExchanges } from './numbered-exchanges.ts';

const KILLS = 50;
const child = fileURLToPath(new URL('./ingest-child.js', import.meta.url));
const seed = process.env.SEED ?? `${Date.now()}`;
const random = (what: string): number => chance(hashOf(`${seed} ${what}`));

interface Life {
  readonly args: readonly string[];
  readonly number: number;
  readonly acknowledged: Acknowledged;
  readonly exchanges: NumberedExchanges;
  /** From the first answer to the first poll on disk, as it was last: machines differ. */
  readonly pace: { acceptMs: number };
}

/**
 * One life of a cycle: killed some moments after the first answer was given, before or after its
 * poll is on disk, or as soon as it is said to be.
 */
async function liveAndDie({ args, number, acknowledged, exchanges, pace }: Life): Promise<void> {
  const ingest = spawn(process.execPath, [child, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let rest = '';
  ingest.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) acknowledged.read(line);
  });
  const ended = once(ingest, 'close');
  const answered = exchanges.nextAnswer();
  const accepted = acknowledged.next();
  await Promise.race([answered, ended]);
  const answeredMs = performance.now();
  if (number === 0 || random(`${number} at once`) < 0.4) {
    await Promise.race([accepted, ended]);
    pace.acceptMs = performance.now() - answeredMs;
  } else {
    await delay(random(`${number} moment`) * 2 * pace.acceptMs);
  }
  ingest.kill('SIGKILL');
  const [, signal] = await ended;
  assert.equal(signal, 'SIGKILL', 'the ingest ended by itself');
}

/** What is left in the spool is sent; then the store is compared with what was acknowledged. */
async function verify(dir: string, influx: Influx, acknowledged: Acknowledged): Promise<void> {
  const writer = await openWriter(dir, influx);
  await until(() => writer.stats().spoolBytes === 0, 'the rest to be sent');
  await writer.close();
  assert.deepEqual(await deadLetters(dir), []);
  const startMs = Date.now() - 3_600_000;
  const stored = await storedPolls(influx, startMs);
  acknowledged.verify(stored);
  const read = [...stored.values()].reduce((sum, { points }) => sum + points, 0);
  assert.equal(await countedPoints(influx, startMs), read);
}

forEachEngine((name, start) => {
  test(`${name}: killed in ${KILLS} cycles, every accepted slot is stored once, seed ${seed}`, async (t) => {
    const engine = await start();
    const exchanges = await NumberedExchanges.start();
    const { url, token, org, bucket } = engine;
    const influx = createInflux({
      ...{ url, token, org, bucket },
      timeoutMs: 20_000,
      clock: systemClock,
    });
    try {
      await inTemporaryDir(async (dir) => {
        const acknowledged = new Acknowledged();
        const baseUrl = exchanges.settings.EXCHANGE_KRAKEN_URL ?? '';
        const args = [dir, JSON.stringify({ url, token, org, bucket }), baseUrl];
        const pace = { acceptMs: 100 };
        for (let number = 0; number < KILLS; number += 1) {
          await liveAndDie({ args, number, acknowledged, exchanges, pace });
        }
        assert.ok(acknowledged.polls >= KILLS / 2, `${acknowledged.polls} polls: no load`);
        await verify(dir, influx, acknowledged);
        t.diagnostic(`${acknowledged.points} points in ${acknowledged.polls} accepted polls`);
      });
    } finally {
      await influx.close();
      await exchanges.close();
      await engine.stop();
    }
  });
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../core/clock.ts';
import { createInflux } from '../../core/influx/influx.ts';
import { forEachEngine } from '../helpers/engines.ts';
import { Sink } from '../helpers/sink.ts';
import { inTemporaryDir, openWriter, pricePoints, until } from '../ingest/writer/support.ts';

const KILLS = 20;
const child = fileURLToPath(new URL('./writer-child.js', import.meta.url));

interface Target {
  readonly url: string;
  readonly token: string;
  readonly org: string;
  readonly bucket: string;
}

/** Starts the child, lets it report once, kills it at a random moment; how many were accepted. */
async function killedAtWork(dir: string, target: Target, first: number): Promise<number> {
  const writer = spawn(process.execPath, [child, dir, JSON.stringify(target), String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(writer, 'exit');
  let text = '';
  writer.stdout.on('data', (chunk) => {
    text += chunk;
  });
  await Promise.race([once(writer.stdout, 'data'), exit]);
  await delay(Math.random() * 150);
  writer.kill('SIGKILL');
  const [, signal] = await exit;
  assert.equal(signal, 'SIGKILL', 'the child ended by itself');
  if (!writer.stdout.readableEnded) await once(writer.stdout, 'end');
  // The last line may be cut.
  return Number(text.slice(0, text.lastIndexOf('\n')).split('\n').at(-1));
}

/** How many points the killed writers accepted; all of them have been sent. */
async function writeThroughKills(dir: string, target: Target): Promise<number> {
  let accepted = 0;
  for (let kill = 0; kill < KILLS; kill++) accepted = await killedAtWork(dir, target, accepted);
  const influx = createInflux({ ...target, timeoutMs: 10_000, clock: systemClock });
  const writer = await openWriter(dir, influx);
  await until(() => writer.stats().spoolBytes === 0, 'the rest to be sent');
  assert.equal(writer.stats().deadPoints, 0);
  await writer.close();
  await influx.close();
  return accepted;
}

test(`killed ${KILLS} times under load, every accepted point reaches a plain sink`, async () => {
  const sink = await Sink.start();
  try {
    await inTemporaryDir(async (dir) => {
      const account = { token: 't', org: 'o', bucket: 'b' };
      const accepted = await writeThroughKills(dir, { url: sink.url, ...account });
      assert.ok(accepted > KILLS * 250, `${accepted} points`);
      for (const { tags, timeNs } of pricePoints(accepted)) {
        const key = `price,exchange=${tags.exchange},pair=${tags.pair} ${timeNs}`;
        assert.ok(sink.points.has(key), key);
      }
    });
  } finally {
    await sink.close();
  }
});

forEachEngine((name, start) => {
  test(`${name}: killed ${KILLS} times under load, every accepted point is stored once`, async () => {
    const engine = await start();
    const { url, token, org, bucket } = engine;
    const target = { url, token, org, bucket };
    const influx = createInflux({ ...target, timeoutMs: 20_000, clock: systemClock });
    try {
      await inTemporaryDir(async (dir) => {
        const accepted = await writeThroughKills(dir, target);
        const flux = `from(bucket: "${bucket}") |> range(start: 2023-01-01T00:00:00Z)`;
        const times = new Map<number, number>();
        const shape = { _value: 'double' } as const;
        for await (const { _value } of influx.rows(flux, shape)) {
          times.set(_value, (times.get(_value) ?? 0) + 1);
        }
        for (let n = 0; n < accepted; n++) assert.equal(times.get(n), 1, `point ${n}`);
        // Beyond them only what was on its way when the last one was killed.
        assert.ok(times.size <= accepted + 1_000, `${times.size} of ${accepted}`);
      });
    } finally {
      await influx.close();
      await engine.stop();
    }
  });
});

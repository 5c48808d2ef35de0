/**
 * How `tidemark start` begins and ends, as its user sees it: a process, its words, its exit code.
 */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { Acknowledged, storedPolls } from '../fault/acknowledged.ts';
import { NumberedExchanges } from '../fault/numbered-exchanges.ts';
import { eventually } from '../helpers/eventually.ts';
import { influxdPath, startInfluxd } from '../helpers/influxd.ts';
import {
  type Exit,
  embeddedInflux,
  runToEnd,
  type Settings,
  startTidemark,
  withDataDir,
} from '../helpers/process.ts';

const startMs = Date.now() - 60_000;
let exchanges: NumberedExchanges;
before(async () => {
  exchanges = await NumberedExchanges.start();
});
after(() => exchanges.close());

const settingsIn = (dir: string, more: Settings = {}): Settings => ({
  ...exchanges.settings,
  DATA_DIR: dir,
  PRICE_INTERVAL: '1s',
  LOG_LEVEL: 'debug',
  ...more,
});

/** A refusal is one message for a person: no stack, nothing on standard output. */
function assertRefused({ code, stdout, stderr }: Exit, expected: RegExp): void {
  assert.ok(code !== 0 && code !== null, `exit code ${code}`);
  assert.match(stderr, /^tidemark: /);
  assert.match(stderr, expected);
  assert.doesNotMatch(stderr, /^\s+at |node:internal|a bug of ours/m);
  assert.doesNotMatch(stdout, /Tidemark is up/);
}

/** A server that holds a port. */
async function withTakenPort(use: (port: string) => Promise<void>): Promise<void> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    await use(`${(server.address() as AddressInfo).port}`);
  } finally {
    await new Promise((done) => server.close(done));
  }
}

async function freePort(): Promise<string> {
  let free = '';
  await withTakenPort(async (port) => {
    free = port;
  });
  return free;
}

async function assertStored(influx: Influx, acknowledged: Acknowledged): Promise<void> {
  try {
    acknowledged.verify(await storedPolls(influx, startMs));
  } finally {
    await influx.close();
  }
}

describe('a start that is stopped by SIGTERM', () => {
  it('sends what it has accepted and ends with 0 within seconds', () =>
    withDataDir(async (dir) => {
      const acknowledged = new Acknowledged();
      const settings = settingsIn(dir);
      const onLine = (line: string) => acknowledged.read(line);
      const tidemark = await startTidemark({ settings, onLine });
      await eventually(() => assert.ok(acknowledged.polls >= 5, `${acknowledged.polls} polls`));
      const beganMs = performance.now();
      const { code, stderr, stdout } = await tidemark.kill('SIGTERM');
      assert.deepEqual([code, stderr], [0, '']);
      assert.ok(performance.now() - beganMs < 8_000, 'it took too long');
      assert.doesNotMatch(stdout, /did not stop cleanly|points stay in the spool/);
      // Without ingest: a poll that is being written while it is read would be seen in part.
      const again = await startTidemark({ settings, args: ['start', '--only', 'api'] });
      try {
        await assertStored(await embeddedInflux(again.influxUrl, dir), acknowledged);
      } finally {
        await again.kill('SIGTERM');
      }
    }));
});

describe('a start that cannot be', () => {
  it('leaves the data directory to the process that has it', () =>
    withDataDir(async (dir) => {
      const first = await startTidemark({ settings: settingsIn(dir) });
      try {
        const second = await runToEnd({ settings: settingsIn(dir) });
        assertRefused(second, new RegExp(`in use by process ${first.pid}: stop it, or set DATA`));
        assert.equal((await fetch(`${first.url}/healthz`)).status, 200);
      } finally {
        await first.kill('SIGTERM');
      }
    }));

  for (const setting of ['PORT', 'INFLUX_PORT']) {
    it(`says what to do when ${setting} is taken`, () =>
      withDataDir((dir) =>
        withTakenPort(async (port) => {
          const exit = await runToEnd({ settings: settingsIn(dir, { [setting]: port }) });
          const says = `port ${port} on 127.0.0.1 is in use: set ${setting}, or stop what listens`;
          assertRefused(exit, new RegExp(says));
        }),
      ));
  }

  it('names a DATA_DIR that cannot be written', () =>
    withDataDir(async (dir) => {
      const file = join(dir, 'file');
      writeFileSync(file, 'no directory');
      const closed = join(dir, 'closed');
      mkdirSync(closed);
      chmodSync(closed, 0o500);
      // Permissions are nothing to root; /proc takes files from nobody.
      const unwritable = process.getuid?.() === 0 ? '/proc' : closed;
      for (const path of [file, join(file, 'below'), unwritable]) {
        const exit = await runToEnd({ settings: settingsIn(path) });
        assertRefused(exit, new RegExp(`DATA_DIR: cannot write to ${path} \\(E[A-Z]+\\): set it`));
        assert.equal(exit.code, 64);
      }
    }));

  it('lists every mistake in the settings at once, and no secret', async () => {
    const wrong = {
      PORT: '99999',
      LOG_LEVEL: 'loud',
      INFLUX_URL: 'ftp://x',
      EXCHANGES: 'a b',
      EXCHANGE_KRAKEN_URL: 'kraken',
      PRICE_INTERVAL: '1ms',
      API_KEYS: 'me:read:pssst',
    };
    const exit = await runToEnd({ settings: wrong });
    assertRefused(exit, /^tidemark: settings\n/);
    for (const name of Object.keys(wrong)) {
      assert.match(exit.stderr, new RegExp(`^  ${name}: expected .*, got `, 'm'));
    }
    assert.doesNotMatch(exit.stderr, /pssst/);
    assert.equal(exit.code, 64);
  });

  it('names the exchanges that there are when it is asked for another', () =>
    withDataDir(async (dir) => {
      const exit = await runToEnd({ settings: settingsIn(dir, { EXCHANGES: 'kraken,krakn' }) });
      assertRefused(exit, /unknown exchange krakn; expected .*kraken, .*okx/);
    }));
});

const skip = influxdPath() === undefined ? 'no influxd: `make influxd` builds it' : false;

describe('a start without InfluxDB', { skip }, () => {
  it('answers 503, keeps the points, and sends them when InfluxDB comes', () =>
    withDataDir(async (dir) => {
      const acknowledged = new Acknowledged();
      const port = await freePort();
      const away = { INFLUX_URL: `http://127.0.0.1:${port}`, INFLUX_TOKEN: 'my-token' };
      const tidemark = await startTidemark({
        settings: settingsIn(dir, away),
        onLine: (line) => acknowledged.read(line),
      });
      const get = (path: string) => fetch(`${tidemark.url}${path}`);
      try {
        await eventually(() => assert.ok(acknowledged.polls >= 5, `${acknowledged.polls} polls`));
        const answer = await get('/q00usd?duration=-1h');
        assert.equal(answer.status, 503, await answer.text());
        assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/);
        assert.equal((await get('/readyz')).status, 503);
        assert.equal((await get('/healthz')).status, 200);
        assert.match(await (await get('/metrics')).text(), /^tidemark_spool_bytes [1-9]/m);
        const influxd = await startInfluxd({ port: Number(port) });
        try {
          await eventually(async () => {
            exchanges.closed = true;
            assert.match(await (await get('/metrics')).text(), /^tidemark_spool_bytes 0$/m);
          }, 60_000);
          const client = createInflux({ ...influxd, timeoutMs: 20_000, clock: systemClock });
          await assertStored(client, acknowledged);
          assert.equal((await get('/q00usd?duration=-1h')).status, 200);
        } finally {
          exchanges.closed = false;
          await influxd.stop();
        }
      } finally {
        await tidemark.kill('SIGTERM');
      }
    }));
});

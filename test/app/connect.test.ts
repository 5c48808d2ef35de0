import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect } from '../../app/commands/connect.ts';
import { readConfig } from '../../core/config.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { Receiver } from '../helpers/receiver.ts';

/** Nothing listens there, without rights of an administrator least of all. */
const NOBODY = '1';

describe('a command that asks InfluxDB', () => {
  let dataDir: string;
  let other: Receiver;
  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tidemark-connect-'));
    other = await Receiver.start();
  });
  after(async () => {
    await other?.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  /** What it says, where it cannot be asked. */
  const refused = (settings: NodeJS.ProcessEnv, code: ErrorCode, ...said: readonly RegExp[]) =>
    assert.rejects(connect(readConfig(settings)), (error: Error & { code?: string }) => {
      assert.equal(error.code, code, error.message);
      for (const pattern of said) assert.match(error.message, pattern);
      return true;
    });
  const hasRun = async (name: string): Promise<string> => {
    const dir = join(dataDir, name);
    await mkdir(join(dir, 'influx'), { recursive: true });
    await writeFile(join(dir, 'influx', 'token'), 'secret\n');
    return dir;
  };
  const portOf = ({ url }: Receiver) => new URL(url).port;

  it('says where no Tidemark has run, and that a demo has', async () => {
    const DATA_DIR = join(dataDir, 'new');
    const start = /127\.0\.0\.1:1: start it \(make start\).*INFLUX_URL/;
    await refused({ DATA_DIR, INFLUX_PORT: NOBODY }, 'not-found', /DATA_DIR=\S+\/new,/, start);
    const demo = await hasRun('new-demo');
    await refused({ DATA_DIR }, 'not-found', new RegExp(`the demo: DATA_DIR=${demo}\\)`));
  });

  it('says where nothing answers, and how to start it or to look elsewhere', async () => {
    const DATA_DIR = await hasRun('ran');
    const [away, start] = [/127\.0\.0\.1:1 .*nothing listens/, /make start.*another INFLUX_PORT/];
    await refused({ DATA_DIR, INFLUX_PORT: NOBODY }, 'unavailable', away, start);
    const outside = { INFLUX_URL: 'http://127.0.0.1:1', INFLUX_TOKEN: 'x', DATA_DIR };
    await refused(outside, 'unavailable', away, /start InfluxDB there, or mend INFLUX_URL/);
  });

  it('says that something else answers', async () => {
    const DATA_DIR = await hasRun('ran');
    other.answer = (response) => response.writeHead(404).end('{"error":{"code":"not-found"}}');
    await refused({ DATA_DIR, INFLUX_PORT: portOf(other) }, 'conflict', /mend INFLUX_PORT/);
    const outside = { INFLUX_URL: other.url, INFLUX_TOKEN: 'x', DATA_DIR };
    await refused(outside, 'conflict', /is no InfluxDB: mend INFLUX_URL/);
  });

  it('says that the engine is that of another DATA_DIR', async () => {
    const DATA_DIR = await hasRun('ran');
    other.answer = (response, { path }) => response.writeHead(path === '/ping' ? 204 : 401).end();
    await refused({ DATA_DIR, INFLUX_PORT: portOf(other) }, 'conflict', /another DATA_DIR than/);
  });
});

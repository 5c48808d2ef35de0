import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Hub } from '../../api/events/contract.ts';
import { projectRoot } from '../../core/paths.ts';
import { fakeInflux, priceBatch, rankBatch, startApi, type TestApi } from '../helpers/api.ts';
import { FakeEvents } from '../helpers/events.ts';
import { fakeMonitors } from '../helpers/monitor-desk.ts';

const run = promisify(execFile);
const script = fileURLToPath(new URL('../../scripts/pack-client.js', import.meta.url));
const EXAMPLE = /```js\n([\s\S]*?)```/g;

let api: TestApi;
let hub: Hub;
/** A program's own folder, with the package installed as npm would leave it. */
let folder: string;
before(async () => {
  const events = new FakeEvents();
  events.tell('scan', { monitor: 1 });
  hub = events.hub;
  const influx = fakeInflux(async function* ({ query }) {
    if (query === 'rank') yield rankBatch('4', '9');
    else yield priceBatch([['kraken', '2022-10-11T03:35:02Z', '20966.789']]);
  });
  api = await startApi({ influx, monitors: fakeMonitors(), hub });
  folder = await mkdtemp(join(tmpdir(), 'tidemark-client-'));
  const { stdout } = await run(process.execPath, [script, join(folder, 'packed')]);
  const home = join(folder, 'node_modules', '@tidemark', 'client');
  await mkdir(home, { recursive: true });
  await run('tar', ['-xzf', stdout.trim(), '-C', home, '--strip-components=1']);
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
});
after(async () => {
  await hub.close();
  await api.close();
  await rm(folder, { recursive: true, force: true });
});

const examples = async () => {
  const text = await readFile(join(projectRoot, 'client', 'README.md'), 'utf8');
  return [...text.matchAll(EXAMPLE)].map(([, code]) => code!);
};

describe('the package of the client', () => {
  it('runs the example of its README', async () => {
    const [example = '', ...more] = await examples();
    assert.equal(more.length, 0);
    const file = join(folder, 'example.js');
    await writeFile(file, example.replaceAll('http://127.0.0.1:8001', api.url));
    const { stdout } = await run(process.execPath, [file]);
    assert.deepEqual(stdout.trim().split('\n'), [
      'kraken 20966.789',
      'btcusd 3',
      'ethbtc 1',
      '1 new',
      '1 scan',
      '400 parameter limit: Too big: expected number to be <=1000',
    ]);
  });

  it('has types that a strict program compiles with', async () => {
    const [example] = await examples();
    await writeFile(join(folder, 'right.ts'), example!);
    const wrong = [
      "import { createClient } from '@tidemark/client';",
      "const tidemark = createClient({ url: '' });",
      "await tidemark.call('nothing');",
      "await tidemark.call('monitor');",
      "await tidemark.call('monitor', { params: { id: 'one' } });",
      "await tidemark.call('pairs', { query: { limits: 1 } });",
      "await tidemark.call('addMonitor', { body: { interval: '1m' } });",
      "(await tidemark.call('pairs')).items.map(({ name }) => name);",
      "tidemark.all('health');",
    ];
    await writeFile(join(folder, 'wrong.ts'), `${wrong.join('\n')}\n`);
    const require = createRequire(import.meta.url);
    const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
    const options = ['--ignoreConfig', '--strict', '--noEmit', '--module', 'nodenext'];
    const language = ['--target', 'es2022', '--lib', 'es2022,dom,dom.iterable', '--types', ''];
    const compiled = await run(
      process.execPath,
      [tsc, ...options, ...language, '--pretty', 'false', 'right.ts', 'wrong.ts'],
      { cwd: folder },
    ).catch((error: { stdout: string }) => error);
    const lines = [...compiled.stdout.matchAll(/^(\S+)\((\d+),/gm)].map(([, file, line]) => [
      file,
      Number(line),
    ]);
    assert.deepEqual(
      lines,
      wrong.slice(2).map((_, index) => ['wrong.ts', index + 3]),
      compiled.stdout,
    );
  });

  it('holds what it needs and nothing else', async () => {
    const home = join(folder, 'node_modules', '@tidemark', 'client');
    const text = await readFile(join(home, 'package.json'), 'utf8');
    const { dependencies, exports, version } = JSON.parse(text) as Record<string, unknown>;
    assert.equal(dependencies, undefined);
    assert.deepEqual(exports, { '.': { types: './index.d.ts', default: './index.js' } });
    const product = JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8')) as {
      version: string;
    };
    assert.equal(version, product.version);
    for (const name of ['client', 'errors', 'index', 'lines', 'live', 'pages', 'request']) {
      const code = await readFile(join(home, `${name}.js`), 'utf8');
      assert.doesNotMatch(code, /from ['"](?!\.\/)|\b(process|Buffer|require)\b/, name);
    }
  });
});

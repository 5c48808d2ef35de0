/** `tidemark generate-monitors` as its users have it. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { generateMonitors, readGeneration } from '../../app/commands/generate-monitors.ts';
import { createStepBar } from '../../app/step-bar.ts';
import { readConfig } from '../../core/config.ts';
import { isCode } from '../../core/errors.ts';
import { silentLog } from '../../core/log.ts';
import { listMonitors } from '../../registry/monitors.ts';
import { openRegistry } from '../../registry/open.ts';

const LOCAL = 'http://127.0.0.1:8080/{n}';

describe('generating monitors', () => {
  let dataDir: string;
  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tidemark-generate-'));
  });
  after(() => rm(dataDir, { recursive: true, force: true }));

  const run = async (options: Record<string, string>, signal = new AbortController().signal) => {
    const printed: string[] = [];
    const code = await generateMonitors.run({
      config: readConfig({ DATA_DIR: dataDir, LOG_LEVEL: 'error' }),
      positionals: [],
      options: { url: LOCAL, interval: '60s', ...options },
      print: (text) => printed.push(text),
      signal,
      ...{ colour: false, mistakes: [], strangers: [] },
    });
    return { code, text: printed.join('\n') };
  };

  it('makes them once, and says how many were there', async () => {
    const first = await run({ count: '2500' });
    assert.equal(first.code, 0);
    assert.match(
      first.text,
      /^2,500 monitors made\. Each is scanned every 1m: 41\.7 scans a second/,
    );
    assert.match(first.text, /not public: .*ALLOW_PRIVATE_TARGETS/);
    const again = await run({ count: '2501' });
    assert.match(again.text, /^1 monitors? made, 2,500 were there already/);
    const registry = await openRegistry({ databaseUrl: undefined, dataDir, log: silentLog });
    try {
      const [one] = await listMonitors(registry, { after: 0, limit: 1 });
      assert.deepEqual([one?.url, one?.intervalMs], ['http://127.0.0.1:8080/1', 60_000]);
      const [row] = await registry.query('select count(*)::int as n from monitor_schedule', []);
      assert.deepEqual(row, { n: 2_501 });
      // Spread over the interval: no tenth of it has more than a sixth of them.
      const tenths = await registry.query(
        'select count(*)::int as n from monitor_schedule group by phase_ms / 6000',
        [],
      );
      assert.equal(tenths.length, 10);
      for (const { n } of tenths as { n: number }[]) assert.ok(n < 2_501 / 6, `${n}`);
    } finally {
      await registry.close();
    }
  });

  it('stops when it is told to, between two steps', async () => {
    const { code, text } = await run({ count: '5000' }, AbortSignal.abort());
    assert.equal(code, 130);
    assert.match(text, /^Stopped after 0 of 5,000: 0 monitors made/);
  });

  it('refuses nonsense before it touches anything, and says what was expected', async () => {
    const wrong: [Record<string, string>, RegExp][] = [
      [{}, /--count is missing/],
      ...['0', '-1', '1e3', '1.5', 'many', '1000001', ''].map(
        (count): [Record<string, string>, RegExp] => [{ count }, /--count is/],
      ),
      [{ count: '2', url: 'http://example.com/' }, /--url/],
      [{ count: '2', url: 'http://example.com/#{n}' }, /--url/],
      [{ count: '2', url: 'ftp://example.com/{n}' }, /--url/],
      [{ count: '2', url: 'http://u:p@example.com/{n}' }, /--url/],
      [{ count: '100', url: `http://${'a'.repeat(61)}{n}.example.com/` }, /--url/],
      [{ count: '2', interval: '5s' }, /--interval/],
      [{ count: '2', interval: '1500ms' }, /--interval/],
      [{ count: '2', interval: '31d' }, /--interval/],
      [{ count: '2', interval: 'often' }, /--interval/],
      [{ count: '2', regexp: '(?=a)' }, /--regexp/],
      [{ count: '2', regexp: '' }, /--regexp/],
    ];
    const config = readConfig({ DATA_DIR: dataDir });
    for (const [options, named] of wrong) {
      const all = { url: LOCAL, interval: '60s', ...options };
      await assert.rejects(readGeneration(all, config), (error: Error) => {
        assert.ok(isCode(error, 'invalid') && error.details !== undefined, error.message);
        assert.match(error.message, named);
        return true;
      });
    }
  });

  it('says nothing of places that may be reached', async () => {
    const config = readConfig({ ALLOW_PRIVATE_TARGETS: '127.0.0.1:8080' });
    const given = { count: '2', url: LOCAL, interval: '1h', regexp: 'ok' };
    const { refusal, monitor, count } = await readGeneration(given, config);
    assert.deepEqual([refusal, count], [undefined, 2]);
    assert.deepEqual([monitor(2).url, monitor(2).regexp], ['http://127.0.0.1:8080/2', 'ok']);
    const named = { ...given, url: 'https://{n}.example.com/' };
    assert.equal((await readGeneration(named, config)).monitor(7).host, '7.example.com');
  });
});

describe('the bar', () => {
  const shown = (terminal: boolean) => {
    let nowMs = 0;
    let text = '';
    const write = (piece: string) => {
      text += piece;
    };
    const bar = createStepBar({ write, terminal, columns: 60, nowMs: () => nowMs, name: 'things' });
    for (const done of [0, 250, 1_000]) {
      bar.update(done, 1_000);
      nowMs += 3_000;
    }
    bar.end();
    return text;
  };

  it('is one line on a terminal, with the time that is left', () => {
    const frames = shown(true).split('\r\u001b[2K');
    assert.match(frames[2]!, /^\[#{6}-{18}\] {2}25 % {2}250\/1,000 {2}9 s left/);
    assert.match(frames[3]!, /100 % {2}1,000\/1,000 things\n$/);
    assert.ok(frames.every((frame) => frame.trimEnd().length < 60));
  });

  it('is a line now and then elsewhere', () => {
    assert.equal(shown(false).split('\n').length, 2);
  });
});

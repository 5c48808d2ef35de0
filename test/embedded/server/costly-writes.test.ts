import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Answer, call, type Engine, startEmbedded } from '../../helpers/engines.ts';

/** Each of these once took minutes, or kept everybody else waiting for as long. */
const ANSWER_MS_MAX = 20_000;
const OTHERS_MS_MAX = 10_000;
const write = 'POST /api/v2/write?org=tidemark&bucket=tidemark&precision=s';

describe('bodies that cost more to read than to send', () => {
  let engine: Engine;
  before(async () => {
    engine = await startEmbedded();
  });
  after(() => engine.stop());

  /** The answer, with the longest that somebody else waited meanwhile. */
  async function timed(asked: Promise<Answer>): Promise<Answer & { readonly othersMs: number }> {
    const begunMs = performance.now();
    let going = true;
    const done = asked.finally(() => {
      going = false;
    });
    let othersMs = 0;
    while (going) {
      const sentMs = performance.now();
      assert.equal((await call(engine, 'GET /api/v2/buckets')).status, 200);
      othersMs = Math.max(othersMs, performance.now() - sentMs);
    }
    const answer = await done;
    const tookMs = performance.now() - begunMs;
    assert.ok(tookMs < ANSWER_MS_MAX, `answered after ${tookMs} ms`);
    assert.ok(othersMs < OTHERS_MS_MAX, `others waited ${othersMs} ms`);
    return { ...answer, othersMs };
  }

  const fields = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => `f${from + i}=1`).join(',');

  test('a line of 50,000 fields', async () => {
    const { status } = await timed(call(engine, write, `wide ${fields(0, 50_000)} 1`));
    assert.equal(status, 204);
  });

  test('a line of 50,000 fields that is taken back', async () => {
    const body = `back ${fields(0, 50_000)} 1\nbad line`;
    assert.equal((await timed(call(engine, write, body))).status, 400);
  });

  test('lines that name the fields of a wide series in another order', async () => {
    const setup = await call(engine, write, `order ${fields(0, 20_000)} 1`);
    assert.equal(setup.status, 204);
    const line = fields(0, 900).split(',').reverse().join(',');
    const body = Array.from({ length: 300 }, (_, i) => `order ${line} ${2 + i}`).join('\n');
    assert.equal((await timed(call(engine, write, body))).status, 204);
  });

  test('100 MB of newlines in 100 kB of gzip', async () => {
    const body = gzipSync(Buffer.alloc(100 << 20, '\n'));
    const answer = await timed(call(engine, write, body, { 'Content-Encoding': 'gzip' }));
    assert.equal(answer.status, 204);
  });

  test('millions of lines that cannot be parsed', async () => {
    const body = gzipSync('bad line here\n'.repeat(4_000_000), { level: 1 });
    const answer = await timed(call(engine, write, body, { 'Content-Encoding': 'gzip' }));
    assert.equal(answer.status, 400);
    assert.match(answer.text, /unable to parse 'bad line here': invalid/);
  });

  test('a hundred thousand new series', async () => {
    const body = Array.from({ length: 100_000 }, (_, i) => `many,t=${i} v=1 1`).join('\n');
    assert.equal((await timed(call(engine, write, body))).status, 204);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readConfig } from '../../core/config.ts';
import { type Log, silentLog } from '../../core/log.ts';
import { createMetrics } from '../../core/metrics.ts';
import { openTrace } from '../../core/otel.ts';
import { errorType, noTrace, readTraceparent } from '../../core/trace.ts';
import { createSpanQueue, type SpanQueueLimits } from '../../core/trace-queue.ts';
import { ManualClock } from '../helpers/clock.ts';
import { startCollector } from '../helpers/collector.ts';

function queueOf(
  send: (spans: readonly number[]) => Promise<void>,
  limits: Partial<SpanQueueLimits> = {},
) {
  const clock = new ManualClock();
  const counts = { sent: 0, failed: 0, dropped: 0 };
  const errors: unknown[] = [];
  const queue = createSpanQueue<number>({
    ...{ send, clock, limits },
    count: (outcome, spans) => {
      counts[outcome] += spans;
    },
    failed: (error) => void errors.push(error),
  });
  return { queue, clock, counts, errors };
}

const turns = async (many = 20): Promise<void> => {
  for (let turn = 0; turn < many; turn += 1) await Promise.resolve();
};

describe('the queue of spans', () => {
  it('sends what came within its time together', async () => {
    const batches: (readonly number[])[] = [];
    const { queue, clock } = queueOf(async (spans) => void batches.push(spans));
    queue.add(1);
    queue.add(2);
    await turns();
    assert.deepEqual(batches, []);
    await clock.advance(2_000);
    await turns();
    assert.deepEqual(batches, [[1, 2]]);
    await queue.close();
  });

  it('drops and counts what is too much while a batch is on its way', async () => {
    let arrive = (): void => {};
    const gate = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const { queue, counts } = queueOf(() => gate, { batchMax: 2, waitingMax: 3 });
    for (let span = 0; span < 10; span += 1) queue.add(span);
    assert.equal(counts.dropped, 7);
    await turns();
    queue.add(10);
    queue.add(11);
    queue.add(12);
    assert.equal(counts.dropped, 8);
    arrive();
    await queue.close();
    assert.deepEqual(counts, { sent: 5, failed: 0, dropped: 8 });
  });

  it('tells of failures once a minute, and counts each', async () => {
    const { queue, clock, counts, errors } = queueOf(async () => {
      throw new Error('away');
    });
    for (let second = 0; second < 90; second += 2) {
      queue.add(second);
      await turns();
      await clock.advance(2_000);
      await turns();
    }
    assert.equal(errors.length, 2);
    assert.equal(counts.failed, 45);
    await queue.close();
  });

  it('ends in time with a collector that never answers', async () => {
    const { queue, clock, counts } = queueOf(() => new Promise(() => {}), { batchMax: 1 });
    queue.add(1);
    queue.add(2);
    await turns();
    const closed = queue.close();
    await turns();
    await clock.advance(3_000);
    await closed;
    assert.equal(counts.dropped, 1);
    queue.add(3);
    assert.equal(counts.dropped, 2);
  });
});

describe('traces', () => {
  const open = (env: Record<string, string>, log: Log = silentLog) => {
    const metrics = createMetrics();
    const clock = new ManualClock();
    const settings = readConfig(env);
    return { metrics, clock, trace: openTrace({ settings, version: '1', clock, log, metrics }) };
  };

  it('are nothing without a collector', async () => {
    const { trace } = open({});
    assert.equal(await trace, noTrace);
    assert.equal(await noTrace.span('work', {}, async ({ traceId }) => traceId ?? 'none'), 'none');
  });

  it('keep the order of spans over awaits, and of failures the code alone', async () => {
    const collector = await startCollector();
    const trace = await open({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }).trace;
    const failing = trace.span('outer', {}, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      await trace.span('inner', { long: 'x'.repeat(9_000) }, async () => {
        throw Object.assign(new Error('secret words'), { code: 'ECONNREFUSED' });
      });
    });
    await assert.rejects(failing, /secret words/);
    await trace.close();
    const [inner, outer] = [await collector.span('inner'), await collector.span('outer')];
    assert.equal(inner.parentSpanId, outer.spanId);
    assert.match(collector.text, /"error\.type","value":\{"stringValue":"ECONNREFUSED"\}/);
    assert.doesNotMatch(collector.text, /secret words/);
    assert.ok(collector.text.length < 4_000, 'a long text is cut');
    await collector.close();
  });

  it('cost no work when the collector refuses, and are counted', async () => {
    const collector = await startCollector();
    collector.answer(400);
    const said: string[] = [];
    const log = { ...silentLog, warn: (_: object, text: string) => void said.push(text) };
    const { metrics, trace: opening } = open({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }, log);
    const trace = await opening;
    assert.equal(await trace.span('work', {}, async () => 'done'), 'done');
    await trace.close();
    assert.deepEqual(said, ['spans could not be sent']);
    const { text } = await metrics.read();
    assert.match(text, /^tidemark_trace_spans_total\{outcome="failed"\} 1$/m);
    await collector.close();
  });

  for (const [name, value] of [
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4317'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'authorization'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=%0Ab'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=%zz'],
    ['OTEL_TRACES_SAMPLER', 'jaeger_remote'],
    ['OTEL_TRACES_SAMPLER_ARG', '1.5'],
  ] as const) {
    it(`are refused with ${name}=${value}`, () => {
      assert.throws(() => readConfig({ [name]: value }), new RegExp(name));
    });
  }
});

describe('what is read and kept', () => {
  it('reads a traceparent of this version and of later ones', () => {
    const ids = '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331';
    assert.equal(readTraceparent(`00-${ids}-01`)?.flags, 1);
    assert.equal(readTraceparent(`01-${ids}-00-more`)?.flags, 0);
    for (const bad of [undefined, '', `00-${ids}`, `00-${ids.toUpperCase()}-01`, `00-${ids}-01x`]) {
      assert.equal(readTraceparent(bad), undefined, bad);
    }
  });

  it('names an error by code, reason or class, never by its words', () => {
    assert.equal(errorType(Object.assign(new Error('x'), { code: 'ETIMEDOUT' })), 'ETIMEDOUT');
    assert.equal(errorType(Object.assign(new Error('x'), { reason: 'dns' })), 'dns');
    assert.equal(errorType(new TypeError('x')), 'TypeError');
    assert.equal(errorType({ code: 'has words in it' }), 'error');
    assert.equal(errorType('text'), 'string');
  });
});

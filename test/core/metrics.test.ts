import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createMetrics } from '../../core/metrics.ts';

it('reads counts, levels and spreads as Prometheus text', async () => {
  const metrics = createMetrics();
  const count = metrics.count({ name: 'rows_total', help: 'rows', labels: ['exchange'] });
  const plain = metrics.count({ name: 'runs_total', help: 'runs' });
  const level = metrics.level({ name: 'spool_bytes', help: 'bytes' });
  const spread = metrics.spread({ name: 'wait_seconds', help: 'wait', buckets: [0.1, 1] });
  count.add({ exchange: 'kraken' }, 2);
  count.add({ exchange: 'kraken' });
  spread.observe(0.5);
  metrics.onRead(async () => level.set(7));
  const { text, contentType } = await metrics.read();
  assert.match(contentType, /^text\/plain; version=0\.0\.4/);
  assert.match(text, /^tidemark_rows_total\{exchange="kraken"\} 3$/m);
  assert.match(text, /^tidemark_spool_bytes 7$/m);
  assert.match(text, /^tidemark_wait_seconds_bucket\{le="1"\} 1$/m);
  assert.match(text, /^tidemark_runs_total 0$/m);
  plain.add();
  assert.match((await metrics.read()).text, /^tidemark_runs_total 1$/m);
});

it('keeps two registries apart and escapes label values', async () => {
  const one = createMetrics();
  const two = createMetrics({ processMetrics: true });
  const spec = { name: 'a_total', help: 'a', labels: ['x'] };
  one.count(spec).add({ x: 'quote " and\nline' });
  two.count(spec);
  assert.match((await one.read()).text, /x="quote \\" and\\nline"/);
  const { text } = await two.read();
  assert.ok(!text.includes('quote'));
  assert.match(text, /^process_resident_memory_bytes \d+/m);
});

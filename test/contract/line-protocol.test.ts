import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { LineEncoder } from '../../core/line-protocol.ts';
import type { FieldValue, Point } from '../../core/point.ts';
import { forEachEngine } from '../helpers/engines.ts';
import { randomFrom } from '../helpers/random.ts';

const NAMES = ['a', 'é', ',', '=', ' ', '\\', '"', "'", '#', '{', '$', '😀', ';', 'T', '0'];
const TEXT = [...NAMES, '\n', '\t', '\u0001', '""', '\\n', ', ', 'x=1'];
const START_NS = 1_700_000_000_000_000_000n;

function hostilePoints(count: number): Point[] {
  const random = randomFrom(5);
  const pick = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)] as T;
  const text = (letters: readonly string[]) =>
    Array.from({ length: 1 + Math.floor(random() * 6) }, () => pick(letters)).join('');
  const floats = [0, -1.5, 1e-7, 1e21, 5e-324, Number.MAX_VALUE, 0.1 + 0.2, 20966.789];
  const texts = [
    '0.00000012',
    '1E+5',
    '.5',
    '5.',
    '0010.500',
    '-3',
    '1e-05',
    '0.1234567890123456789012',
  ];
  return Array.from({ length: count }, (_, n) => ({
    measurement: text(NAMES),
    tags: { [text(NAMES)]: text(NAMES), n: `${n}`, empty: '' },
    fields: {
      float: pick(floats),
      decimal: { floatText: pick(texts) },
      int: pick([0n, -5n, 2n ** 63n - 1n, -(2n ** 63n)]),
      bool: random() < 0.5,
      string: text(TEXT),
      [`f${text(NAMES)}`]: n,
    },
    timeNs: START_NS + BigInt(n) * 1_000_000_001n,
  }));
}

interface Stored {
  readonly series: string;
  readonly time: string;
  readonly value: string;
}

function storedOf(point: Point): [string, Stored][] {
  const tags = Object.entries(point.tags).filter(([, value]) => value !== '');
  const time = rfc3339(point.timeNs);
  return Object.entries(point.fields).map(([field, value]) => [
    `${point.tags.n} ${field}`,
    { series: seriesName(point.measurement, tags), time, value: textOf(value) },
  ]);
}

function seriesName(measurement: string, tags: [string, string][]): string {
  return JSON.stringify([measurement, tags.sort(([a], [b]) => (a < b ? -1 : 1))]);
}

function textOf(value: FieldValue): string {
  if (typeof value === 'number') return `double ${value}`;
  if (typeof value === 'object') return `double ${Number(value.floatText)}`;
  if (typeof value === 'bigint') return `long ${value}`;
  return typeof value === 'boolean' ? `boolean ${value}` : `string ${value}`;
}

function rfc3339(timeNs: bigint): string {
  const seconds = new Date(Number(timeNs / 1_000_000_000n) * 1_000).toISOString().slice(0, 19);
  const fraction = String(timeNs % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${seconds}${fraction && '.'}${fraction}Z`;
}

const COLUMNS = new Set([
  'result',
  'table',
  '_start',
  '_stop',
  '_time',
  '_value',
  '_field',
  '_measurement',
]);

async function readAll(influx: Influx): Promise<Map<string, Stored>> {
  const found = new Map<string, Stored>();
  const flux = `from(bucket: "${influx.bucket}") |> range(start: 2023-01-01T00:00:00Z)`;
  for await (const { columns, rows } of influx.queryRows(flux)) {
    const at = (label: string) => columns.findIndex((column) => column.label === label);
    const tagColumns = columns
      .map(({ label }, i) => ({ label, i }))
      .filter(({ label }) => !COLUMNS.has(label));
    const type = columns[at('_value')]?.type;
    for (const row of rows) {
      const cell = (label: string) => row[at(label)] ?? '';
      const tags = tagColumns.map(({ label, i }) => [label, row[i] ?? ''] as [string, string]);
      const text = type === 'double' ? `${Number(cell('_value'))}` : cell('_value');
      found.set(`${cell('n')} ${cell('_field')}`, {
        series: seriesName(cell('_measurement'), tags),
        time: cell('_time'),
        value: `${type} ${text}`,
      });
    }
  }
  return found;
}

forEachEngine((name, start) => {
  test(`${name}: every point that is not refused is read back as it was, the rest is refused`, async () => {
    const engine = await start();
    const influx = createInflux({ ...engine, timeoutMs: 20_000, clock: systemClock });
    try {
      const encoder = new LineEncoder();
      const wanted = new Map<string, Stored>();
      for (const point of hostilePoints(1_500)) {
        if (encoder.add(point)) continue;
        for (const [key, stored] of storedOf(point)) wanted.set(key, stored);
      }
      assert.ok(encoder.lines > 500, `${encoder.lines} lines`);
      const { status, text } = await influx.write(encoder.take(), { gzip: false });
      assert.equal(status, 204, text.slice(0, 300));
      const found = await readAll(influx);
      for (const [key, stored] of wanted) assert.deepEqual(found.get(key), stored, key);
      assert.equal(found.size, wanted.size);
    } finally {
      await influx.close();
      await engine.stop();
    }
  });
});

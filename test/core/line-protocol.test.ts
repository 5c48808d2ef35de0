import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LineEncoder, type RefusalReason } from '../../core/line-protocol.ts';
import { projectRoot } from '../../core/paths.ts';
import type { FieldValue, Point } from '../../core/point.ts';
import { randomFrom } from '../helpers/random.ts';

function encode(point: Partial<Point>): string {
  const encoder = new LineEncoder();
  const refusal = encoder.add({
    measurement: 'm',
    tags: {},
    fields: { v: 1 },
    timeNs: 1n,
    ...point,
  });
  return refusal ? `! ${refusal.reason}` : encoder.take().toString().slice(0, -1);
}

const fieldOf = (value: FieldValue) => encode({ fields: { v: value } }).slice('m v='.length, -2);

test('a point becomes a line with sorted tags and nanoseconds', () => {
  const line = encode({
    measurement: 'price',
    tags: { pair: 'btcusd', exchange: 'kraken' },
    fields: { price: 20966.789, n: 5n, up: true, note: 'a "b" \\ c\nd' },
    timeNs: 1_700_000_000_123_456_789n,
  });
  const note = 'a \\"b\\" \\\\ c\nd';
  assert.equal(
    line,
    `price,exchange=kraken,pair=btcusd price=20966.789,n=5i,up=true,note="${note}" 1700000000123456789`,
  );
});

test('special characters of names are escaped and empty tags left out', () => {
  assert.equal(
    encode({ measurement: 'a b,c=d', tags: { 'k ,=': 'v ,=', gone: '' }, fields: { 'f ,=': 1 } }),
    'a\\ b\\,c=d,k\\ \\,\\==v\\ \\,\\= f\\ \\,\\==1 1',
  );
});

test('numbers are written as JavaScript writes them', () => {
  const random = randomFrom(3);
  const samples = [
    0,
    -0,
    1,
    -1,
    0.1,
    0.1 + 0.2,
    1e-6,
    9.99e-7,
    1e15,
    999999999999999,
    1e21,
    5e-324,
  ];
  samples.push(Number.MAX_VALUE, Number.MIN_SAFE_INTEGER, 123456789.125, 2 ** 31, 2 ** 31 - 0.5);
  for (let i = 0; i < 100_000; i++) {
    const digits = Math.floor(random() * 12);
    const value = random() * 10 ** Math.floor(random() * 18 - 4);
    samples.push(value, Number(value.toFixed(digits)), -Number(value.toPrecision(1 + (i % 17))));
  }
  const encoder = new LineEncoder();
  for (const v of samples) encoder.add({ measurement: 'm', tags: {}, fields: { v }, timeNs: 1n });
  const lines = encoder.take().toString().split('\n');
  for (const [i, v] of samples.entries()) {
    const wanted = Object.is(v, -0) ? '0' : String(v);
    assert.equal(lines[i], `m v=${wanted} 1`);
  }
});

test('decimals as text keep every digit', () => {
  for (const text of [
    '0.00000012',
    '1e-05',
    '1E+5',
    '-3',
    '0010.500',
    '.5',
    '5.',
    '1e300',
    '0.1234567890123456789012',
  ]) {
    assert.equal(fieldOf({ floatText: text }), text);
  }
});

const long = 'x'.repeat(70_000);
const refusals: readonly [string, Partial<Point>, RefusalReason][] = [
  ['an empty measurement', { measurement: '' }, 'name-empty'],
  ['an empty tag key', { tags: { '': 'x' } }, 'name-empty'],
  ['an empty field key', { fields: { '': 1 } }, 'name-empty'],
  ['a measurement that is a comment', { measurement: '#m' }, 'name-comment'],
  ['a backslash at the end of a measurement', { measurement: 'm\\' }, 'name-backslash'],
  ['a backslash before a comma in a measurement', { measurement: 'm\\,n' }, 'name-backslash'],
  ['a backslash at the end of a tag key', { tags: { 'k\\': 'v' } }, 'name-backslash'],
  ['a backslash before a space in a tag key', { tags: { 'k\\ l': 'v' } }, 'name-backslash'],
  ['a backslash at the end of a tag value', { tags: { k: 'v\\' } }, 'name-backslash'],
  ['a backslash before a quote in a field key', { fields: { 'a\\"b': 1 } }, 'name-backslash'],
  ['a newline in a measurement', { measurement: 'a\nb' }, 'name-control'],
  ['a newline in a tag value', { tags: { k: 'a\nb' } }, 'name-control'],
  ['a NUL in a tag key', { tags: { 'a\0': 'b' } }, 'name-control'],
  ['half a surrogate in a tag', { tags: { k: '\ud800' } }, 'name-control'],
  ['a tag named time', { tags: { time: 'x' } }, 'reserved-key'],
  ['a tag named _field', { tags: { _field: 'x' } }, 'reserved-key'],
  ['a tag named _measurement', { tags: { _measurement: 'x' } }, 'reserved-key'],
  ['a tag named _value', { tags: { _value: 'x' } }, 'reserved-key'],
  ['a field named time', { fields: { time: 1 } }, 'reserved-key'],
  ['a tag of 70,000 bytes', { tags: { k: long } }, 'name-too-long'],
  ['a field key of 70,000 bytes', { fields: { [long]: 1 } }, 'name-too-long'],
  ['no fields', { fields: {} }, 'no-fields'],
  ['NaN', { fields: { v: Number.NaN } }, 'not-finite'],
  ['Infinity', { fields: { v: Number.POSITIVE_INFINITY } }, 'not-finite'],
  ['a decimal beyond a double', { fields: { v: { floatText: '1e400' } } }, 'not-finite'],
  [
    'a long decimal beyond a double',
    { fields: { v: { floatText: '9'.repeat(400) } } },
    'not-finite',
  ],
  ['an integer above int64', { fields: { v: 2n ** 63n } }, 'int-range'],
  ['an integer below int64', { fields: { v: -(2n ** 63n) - 1n } }, 'int-range'],
  ['half a surrogate in a string', { fields: { v: 'a\udfff' } }, 'string-malformed'],
  ['a string over a megabyte', { fields: { v: 'é'.repeat(600_000) } }, 'string-too-long'],
  ['a time beyond int64', { timeNs: 2n ** 63n - 1n }, 'time-range'],
  ['a time before int64', { timeNs: -(2n ** 63n) }, 'time-range'],
];

for (const [name, point, reason] of refusals) {
  test(`${name} is refused: ${reason}`, () => {
    assert.equal(encode(point), `! ${reason}`);
    // Again, from what is remembered of the series.
    const encoder = new LineEncoder();
    const whole = { measurement: 'm', tags: {}, fields: { v: 1 }, timeNs: 1n, ...point };
    encoder.add(whole);
    assert.equal(encoder.add(whole)?.reason, reason);
    assert.equal(encoder.bytes, 0);
  });
}

test('what is no decimal is refused', () => {
  for (const text of [
    '',
    '-',
    '.',
    '+1',
    '1.2.3',
    '1e',
    '1e+',
    'e5',
    'NaN',
    'Infinity',
    '0x10',
    '1_0',
    ' 1',
    '1 ',
    '1,5',
    '1i',
    '١',
    '1e5.5',
    '--1',
    '1\n',
  ]) {
    assert.equal(encode({ fields: { v: { floatText: text } } }), '! not-a-decimal', text);
  }
});

test('the ends of int64 and of time are taken', () => {
  assert.equal(fieldOf(2n ** 63n - 1n), '9223372036854775807i');
  assert.equal(fieldOf(-(2n ** 63n)), '-9223372036854775808i');
  assert.equal(encode({ timeNs: 9_223_372_036_854_775_806n }), 'm v=1 9223372036854775806');
});

test('a refused point leaves nothing between its neighbours', () => {
  const encoder = new LineEncoder();
  const point = (fields: Point['fields']) => ({
    measurement: 'm',
    tags: { t: 'x' },
    fields,
    timeNs: 5n,
  });
  encoder.add(point({ a: 1 }));
  encoder.add(point({ a: 1, b: 'fine', c: Number.NaN }));
  encoder.add(point({ a: 2 }));
  assert.equal(encoder.lines, 2);
  assert.equal(encoder.take().toString(), 'm,t=x a=1 5\nm,t=x a=2 5\n');
  assert.equal(encoder.lines, 0);
});

test('the order of series does not matter, nor how many there are', () => {
  const random = randomFrom(11);
  const encoder = new LineEncoder({ seriesMax: 50 });
  for (let i = 0; i < 5_000; i++) {
    const [a, b] = [Math.floor(random() * 20), Math.floor(random() * 20)];
    const tags = a % 2 ? { a: `${a}`, b: `${b}` } : { b: `${b}`, a: `${a}` };
    encoder.add({ measurement: `m${b % 3}`, tags, fields: { i }, timeNs: BigInt(i) });
    assert.equal(encoder.take().toString(), `m${b % 3},a=${a},b=${b} i=${i} ${i}\n`);
  }
});

const corpusPath = join(
  projectRoot,
  '..',
  'shared',
  'data',
  'influxdb',
  'line-protocol-corpus.json',
);

interface CorpusCase {
  readonly input: {
    readonly point: {
      readonly name: string;
      readonly time: string;
      readonly tags: readonly { readonly key: string; readonly value: string }[];
      readonly fields: readonly { readonly key: string; readonly value: Record<string, unknown> }[];
    };
  };
  readonly output: { readonly result?: string; readonly error?: string };
}

function corpusField(value: Record<string, unknown>): FieldValue {
  if ('int' in value) return BigInt(value.int as string);
  return Object.values(value)[0] as FieldValue;
}

test('the public corpus is encoded as its reference encodes it', (t) => {
  if (!existsSync(corpusPath)) return t.skip('no line-protocol-corpus.json beside the project');
  // Integers beyond 2^53 have to come through whole.
  const text = readFileSync(corpusPath, 'utf8').replace(/"(int|time)":\s*(-?\d+)/g, '"$1":"$2"');
  const cases = Object.values(JSON.parse(text).encode as Record<string, CorpusCase>);
  for (const { input, output } of cases) {
    const { name, time, tags, fields } = input.point;
    const line = encode({
      measurement: name,
      tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])),
      fields: Object.fromEntries(fields.map(({ key, value }) => [key, corpusField(value)])),
      timeNs: BigInt(time),
    });
    // An empty tag value is an error there; here the tag is left out.
    const wanted = output.error === undefined ? output.result : 'cpu value=42 0';
    assert.equal(plainFloats(line), plainFloats(wanted ?? ''));
  }
});

/** Go writes 6.632243e+06 where JavaScript writes 6632243: the same double. */
function plainFloats(line: string): string {
  return line.replace(/=(-?[\d.]+(?:e[+-]\d+)?)(?=[, ])/g, (_, digits) => `=${Number(digits)}`);
}

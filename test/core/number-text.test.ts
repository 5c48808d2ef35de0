import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineEncoder } from '../../core/line-protocol.ts';
import { NUMBER_BYTES, writeShort, writeWhole } from '../../core/number-text.ts';
import { randomFrom } from '../helpers/random.ts';

type Write = (view: DataView, at: number, value: number) => number;

const NEWLINE = 10;
const bytes = Buffer.alloc(4_000_000);
const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** A line for each value, empty where nothing was written. */
function written(write: Write, values: readonly number[]): string[] {
  let at = 0;
  for (const value of values) {
    const end = write(view, at, value);
    assert.ok(end <= at + NUMBER_BYTES - 4);
    bytes[end] = NEWLINE;
    at = end + 1;
  }
  return bytes.toString('latin1', 0, at).split('\n').slice(0, -1);
}

const bits = new DataView(new ArrayBuffer(8));

function doubleOf(pattern: bigint): number {
  bits.setBigUint64(0, pattern);
  return bits.getFloat64(0);
}

/** A double and the ones next to it. */
function neighbours(value: number): number[] {
  bits.setFloat64(0, value);
  const pattern = bits.getBigUint64(0);
  const steps = [-3n, -2n, -1n, 0n, 1n, 2n, 3n];
  return steps.map((step) => doubleOf(pattern + step)).filter((near) => near > 0 && near < 1e300);
}

/** Where the ways of writing change, and where digits get more or fewer. */
function boundaries(): number[] {
  const values = [0, 5e-324, 0.5, 1 / 3, 0.1 + 0.2, 2 ** 31, 2 ** 32, 2 ** 53];
  for (let power = -14; power <= 21; power++) {
    for (let digit = 1; digit <= 9; digit++) values.push(Number(`${digit}e${power}`));
  }
  for (let places = 0; places <= 13; places++) {
    for (const whole of [0, 9, 999, 9_999_999, 999_999_999, 99_999_999_999]) {
      values.push(
        Number(`${whole}.${'9'.repeat(places)}`),
        Number(`${whole}.${'0'.repeat(places)}1`),
      );
    }
  }
  return values.flatMap((value) => (value === 0 ? [0] : neighbours(value)));
}

function assertShort(values: readonly number[]): number {
  let count = 0;
  for (const [i, text] of written(writeShort, values).entries()) {
    if (text === '') continue;
    count += 1;
    if (text !== String(values[i])) assert.equal(text, String(values[i]));
  }
  return count;
}

test('numbers at every boundary are written as JavaScript writes them, or not at all', () => {
  const values = boundaries();
  assert.ok(values.length > 3_000);
  assert.ok(assertShort(values) > 300);
});

test('a million random doubles are written as JavaScript writes them, or not at all', () => {
  const random = randomFrom(5);
  for (let block = 0; block < 10; block++) {
    const values: number[] = [];
    for (let i = 0; i < 100_000; i++) {
      const kind = i % 4;
      const wide = random() * 10 ** (Math.floor(random() * 24) - 8);
      if (kind === 0) values.push(wide);
      else if (kind === 1) values.push(Math.round(wide));
      else if (kind === 2) values.push(Math.round(wide * 1e4) / 1e4);
      else values.push((Math.round(random() * 1e12) / 1e8) * (1 + (i % 3) * Number.EPSILON));
    }
    assertShort(values);
  }
});

test('every decimal of at most eight places and fifteen digits is written', () => {
  const random = randomFrom(9);
  for (let places = 0; places <= 8; places++) {
    const values = Array.from({ length: 30_000 }, () => {
      const digits = Math.floor(random() * 10 ** (1 + Math.floor(random() * (7 + places))));
      return Number(`${digits}e-${places}`);
    }).filter((value) => value === 0 || value >= 1e-6);
    assert.equal(assertShort(values), values.length);
  }
});

test('twelve places below a thousand, and large numbers of few places, are written', () => {
  const random = randomFrom(13);
  const values: number[] = [];
  for (let i = 0; i < 30_000; i++) {
    values.push(Number(`${1e6 + Math.floor(random() * 1e14)}e-12`));
    values.push(Number(`${Math.floor(1e13 + random() * 9e13)}e-6`));
    values.push(Number(`${Math.floor(1e13 + random() * 9e13)}e-4`), Math.floor(random() * 1e15));
  }
  assert.equal(assertShort(values), values.length);
});

test('whole numbers up to 2 ** 53 are written digit for digit', () => {
  const random = randomFrom(7);
  const values = [0, Number.MAX_SAFE_INTEGER, 2 ** 53];
  for (let power = 1; power <= 15; power++) {
    for (let near = -3; near <= 3; near++) values.push(Math.max(0, 10 ** power + near));
  }
  // Quotients by 1e8 that lie closest to the next whole number.
  for (let i = 0; i < 50_000; i++) values.push(Math.floor(random() * 9e7) * 1e8 + 99_999_999);
  for (let i = 0; i < 100_000; i++) values.push(Math.floor(random() ** 4 * 2 ** 53));
  assert.deepEqual(written(writeWhole, values), values.map(String));
});

test('all numbers of four digits are written in front of and behind a point', () => {
  const values = Array.from({ length: 10_000 }, (_, i) => i);
  assert.deepEqual(written(writeWhole, values), values.map(String));
  const decimals = values.map((i) => Number(`${i}.${String(i).padStart(4, '0')}`));
  assert.deepEqual(written(writeShort, decimals), decimals.map(String));
});

test('of random texts exactly the decimals are taken', () => {
  const random = randomFrom(17);
  const alphabet = '0123456789012345678901234567890..-+eE x/:İ१';
  const encoder = new LineEncoder();
  const isDecimal = (text: string) =>
    /^-?[0-9.]*[0-9][0-9.]*([eE][-+]?[0-9]+)?$/.test(text) &&
    (text.split(/[eE]/)[0] as string).split('.').length <= 2 &&
    Number.isFinite(Number(text));
  let taken = 0;
  for (let i = 0; i < 200_000; i++) {
    let floatText = '';
    for (let left = random() * 9; left > 0; left--) {
      floatText += alphabet[Math.floor(random() * alphabet.length)];
    }
    const fields = { v: { floatText } };
    const refusal = encoder.add({ measurement: 'm', tags: {}, fields, timeNs: 1n });
    assert.equal(refusal === undefined, isDecimal(floatText), floatText);
    if (refusal !== undefined) continue;
    taken += 1;
    assert.equal(
      encoder.give((lines) => lines.toString('latin1')),
      `m v=${floatText} 1\n`,
    );
  }
  assert.ok(taken > 20_000);
});

test('a decimal longer than any buffer is looked at to its end', () => {
  const encoder = new LineEncoder();
  const add = (floatText: string) =>
    encoder.add({ measurement: 'm', tags: {}, fields: { v: { floatText } }, timeNs: 1n })?.reason;
  assert.equal(add(`0.${'1'.repeat(1_200_000)}`), undefined);
  assert.equal(add(`0.${'1'.repeat(1_200_000)}x`), 'not-a-decimal');
  assert.equal(add(`.${'1'.repeat(1 << 20)}.`), 'not-a-decimal');
  assert.equal(add('1'.repeat(2_200_000)), 'not-finite');
  assert.equal(encoder.lines, 1);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineEncoder } from '../../../core/line-protocol.ts';
import { droppedLines } from '../../../ingest/writer/dropped.ts';
import {
  keepLines,
  lineAt,
  shareOut,
  sliceLines,
  splitLines,
} from '../../../ingest/writer/lines.ts';
import { randomFrom } from '../../helpers/random.ts';

const ALPHABET = ['a', 'b', ',', '=', ' ', '\\', '"', '\n', "'", 'é', '#'];

/** A newline in a name is refused. */
const NAME_LETTERS = ALPHABET.filter((letter) => letter !== '\n');

test('whatever the encoder writes is split into the same lines again', () => {
  const random = randomFrom(7);
  const text = (letters: readonly string[]) =>
    Array.from(
      { length: 1 + Math.floor(random() * 5) },
      () => letters[Math.floor(random() * letters.length)],
    ).join('');
  const word = () => text(NAME_LETTERS);
  const value = () => text(ALPHABET);
  const encoder = new LineEncoder();
  const single = new LineEncoder();
  const wanted: string[] = [];
  for (let n = 0; n < 20_000; n++) {
    const point = {
      measurement: word(),
      tags: { [word()]: word(), [word()]: word() },
      fields: { [word()]: value(), [word()]: n, [word()]: value() },
      timeNs: BigInt(n),
    };
    if (encoder.add(point)) continue;
    single.add(point);
    wanted.push(single.take().toString());
  }
  assert.ok(wanted.length > 1_000, `${wanted.length} lines`);
  const lines = splitLines(encoder.take());
  assert.equal(lines.ends.length, wanted.length);
  for (const [i, line] of wanted.entries()) assert.equal(`${lineAt(lines, i)}\n`, line);
});

const sample = splitLines(Buffer.from('a v=1 1\nb v=2 2\na v=3 3\nc v=4 4\n'));
const textOf = (lines: { payload: Buffer }) => lines.payload.toString();

test('slices and selections are lines again', () => {
  assert.equal(textOf(sliceLines(sample, 1, 3)), 'b v=2 2\na v=3 3\n');
  assert.equal(lineAt(sliceLines(sample, 1, 3), 1), 'a v=3 3');
  assert.equal(textOf(keepLines(sample, (i) => i !== 1)), 'a v=1 1\na v=3 3\nc v=4 4\n');
  assert.equal(sliceLines(sample, 0, 0).ends.length, 0);
});

test('shares hold every line once and a series in one share, in order', () => {
  const encoder = new LineEncoder();
  for (let n = 0; n < 2_000; n++) {
    encoder.add({ measurement: 'm', tags: { t: `x ${n % 40}` }, fields: { n }, timeNs: BigInt(n) });
  }
  const shares = shareOut(splitLines(encoder.take()), 3);
  assert.equal(shares.length, 3);
  const home = new Map<string, number>();
  let count = 0;
  for (const [number, share] of shares.entries()) {
    let last = -1;
    for (const [i] of share.ends.entries()) {
      const line = lineAt(share, i);
      const series = line.slice(0, line.indexOf(' n='));
      const time = Number(line.slice(line.lastIndexOf(' ')));
      assert.equal(home.get(series) ?? number, number);
      assert.ok(time > last);
      home.set(series, number);
      last = time;
      count += 1;
    }
  }
  assert.equal(count, 2_000);
});

test('lines of as many series are cut into even pieces; one that comes twice keeps its order', () => {
  const texts = Array.from({ length: 1_001 }, (_, n) => `m,t=x\\ ${n} v=1 1\n`);
  const even = shareOut(splitLines(Buffer.from(texts.join(''))), 2);
  assert.deepEqual(
    even.map(({ ends }) => ends.length),
    [500, 501],
  );
  assert.equal(even.map(textOf).join(''), texts.join(''));
  const again = [...texts, 'm,t=x\\ 7 v=2 1\n'];
  const shares = shareOut(splitLines(Buffer.from(again.join(''))), 2);
  const home = shares.find((share) => textOf(share).includes('x\\ 7 v=1'));
  assert.match(textOf(home ?? sample), /x\\ 7 v=1 1\n.*x\\ 7 v=2 1\n$/s);
  assert.deepEqual(
    shares.flatMap((share) => textOf(share).split('\n')).sort(),
    again.join('').split('\n').concat('').sort(),
  );
});

test('a type conflict names the lines of its measurement and field', () => {
  const lines = splitLines(Buffer.from('m,t=a v=1 1\nmm v=2 2\nm w=1,v=3 3\nm w=4 4\n'));
  const message =
    'input field "v" on measurement "m" is type float, already exists as type integer dropped=2';
  assert.deepEqual(droppedLines(lines, message), [0, 2]);
  assert.deepEqual(droppedLines(lines, 'nothing that we know dropped=2'), []);
});

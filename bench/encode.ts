/**
 * Encoding: lines per CPU second of the line encoder against the official client's Point, in one
 * process, interleaved, medians. A run is `cycles` whole cycles of 13,827 markets, 18 exchanges one
 * after the other. Both sides start from the same parsed rows and end with the bytes of each poll;
 * series are known to us from the first cycle on, as in a process that polls each minute.
 *
 * `narrow` rows have a price and a volume, `full` ones all that an exchange tells, as the decimals
 * that exchanges send; `thread` are full rows on the way of the product, whose fields are written
 * in the parser's thread and put into lines outside of it, the CPU of both; `numbers` are narrow
 * with JavaScript numbers. All of these have other prices at each of four turns, so that no row is
 * still in the cache from the cycle before. `numbers, again` is what 15 x was taken from: two tags
 * and two numbers, the same ones in every cycle.
 * Usage: node --expose-gc dist/bench/encode.js [pairs] [cycles] [case]
 */
import { loadavg } from 'node:os';
import { EXCHANGES, MARKETS, makePolls, numbersOf, START_MS } from './encode-rows.ts';
import { type Encode, ourNumbers, ours, out, theirNumbers, theirs } from './encode-sides.ts';
import { median } from './median.ts';

const TURNS = 4;
const AIM = 15;

const pairs = Number(process.argv[2] ?? 5);
const cycles = Number(process.argv[3] ?? 100);
const wanted = process.argv[4];

interface Case {
  readonly own: Encode;
  readonly client: Encode;
  readonly turns: number;
}

/** Runs whole cycles; `each` hears of every poll. */
function run(encode: Encode, turns: number, rounds: number, each?: (bytes: number) => void): void {
  for (let cycle = 0; cycle < rounds; cycle++) {
    for (let exchange = 0; exchange < EXCHANGES; exchange++) {
      const bytes = encode(exchange, cycle % turns, START_MS + cycle * 60_000);
      each?.(bytes);
    }
  }
}

function linesPerCpuSecond(encode: Encode, turns: number): number {
  globalThis.gc?.();
  // What the collector left to other threads is not of this side.
  run(encode, turns, TURNS);
  const before = process.cpuUsage();
  run(encode, turns, cycles);
  const used = process.cpuUsage(before);
  return (MARKETS * cycles) / ((used.user + used.system) / 1e6);
}

function bytesOf(encode: Encode, turns: number): Buffer {
  const taken: Buffer[] = [];
  run(encode, turns, TURNS, (bytes) => taken.push(Buffer.from(out.subarray(0, bytes))));
  return Buffer.concat(taken);
}

/** Equal but for the order of fields, which the client sorts, and the digits, which it rewrites. */
function assertEqual(left: Buffer, right: Buffer): void {
  const plain = (text: Buffer) =>
    text.toString().replace(/ ([^ ]+) /g, (_, fields: string) => {
      const parts = fields.split(',').map((field) => {
        const [key = '', value = ''] = field.split('=');
        return `${key}=${value.endsWith('i') ? value : Number(value)}`;
      });
      return ` ${parts.sort().join(',')} `;
    });
  if (plain(left) !== plain(right)) throw new Error('the two encoders do not agree');
}

function compare(name: string, { own, client, turns }: Case): void {
  if (wanted !== undefined && wanted !== name) return;
  assertEqual(bytesOf(own, turns), bytesOf(client, turns));
  const ratios: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const [a, b] = [linesPerCpuSecond(own, turns), linesPerCpuSecond(client, turns)];
    ratios.push(a / b);
    const show = (value: number) => (value / 1e6).toFixed(2);
    console.log(`  ours ${show(a)}  client-js ${show(b)}  ${(a / b).toFixed(1)}x`);
  }
  console.log(`encode ${name}: ${median(ratios).toFixed(1)} (wanted at least ${AIM})`);
}

function rows(full: boolean, thread: boolean): Case {
  const polls = makePolls(TURNS, full);
  return { own: ours(polls, thread), client: theirs(polls), turns: TURNS };
}

function numbers(turns: number): Case {
  const polls = numbersOf(makePolls(turns, false));
  return { own: ourNumbers(polls), client: theirNumbers(polls), turns };
}

console.log(`load ${loadavg()[0]?.toFixed(2)}; ${MARKETS} x ${cycles} lines a run; M lines/CPU s`);
compare('numbers, again', numbers(1));
compare('numbers', numbers(TURNS));
compare('narrow', rows(false, false));
compare('full', rows(true, false));
compare('thread', rows(true, true));

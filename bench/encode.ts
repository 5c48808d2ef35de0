/**
 * Encoding: lines per CPU second of the line encoder against the official client's Point, the same
 * market points, interleaved. Usage: node dist/bench/encode.js [pairs of runs]
 */
import { loadavg } from 'node:os';
import { Point as ClientPoint } from '@influxdata/influxdb-client';
import { LineEncoder } from '../core/line-protocol.ts';

const MARKETS = 13_827;
const ROUNDS = 20;
const AIM = 15;

const markets = Array.from({ length: MARKETS }, (_, i) => ({
  exchange: `exchange${i % 27}`,
  pair: `coin${Math.floor(i / 27)}usd`,
  price: 10 + (i * 7919) / 1000,
  volume: (100_000_000 + i * 123_457) / 10_000,
  priceText: String(10 + (i * 7919) / 1000),
  volumeText: String((100_000_000 + i * 123_457) / 10_000),
}));

const START_NS = 1_700_000_000_000_000_000n;
const MINUTE_NS = 60_000_000_000n;

/** One poll after the other, each taken as the writer takes it. */
function ours(encoder: LineEncoder, asText: boolean): Buffer[] {
  const polls: Buffer[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const timeNs = START_NS + BigInt(round) * MINUTE_NS;
    for (const market of markets) {
      const { exchange, pair, price, volume, priceText, volumeText } = market;
      const fields = asText
        ? { price: { floatText: priceText }, volume: { floatText: volumeText } }
        : { price: price + round, volume: volume + round };
      const refusal = encoder.add({
        measurement: 'price',
        tags: { exchange, pair },
        fields,
        timeNs,
      });
      if (refusal) throw new Error(refusal.reason);
    }
    polls.push(encoder.take());
  }
  return polls;
}

function theirs(): Buffer[] {
  const polls: Buffer[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const time = String(START_NS + BigInt(round) * MINUTE_NS);
    const lines: string[] = [];
    for (const { exchange, pair, price, volume } of markets) {
      const point = new ClientPoint('price')
        .tag('exchange', exchange)
        .tag('pair', pair)
        .floatField('price', price + round)
        .floatField('volume', volume + round)
        .timestamp(time);
      lines.push(point.toLineProtocol() as string);
    }
    polls.push(Buffer.from(`${lines.join('\n')}\n`));
  }
  return polls;
}

function linesPerCpuSecond(run: () => Buffer[]): number {
  const before = process.cpuUsage();
  run();
  const used = process.cpuUsage(before);
  return (MARKETS * ROUNDS) / ((used.user + used.system) / 1e6);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

const encoder = new LineEncoder();
if (!Buffer.concat(ours(encoder, false)).equals(Buffer.concat(theirs())))
  throw new Error('the two encoders do not agree');

const show = (value: number) => (value / 1e6).toFixed(2);
const runs = Number(process.argv[2] ?? 5);
const ratios: number[] = [];
console.log(`load ${loadavg()[0]?.toFixed(2)}; ${MARKETS * ROUNDS} lines a run; M lines/CPU s`);
for (let run = 0; run < runs; run++) {
  const numbers = linesPerCpuSecond(() => ours(encoder, false));
  const texts = linesPerCpuSecond(() => ours(encoder, true));
  const client = linesPerCpuSecond(theirs);
  ratios.push(numbers / client);
  const ratio = (numbers / client).toFixed(1);
  console.log(
    `numbers ${show(numbers)}  texts ${show(texts)}  client-js ${show(client)}  ${ratio}x`,
  );
}
console.log(`median ${median(ratios).toFixed(1)}x (aim ${AIM}x)`);

/**
 * What a process said it had accepted, and whether a store has exactly that. A line of the log says
 * so only after the points were on disk, so a kill can take a line away but never make one up.
 */
import assert from 'node:assert/strict';
import type { Influx } from '../../core/influx/influx.ts';
import { answerOf, pairOf, priceOf, rowsOf, volumeOf } from './numbered-exchanges.ts';

/** Points of one poll: one exchange, one slot. */
interface Poll {
  readonly exchange: string;
  readonly slot: string;
  readonly answer: number;
}

export class Acknowledged {
  /** `exchange slot` -> the newest poll that was accepted for it. */
  readonly #bySlot = new Map<string, Poll>();
  /** `exchange answer` of every poll that was accepted. */
  readonly #answers = new Set<string>();
  points = 0;
  #waiting: (() => void)[] = [];

  /** Resolves when the next poll is known to be accepted. */
  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  get polls(): number {
    return this.#answers.size;
  }

  /** Takes a line of standard output; those that tell of something else are left alone. */
  read(line: string): void {
    if (!line.includes('"prices accepted"')) return;
    const { exchange, slot, rows } = JSON.parse(line);
    const answer = answerOf(rows);
    this.#bySlot.set(`${exchange} ${slot}`, { exchange, slot, answer });
    this.#answers.add(`${exchange} ${answer}`);
    this.points += rows;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Markets of an exchange that the registry must know. */
  markets(exchange: string): number {
    const answers = [...this.#bySlot.values()].filter((poll) => poll.exchange === exchange);
    return rowsOf(Math.max(...answers.map(({ answer }) => answer)));
  }

  /**
   * Every accepted point is there, once and with its value; what else is there is whole as well.
   */
  verify(stored: ReadonlyMap<string, StoredPoll>): void {
    for (const [key, { answer }] of this.#bySlot) {
      const found = stored.get(key);
      assert.ok(found, `${key}: accepted (${rowsOf(answer)} points), not stored`);
      if (found.answer === answer) continue;
      // Polled again after a kill, in the same second: durable, but the kill took the line.
      const again = `${key}: accepted as ${answer}, stored as ${found.answer}`;
      assert.ok(found.answer > answer, again);
      assert.ok(!this.#answers.has(`${found.exchange} ${found.answer}`), again);
    }
    const answers = [...stored.values()].map(({ exchange, answer }) => `${exchange} ${answer}`);
    assert.equal(new Set(answers).size, answers.length, 'an answer is stored under two slots');
  }
}

export type StoredPoll = Poll & { readonly points: number };

/** Every poll since `startMs` as the store has it, each of its points checked. */
export async function storedPolls(
  influx: Influx,
  startMs: number,
): Promise<ReadonlyMap<string, StoredPoll>> {
  const [prices, volumes] = await Promise.all([
    valuesOf(influx, 'price', startMs),
    valuesOf(influx, 'volume', startMs),
  ]);
  const polls = new Map<string, StoredPoll>();
  for (const [key, ofPair] of prices) {
    const [exchange = '', slot = ''] = key.split(' ');
    const answer = answerOf(ofPair.size);
    for (let market = 0; market < ofPair.size; market++) {
      const pair = pairOf(market);
      assert.equal(ofPair.get(pair), priceOf(answer, market), `price of ${key} ${pair}`);
      assert.equal(volumes.get(key)?.get(pair), volumeOf(answer), `volume of ${key} ${pair}`);
    }
    polls.set(key, { exchange, slot, answer, points: ofPair.size });
  }
  assert.equal(volumes.size, prices.size);
  return polls;
}

type Values = Map<string, Map<string, number>>;

/** `exchange slot` -> pair -> value of a field. A point that is there twice fails. */
async function valuesOf(influx: Influx, field: string, startMs: number): Promise<Values> {
  const script = `from(bucket: "tidemark") |> range(start: ${new Date(startMs).toISOString()})
    |> filter(fn: (r) => r._measurement == "price" and r._field == "${field}")`;
  const shape = { _time: 'time', _value: 'double', exchange: 'string', pair: 'string' } as const;
  const values: Values = new Map();
  for await (const { _time, _value, exchange, pair } of influx.rows(script, shape)) {
    const key = `${exchange} ${new Date(_time).toISOString()}`;
    const ofPair = values.get(key) ?? new Map<string, number>();
    assert.ok(!ofPair.has(pair), `${field} of ${key} ${pair} is there twice`);
    values.set(key, ofPair.set(pair, _value));
  }
  return values;
}

/** The number of points, counted by the store itself. */
export async function countedPoints(influx: Influx, startMs: number): Promise<number> {
  const script = `from(bucket: "tidemark") |> range(start: ${new Date(startMs).toISOString()})
    |> filter(fn: (r) => r._measurement == "price" and r._field == "price") |> group() |> count()`;
  const [total] = await influx.collect(script, { _value: 'long' });
  return total?._value ?? 0;
}

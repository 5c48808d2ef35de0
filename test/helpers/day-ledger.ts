import type { FieldValue, Point, PointBatch, PointSink } from '../../core/point.ts';
import type { Quote } from '../../demo/market.ts';
import type { IngestMetrics } from '../../ingest/metrics.ts';
import type { FaultyMarket, Told, ToldPrice } from './faulty-market.ts';
import { NEW_NAME } from './market-views.ts';

const MINUTE_MS = 60_000;
const WRONG_MAX = 20;

type Counts = Map<string, number>;

interface Account {
  readonly polled: Counts;
  readonly told: Counts;
  turns: number;
  paused: number;
  pausedUntilMs: number;
  /** Those with prices. */
  readonly slots: number[];
  readonly traces: { ok: number; refused: number };
  /** The first slot with a market of the new name. */
  firstNew: number;
}

const add = (counts: Counts, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};
const sorted = (counts: Counts): [string, number][] => [...counts].sort();

/**
 * The writer's place in a simulated day: holds every point against what was told, at once, and
 * keeps counts alone.
 */
export class DayLedger implements PointSink {
  /** The first things that were stored and should not have been, or the other way round. */
  readonly wrong: string[] = [];
  readonly wrongPauses: string[] = [];
  points = 0;
  readonly metrics: IngestMetrics;
  readonly #market: FaultyMarket;
  readonly #startMs: number;
  readonly #accounts = new Map<string, Account>();
  readonly #happened: Counts = new Map();
  /** Exchanges whose prices of the slot are in. */
  readonly #stored = new Set<string>();

  constructor(market: FaultyMarket, startMs: number) {
    this.#market = market;
    this.#startMs = startMs;
    this.metrics = {
      polled: (id, outcome) => this.#polled(id, outcome),
      skipped: (id, reason) => this.#skipped(id, reason),
      wrote: () => {},
      dropped: () => {},
      late: () => {},
      clashed: (id) => this.#note(`${id}: two symbols of one name`),
    };
  }

  async accept(batch: PointBatch): Promise<void> {
    const points = [...batch];
    const prices = points.filter(({ measurement }) => measurement === 'price');
    if (prices.length > 0) this.#check(prices);
    for (const { measurement, tags, fields } of points) {
      if (measurement !== 'ingest') continue;
      const { traces } = this.#account(tags.exchange ?? '');
      traces[fields.ok === true ? 'ok' : 'refused'] += 1;
    }
  }

  #account(id: string): Account {
    const known = this.#accounts.get(id);
    if (known) return known;
    const account: Account = {
      ...{ polled: new Map(), told: new Map(), turns: 0, paused: 0, pausedUntilMs: 0, slots: [] },
      ...{ traces: { ok: 0, refused: 0 }, firstNew: Number.POSITIVE_INFINITY },
    };
    this.#accounts.set(id, account);
    return account;
  }

  #note(what: string): void {
    if (this.wrong.length < WRONG_MAX) this.wrong.push(what);
  }

  #polled(id: string, outcome: string): void {
    const account = this.#account(id);
    const told = this.#market.last(id);
    account.turns += 1;
    add(account.polled, outcome);
    add(account.told, told?.outcome ?? 'nothing');
    add(this.#happened, told?.what ?? 'nothing');
    if (!told) return;
    if (told.outcome !== outcome) {
      this.#note(`${id}, slot ${told.slot}: ${told.what} is ${outcome}, not ${told.outcome}`);
    }
    if ((outcome === 'ok') !== this.#stored.has(id)) {
      this.#note(`${id}, slot ${told.slot}: ${outcome}, prices stored: ${this.#stored.has(id)}`);
    }
    if (told.nowMs < account.pausedUntilMs)
      this.wrongPauses.push(`${id} asked in slot ${told.slot}`);
    if (told.pauseMs !== undefined) account.pausedUntilMs = told.nowMs + told.pauseMs;
  }

  #skipped(id: string, reason: string): void {
    const account = this.#account(id);
    account.turns += 1;
    account.paused += 1;
    if (reason !== 'paused') this.#note(`${id} skipped a slot: ${reason}`);
  }

  /** Each exchange has had one turn; those that were skipped are in a pause of their own. */
  endSlot(slot: number, ids: readonly string[]): void {
    const endMs = this.#startMs + slot * MINUTE_MS + 10_000;
    for (const id of ids) {
      const { turns, pausedUntilMs } = this.#account(id);
      if (turns !== slot + 1) this.#note(`${id} had ${turns} turns in ${slot + 1} slots`);
      const isPolled = this.#market.last(id)?.slot === slot;
      // Begun before the pause was over: at most at its phase, five seconds into the slot.
      if (!isPolled && pausedUntilMs < endMs - 10_000) this.wrongPauses.push(`${id} in ${slot}`);
    }
    this.#stored.clear();
  }

  #check(points: readonly Point[]): void {
    // One source may speak for several exchanges.
    const speaker = this.#sourceOf(points[0]?.tags.exchange ?? '');
    const told = this.#market.last(speaker);
    if (!told) {
      this.#note(`${speaker} stored what nobody told`);
      return;
    }
    this.#stored.add(speaker);
    this.points += points.length;
    this.#account(speaker).slots.push(told.slot);
    if (points.length !== told.prices.size) {
      const missing = [...told.prices.keys()].filter(
        (key) => !points.some((p) => keyOf(p) === key),
      );
      this.#note(
        `${speaker}, slot ${told.slot}: ${points.length} of ${told.prices.size}: ${missing}`,
      );
    }
    const timeNs = BigInt(this.#startMs + told.slot * MINUTE_MS) * 1_000_000n;
    for (const point of points) {
      const wrong = point.timeNs === timeNs ? difference(point, told) : 'another time';
      if (wrong) this.#note(`${keyOf(point)}, slot ${told.slot}: ${wrong}`);
      this.#watchName(speaker, point, told.slot);
    }
  }

  #sourceOf(exchange: string): string {
    return this.#market.urls[exchange] === undefined ? 'cryptowatch' : exchange;
  }

  #watchName(speaker: string, { tags }: Point, slot: number): void {
    const account = this.#account(speaker);
    const isNew = tags.pair?.startsWith(NEW_NAME) ?? false;
    if (isNew) account.firstNew = Math.min(account.firstNew, slot);
  }

  turns = (id: string): number => this.#account(id).turns;
  paused = (id: string): number => this.#account(id).paused;
  polled = (id: string): [string, number][] => sorted(this.#account(id).polled);
  told = (id: string): [string, number][] => sorted(this.#account(id).told);
  slotsOf = (id: string): readonly number[] => this.#account(id).slots;
  traces = (id: string) => this.#account(id).traces;
  whatHappened = (): ReadonlyMap<string, number> => this.#happened;
  firstNew = (id: string): number => this.#account(id).firstNew;

  wantedTraces(id: string): { ok: number; refused: number } {
    const ok = this.#account(id).told.get('ok') ?? 0;
    return { ok, refused: this.#market.polls(id) - ok };
  }
}

const keyOf = ({ tags }: Point): string => `${tags.exchange} ${tags.pair}`;

/** What of a point is not as it was told; undefined when all is well. */
function difference(point: Point, told: Told): string | undefined {
  const wanted = told.prices.get(keyOf(point));
  if (!wanted) return 'not told';
  const { price, bid, ask, volume, quote_volume, exchange_time, ...rest } = point.fields;
  const { quote } = wanted;
  const checks: readonly (readonly [string, boolean])[] = [
    ['price', isPrice(price, wanted)],
    ['bid', bid === undefined || isText(bid, quote.bid)],
    ['ask', ask === undefined || isText(ask, quote.ask)],
    ['volume', volume === undefined || isNear(volume, quote.volume, 1e-12)],
    ['quote volume', quote_volume === undefined || isNear(quote_volume, quote.quoteVolume, 1e-6)],
    ['exchange time', exchange_time === undefined || isTime(exchange_time, quote, told)],
    ['fields', Object.keys(rest).length === 0],
  ];
  const wrong = checks.find(([, right]) => !right);
  return wrong && `${wrong[0]} of ${JSON.stringify(point.fields, plain)}, told ${quote.last}`;
}

const plain = (_key: string, value: unknown) => (typeof value === 'bigint' ? `${value}` : value);

const textOf = (value: FieldValue | undefined): string | undefined =>
  typeof value === 'object' && 'floatText' in value ? value.floatText : undefined;

function isPrice(value: FieldValue | undefined, { quote, odd }: ToldPrice): boolean {
  return odd === undefined ? isText(value, quote.last) : textOf(value) === odd;
}

/** The text itself, or as exchanges write it that send bare numbers. */
function isText(value: FieldValue | undefined, text: string): boolean {
  const got = textOf(value);
  return got === text || got === String(Number(text));
}

function isNear(value: FieldValue, text: string, relative: number): boolean {
  const got = typeof value === 'number' ? value : Number(textOf(value));
  // Texts have eight decimals.
  return Math.abs(got - Number(text)) <= Math.max(1e-8, relative * Math.abs(Number(text)));
}

/** The market's own time of the row, or the moment of the answer. */
function isTime(value: FieldValue, { timeMs }: Quote, { nowMs }: Told): boolean {
  const got = Number(value);
  return got === timeMs || Math.floor(got / 1_000) === Math.floor(nowMs / 1_000);
}

import { alertSeries } from '../../../core/alert-rules.ts';
import type { ExpectedExchange } from '../../../registry/alert-expected.ts';
import type { FreshnessKind } from '../../../registry/alerts.ts';
import type { PriceBook } from './freshness-book.ts';
import type { Wanted } from './freshness-wanted.ts';

/** Prices that are not as they should be. */
export interface Finding {
  readonly series: string;
  readonly kind: FreshnessKind;
  readonly of: ExpectedExchange;
  /** Null: all markets of the exchange. */
  readonly pair: string | null;
  /** How many markets it is about. */
  readonly markets: number;
  /** For alerts that name the pair alone: the others are told of its exchange. */
  readonly named: boolean;
  readonly sinceMs: number;
  readonly ageMs: number;
  /** Where it is since when nobody knows: at least so long. */
  readonly atLeast: boolean;
}

export interface Judgement {
  readonly found: readonly Finding[];
  /** Of the incidents that were asked about: it is as it should be again. */
  readonly cleared: readonly string[];
}

export interface Judged {
  readonly expected: readonly ExpectedExchange[];
  readonly book: PriceBook;
  readonly nowMs: number;
  /** Since when prices are looked at without a break. */
  readonly readyMs: number;
  /** Series that somebody was told of and that may be over. */
  readonly incidents: ReadonlySet<string>;
}

/** After a break, for what waited on disk to come. */
export const SETTLE_MS = 60_000;
/** On the way from an exchange to the store. */
const WAY_MS = 30_000;
/** Of one market alone its own name says more. */
const WHOLE_MIN = 2;
/** Beside pairs, which have none of it. */
const WHOLE = '*';

/** The shortest time without a point that means anything: of two polls one may fail. */
const quietMs = ({ intervalMs }: ExpectedExchange): number => 2 * intervalMs + WAY_MS;

/**
 * What is missing, late or frozen of the markets that should have prices. Where it is so of all
 * markets of an exchange the exchange is named, once.
 */
export function judge(wanted: Wanted, judged: Judged): Judgement {
  const found: Finding[] = [];
  const cleared: string[] = [];
  for (const of of judged.expected) {
    // Its next price may not have been due yet since somebody looks.
    const holdMs = wanted.kind === 'absent' ? Math.max(SETTLE_MS, quietMs(of)) : SETTLE_MS;
    if (judged.nowMs - judged.readyMs < holdMs) continue;
    const own = judgeExchange(wanted, of, judged);
    found.push(...own.found);
    cleared.push(...own.cleared);
  }
  return { found, cleared };
}

function judgeExchange(wanted: Wanted, of: ExpectedExchange, judged: Judged): Judgement {
  const { kind, named, all } = wanted;
  const leastMs = Math.max(wanted.levels[0]!.afterMs, kind === 'absent' ? quietMs(of) : 0);
  const { incidents } = judged;
  const cleared: string[] = [];
  const ended = (series: string) => {
    if (incidents.has(series)) cleared.push(series);
  };
  const bad: Finding[] = [];
  let good = 0;
  for (const [i, pair] of of.pairs.entries()) {
    const age = ageOf(kind, { of, pair, firstSeenMs: of.firstSeenMs[i]! }, judged);
    if (age === undefined) continue;
    if (age.ageMs >= leastMs) bad.push(findingOf(pair, age, { kind, of }));
    else {
      good += 1;
      if (incidents.size > 0) ended(alertSeries.fresh(of.exchange, pair, kind));
    }
  }
  const whole = good === 0 && bad.length >= WHOLE_MIN;
  if (good > 0) ended(alertSeries.fresh(of.exchange, WHOLE, kind));
  if (!whole) return { found: all ? bad : bad.filter(({ pair }) => named.has(pair!)), cleared };
  const asked = bad.filter(({ pair }) => named.has(pair!));
  const singles = asked.map((finding) => ({ ...finding, named: true }));
  return { found: all ? [wholeOf(bad), ...singles] : singles, cleared };
}

interface Age {
  readonly sinceMs: number;
  readonly ageMs: number;
  readonly atLeast: boolean;
}

interface Market {
  readonly of: ExpectedExchange;
  readonly pair: string;
  readonly firstSeenMs: number;
}

/** For how long it is so, 0 where it is not; undefined: nothing can be said of this market. */
function ageOf(
  kind: FreshnessKind,
  { of, pair, firstSeenMs }: Market,
  { book, nowMs }: Judged,
): Age | undefined {
  const market = book.find(of.exchange, pair);
  const price = market?.price;
  if (kind === 'absent') {
    if (price !== undefined) return since(price.atMs, nowMs);
    const sinceMs = Math.max(firstSeenMs, book.beginMs);
    return { ...since(sinceMs, nowMs), atLeast: sinceMs === book.beginMs };
  }
  // What does not come is neither late nor frozen, and not well either.
  if (market === undefined || price === undefined) return undefined;
  if (nowMs - price.atMs > quietMs(of) + SETTLE_MS) return undefined;
  if (kind === 'late') {
    const { clock } = market;
    if (clock === undefined || nowMs - clock.atMs > quietMs(of) + SETTLE_MS) return undefined;
    const ageMs = Math.max(0, clock.atMs - clock.exchangeMs);
    return { sinceMs: clock.exchangeMs, ageMs, atLeast: false };
  }
  const { volume } = market;
  // Nothing was traded for a day: its price has no reason to change.
  if (volume?.value === 0) return undefined;
  const sinceMs = Math.max(price.sinceMs, volume?.sinceMs ?? 0, firstSeenMs);
  return { ...since(sinceMs, nowMs), atLeast: true };
}

function since(sinceMs: number, nowMs: number): Age {
  return { sinceMs, ageMs: Math.max(0, nowMs - sinceMs), atLeast: false };
}

function findingOf(
  pair: string,
  age: Age,
  { kind, of }: { readonly kind: FreshnessKind; readonly of: ExpectedExchange },
): Finding {
  const series = alertSeries.fresh(of.exchange, pair, kind);
  return { series, kind, of, pair, markets: 1, named: false, ...age };
}

/** As old as the youngest of them. */
function wholeOf(bad: readonly Finding[]): Finding {
  const youngest = bad.reduce((a, b) => (b.ageMs < a.ageMs ? b : a));
  const { of, kind } = youngest;
  const series = alertSeries.fresh(of.exchange, WHOLE, kind);
  return { ...youngest, series, pair: null, markets: bad.length };
}

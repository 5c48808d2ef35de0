/** The pair of a page: what it is, and what the parts of the page share. */
import type { Exchange, Pair } from '../../client/types.ts';
import { all, get, Problem } from '../api.ts';
import { lengthMs } from '../format.ts';

const DEFAULT_INTERVAL_MS = 60_000;
/** Of exchanges that are asked more seldom than this, not every window has a price. */
const INTERVAL_MS_MAX = 900_000;

export interface Subject {
  /** As series are tagged. */
  readonly pair: string;
  readonly base: string;
  readonly quote: string;
  readonly exchanges: readonly string[];
  /** `4/9`; null: none yet. */
  readonly rank: string | null;
  /** The longest of its exchanges: what windows have to hold. */
  readonly intervalMs: number;
}

/** @throws Problem `not-found` with pairs like it */
export async function readSubject(spelling: string, signal: AbortSignal): Promise<Subject> {
  const plain = spelling.toLowerCase().replace(/[/_]/g, '');
  const query = { q: plain, limit: 1000 };
  const [{ items }, exchanges] = await Promise.all([
    get<{ readonly items: readonly Pair[] }>('/api/v1/pairs', query, signal),
    all<Exchange>('/api/v1/exchanges'),
  ]);
  const found =
    items.find(({ pair }) => pair === plain) ??
    items.find(({ pair }) => pair === plain.replaceAll('-', ''));
  if (found === undefined) {
    const near = items.slice(0, 5).map(({ pair }) => pair);
    throw new Problem(404, 'not-found', `There is no pair ${spelling}.`, { near });
  }
  const intervals = exchanges
    .filter(({ exchange, enabled }) => enabled && found.exchanges.includes(exchange))
    .map(({ interval }) => Math.min(INTERVAL_MS_MAX, lengthMs(interval) ?? DEFAULT_INTERVAL_MS));
  return { ...found, intervalMs: Math.max(1000, ...intervals) };
}

/** `BTC/USD`. */
export function nameOf({ base, quote }: Subject): string {
  return `${base}/${quote}`.toUpperCase();
}

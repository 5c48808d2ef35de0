import { childAbort } from '../../core/abort.ts';
import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { HttpClient } from '../../core/http.ts';
import { HttpError } from '../../core/http-error.ts';
import type { ParsedPrices, SymbolTable } from './adapter.ts';
import type { ChosenExchange } from './exchanges/list.ts';
import { Refusal } from './refusal.ts';
import { decodeJson, judgeRows, judgeStatus } from './suspicion.ts';

/** Decoded bytes of one answer; the largest known (Binance's market list) has about 12 MB. */
const BYTES_MAX = 48 * 1024 * 1024;

export interface PriceSourceOptions {
  readonly exchange: ChosenExchange;
  readonly http: HttpClient;
  readonly clock: Clock;
  /** For each request of a poll, from the call to the last byte. */
  readonly deadlineMs: number;
  /** Told when a market list could not be renewed and the old one stays in use. */
  readonly onStaleList?: (refusal: Refusal) => void;
}

/** One exchange, polled. Remembers its market lists and how many rows were last accepted. */
export interface PriceSource {
  /** The rows of one poll. @throws Refusal when nothing of it may be written. */
  poll(signal: AbortSignal): Promise<ParsedPrices>;
  /** Lets go of what is kept open between polls, where something is. */
  close?(): Promise<void>;
}

const NO_SYMBOLS: SymbolTable = new Map();

interface Lists {
  readonly symbols: SymbolTable;
  readonly atMs: number;
}

export function createPriceSource(options: PriceSourceOptions): PriceSource {
  const { exchange, clock } = options;
  const { tickers } = exchange.adapter.requests;
  let lists: Lists | undefined;
  let lastRows = 0;
  let shrunkenSinceMs: number | undefined;

  const accept = (parsed: ParsedPrices): ParsedPrices => {
    const nowMs = clock.nowMs();
    const shrunkenForMs = nowMs - (shrunkenSinceMs ?? nowMs);
    const refusal = judgeRows(parsed.rows.length, { lastRows, shrunkenForMs });
    if (refusal?.reason === 'shrunken') shrunkenSinceMs ??= nowMs;
    if (refusal) throw refusal;
    shrunkenSinceMs = undefined;
    lastRows = parsed.rows.length;
    return parsed;
  };
  const renewLists = async (signal: AbortSignal): Promise<SymbolTable> => {
    lists = await currentLists(options, lists, signal);
    return lists.symbols;
  };
  return {
    async poll(outer) {
      const { signal, release } = childAbort(outer);
      const fetchAll = (paths: readonly string[]) =>
        Promise.all(paths.map((path) => fetchJson(options, path, signal)));
      try {
        const listing = renewLists(signal);
        // Where the ticker requests do not depend on the lists, both are on their way at once.
        const answers =
          typeof tickers === 'function'
            ? listing.then((symbols) => fetchAll(tickers(symbols)))
            : fetchAll(tickers);
        const [symbols, bodies] = await Promise.all([listing, answers]);
        return accept(exchange.adapter.parse(bodies, symbols));
      } catch (error) {
        throw refusalOf(error);
      } finally {
        release();
      }
    },
  };
}

/** The market lists, renewed when they are due; old ones serve on while they cannot be renewed. */
async function currentLists(
  options: PriceSourceOptions,
  old: Lists | undefined,
  signal: AbortSignal,
): Promise<Lists> {
  const { adapter } = options.exchange;
  const { lists } = adapter.requests;
  const nowMs = options.clock.nowMs();
  const ageMsMax = Math.min(...lists.map((list) => list.refreshMs));
  if (old && nowMs - old.atMs < ageMsMax) return old;
  if (!adapter.symbols) return { symbols: NO_SYMBOLS, atMs: nowMs };
  try {
    const bodies = await Promise.all(lists.map(({ path }) => fetchJson(options, path, signal)));
    const symbols = adapter.symbols(bodies);
    if (old && symbols.size * 2 < old.symbols.size) {
      const sizes = `${symbols.size} symbols after ${old.symbols.size}`;
      throw new Refusal('shrunken', `the market list has ${sizes}`);
    }
    return { symbols, atMs: nowMs };
  } catch (error) {
    const refusal = refusalOf(error);
    // A host that wants to be left alone is left alone, also by the ticker request.
    if (!old || refusal.pauseMs !== undefined || signal.aborted) throw refusal;
    options.onStaleList?.(refusal);
    // Tried again after a twelfth of the usual time, not at every poll.
    return { symbols: old.symbols, atMs: nowMs - ageMsMax + ageMsMax / 12 };
  }
}

async function fetchJson(
  options: PriceSourceOptions,
  path: string,
  signal: AbortSignal,
): Promise<unknown> {
  const { exchange, http, clock, deadlineMs } = options;
  const response = await http.fetch({
    url: `${exchange.baseUrl}${path}`,
    headers: { accept: 'application/json' },
    deadlineMs,
    bytesMax: BYTES_MAX,
    from: 'operator',
    signal,
  });
  const refusal = judgeStatus(response, {
    nowMs: clock.nowMs(),
    pauses: exchange.adapter.pauses,
  });
  if (refusal) throw refusal;
  return decodeJson(response);
}

/** Any failure of a poll as a refusal with its reason. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof HttpError) return new Refusal(error.fault, error.message, { cause: error });
  return new Refusal('internal', messageOf(error), { cause: error });
}

import { childAbort } from '../../core/abort.ts';
import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { HttpClient } from '../../core/http.ts';
import { HttpError } from '../../core/http-error.ts';
import { noTrace, type Trace } from '../../core/trace.ts';
import type { ParsedPrices, SymbolTable } from './adapter.ts';
import type { ChosenExchange } from './exchanges/list.ts';
import { inlineParser, type PriceParser, type SourceParser } from './parser.ts';
import { Refusal, type RefusalReason } from './refusal.ts';
import { createAcceptance, judgeStatus, judgeType } from './suspicion.ts';

/** Decoded bytes of one answer; the largest known (Binance's market list) has about 12 MB. */
const BYTES_MAX = 48 * 1024 * 1024;

const EXPIRE_MS = 60_000;

export interface PriceSourceOptions {
  readonly exchange: ChosenExchange;
  readonly http: HttpClient;
  readonly clock: Clock;
  /** For each request of a poll, from the call to the last byte. */
  readonly deadlineMs: number;
  /** Told when a market list could not be renewed and the old one stays in use. */
  readonly onStaleList?: (refusal: Refusal) => void;
  /** Reads the bodies; default: right here. */
  readonly parser?: PriceParser;
  readonly trace?: Trace;
}

/** One exchange, polled. Remembers its market lists and how many rows were last accepted. */
export interface PriceSource {
  /** The rows of one poll. @throws Refusal when nothing of it may be written. */
  poll(signal: AbortSignal): Promise<ParsedPrices>;
  /** Whether rows come from a stream now, so that a pause of the host of polls is no hindrance. */
  streaming?(): boolean;
  /** Lets go of what is kept open between polls, where something is. */
  close?(): Promise<void>;
}

/** A source that asks an exchange itself. */
export interface ExchangeSource extends PriceSource {
  /**
   * The exchange's symbols, as of the last market list, fetched when it is due; none where there
   * are no lists. @throws Refusal when there is none to be had.
   */
  symbols(signal: AbortSignal): Promise<SymbolTable>;
  close(): Promise<void>;
}

export function createPriceSource(options: PriceSourceOptions): ExchangeSource {
  const { exchange, clock, trace = noTrace } = options;
  const { tickers } = exchange.adapter.requests;
  const parser = (options.parser ?? inlineParser).open(exchange.adapter);
  const lists = createLists(options, parser);
  const accept = createAcceptance(clock);
  const readTickers = (bodies: readonly Buffer[]) =>
    trace.span('parse', { 'tidemark.answers': bodies.length }, () => parser.readTickers(bodies));

  const pollWith = async (signal: AbortSignal): Promise<ParsedPrices> => {
    const fetchAll = (paths: readonly string[]) => fetchBodies(options, paths, signal);
    const listing = lists.renew(signal);
    // Where the ticker requests do not depend on the lists, both are on their way at once.
    if (typeof tickers !== 'function') {
      const [bodies] = await Promise.all([fetchAll(tickers), listing]);
      return accept(await readTickers(bodies));
    }
    await listing;
    try {
      const bodies = await fetchAll(await parser.tickerPaths());
      return accept(await readTickers(bodies));
    } catch (error) {
      // A market that is no more fails the whole request that names it, until the list is renewed.
      if (namesWrong.has(refusalOf(error).reason)) lists.expire();
      throw error;
    }
  };
  return {
    poll: (signal) => refusing(pollWith, signal),
    symbols: (signal) =>
      refusing(async (inner) => {
        await lists.renew(inner);
        return parser.symbols();
      }, signal),
    close: async () => parser.close(),
  };
}

/** What an exchange answers to the name of a market that it does not have, or no more. */
const namesWrong: ReadonlySet<RefusalReason> = new Set(['status', 'error-body', 'shape', 'empty']);

/** Gives the work a signal that ends with it; whatever fails is a refusal. */
async function refusing<T>(
  work: (signal: AbortSignal) => Promise<T>,
  outer: AbortSignal,
): Promise<T> {
  const { signal, release } = childAbort(outer);
  try {
    return await work(signal);
  } catch (error) {
    throw refusalOf(error);
  } finally {
    release();
  }
}

/** The market lists, renewed when they are due; old ones serve on while they cannot be renewed. */
function createLists(options: PriceSourceOptions, parser: SourceParser) {
  const { adapter } = options.exchange;
  const paths = adapter.requests.lists.map(({ path }) => path);
  const ageMsMax = Math.min(...adapter.requests.lists.map((list) => list.refreshMs));
  let atMs = 0;
  return {
    /** Has them renewed at the next poll, but not twice in a minute. */
    expire(): void {
      const nowMs = options.clock.nowMs();
      if (nowMs - atMs >= EXPIRE_MS) atMs = nowMs - ageMsMax;
    },
    async renew(signal: AbortSignal): Promise<void> {
      if (!adapter.symbols) return;
      const nowMs = options.clock.nowMs();
      const old = parser.hasSymbols;
      if (old && nowMs - atMs < ageMsMax) return;
      try {
        await parser.readLists(await fetchBodies(options, paths, signal));
        atMs = nowMs;
      } catch (error) {
        const refusal = refusalOf(error);
        // A host that wants to be left alone is left alone, also by the ticker request.
        if (!old || refusal.pauseMs !== undefined || signal.aborted) throw refusal;
        options.onStaleList?.(refusal);
        // Tried again after a twelfth of the usual time, not at every poll.
        atMs = nowMs - ageMsMax + ageMsMax / 12;
      }
    },
  };
}

function fetchBodies(
  options: PriceSourceOptions,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<Buffer[]> {
  return Promise.all(paths.map((path) => fetchBody(options, path, signal)));
}

function fetchBody(
  options: PriceSourceOptions,
  path: string,
  signal: AbortSignal,
): Promise<Buffer> {
  const { exchange, trace = noTrace } = options;
  const attributes = { 'server.address': hostOf(exchange.baseUrl), 'url.path': path.split('?')[0] };
  return trace.span('fetch', attributes, async (span) => {
    const body = await fetchPlain(options, path, signal);
    span.set({ 'http.response.body.size': body.length });
    return body;
  });
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : '';
}

async function fetchPlain(
  options: PriceSourceOptions,
  path: string,
  signal: AbortSignal,
): Promise<Buffer> {
  const { exchange, http, clock, deadlineMs } = options;
  const response = await http.fetch({
    url: `${exchange.baseUrl}${path}`,
    headers: { accept: 'application/json' },
    deadlineMs,
    bytesMax: BYTES_MAX,
    from: 'operator',
    signal,
  });
  const rules = { nowMs: clock.nowMs(), pauses: exchange.adapter.pauses };
  const refusal = judgeStatus(response, rules) ?? judgeType(response);
  if (refusal) throw refusal;
  return response.body;
}

/** Any failure of a poll as a refusal with its reason. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof HttpError) return new Refusal(error.fault, error.message, { cause: error });
  return new Refusal('internal', messageOf(error), { cause: error });
}

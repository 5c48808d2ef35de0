import { TidemarkError } from '../../../core/errors.ts';
import { type ChosenExchange, exchanges, originOf } from '../exchanges/list.ts';
import { type CcxtExchange, type CcxtLibrary, loadCcxt } from './library.ts';
import { createCcxtSource } from './source.ts';

const PREFIX = 'ccxt:';

export interface CcxtChoice {
  /** Ids as the settings have them; those that begin with `ccxt:` are meant. */
  readonly ids?: readonly string[] | undefined;
  /** Exchange id -> base URL. */
  readonly urls?: Readonly<Record<string, string>>;
}

export interface CcxtChosen {
  readonly chosen: readonly ChosenExchange[];
  /** What is left of the choice for the exchanges of our own. */
  readonly rest: CcxtChoice;
}

/** The ids in ccxt of those that begin with `ccxt:`. */
export function ccxtIds(ids: readonly string[] = []): readonly string[] {
  const asked = ids.filter((id) => id.startsWith(PREFIX));
  return [...new Set(asked.map((id) => id.slice(PREFIX.length)))];
}

/**
 * The exchanges of `EXCHANGES=ccxt:lbank,ccxt:whitebit`. ccxt is loaded only when there are any.
 * @throws TidemarkError `invalid`: ccxt absent, an id it does not have, one of our own, one that
 * does not answer all tickers at once.
 */
export async function chooseCcxt(
  choice: CcxtChoice,
  load: () => Promise<CcxtLibrary> = loadCcxt,
): Promise<CcxtChosen> {
  const { ids, urls = {} } = choice;
  const names = ccxtIds(ids);
  if (names.length === 0) return { chosen: [], rest: choice };
  const library = await load();
  const chosen = names.map((name) => chosenOf(name, library, urls[name]));
  const others = Object.entries(urls).filter(([id]) => !names.includes(id));
  const rest = {
    ids: ids?.filter((id) => !id.startsWith(PREFIX)),
    urls: Object.fromEntries(others),
  };
  return { chosen, rest };
}

function chosenOf(id: string, library: CcxtLibrary, url: string | undefined): ChosenExchange {
  if (exchanges.some((adapter) => adapter.id === id)) {
    const what = `${PREFIX}${id}: Tidemark has ${id} itself; write ${id}`;
    throw new TidemarkError('invalid', what, { details: { got: `${PREFIX}${id}`, expected: id } });
  }
  const make = (deadlineMs: number): CcxtExchange =>
    library.create(id, {
      number: String,
      // Slots are the pace, and refusals the pauses; a second limiter would only add delays.
      enableRateLimit: false,
      // Of our own client, which is the one to tell of lateness.
      timeout: 2 * deadlineMs,
      options: { defaultType: 'spot' },
      // Names and networks of coins: another request, and of no use here.
      has: { fetchCurrencies: false },
    });
  const { has } = make(1);
  if (has.fetchTickers !== true) {
    const what = `${PREFIX}${id} has no request for all tickers: it would be one for each market`;
    throw new TidemarkError('invalid', what);
  }
  const origin = url === undefined ? undefined : originOf(id, url);
  return {
    adapter: {
      id,
      baseUrl: '',
      byDefault: false,
      requests: { tickers: [], lists: [] },
      parse: () => ({ rows: [], dropped: {} }),
    },
    // Pauses are kept by it: one for each exchange.
    baseUrl: origin ?? `${PREFIX}${id}`,
    open: (options) =>
      createCcxtSource({ ...options, id, origin, exchange: make(options.deadlineMs) }),
  };
}

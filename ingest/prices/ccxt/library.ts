import { messageOf, TidemarkError } from '../../../core/errors.ts';
import { nearNames } from '../../../registry/near.ts';

/** As much of an exchange of ccxt as is used; what it answers is checked where it is read. */
export interface CcxtExchange {
  readonly has: Readonly<Record<string, unknown>>;
  /** By unified symbol; undefined before the first loading. */
  readonly markets: Readonly<Record<string, unknown>> | undefined;
  loadMarkets(reload: boolean): Promise<unknown>;
  fetchTickers(): Promise<unknown>;
  /** JSON with the numbers of its objects put into quotes. */
  onJsonResponse(text: string): string;
  parseJson: (text: string) => unknown;
  fetchImplementation: (url: string, request: CcxtRequest) => Promise<CcxtResponse>;
}

/** How ccxt asks for a request to be made. */
export interface CcxtRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/** What ccxt reads of an answer: a part of what `fetch` gives. */
export interface CcxtResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Readonly<Record<string, string>>;
  text(): Promise<string>;
  arrayBuffer(): Promise<Uint8Array>;
}

export interface CcxtLibrary {
  readonly exchanges: readonly string[];
  /** @throws TidemarkError `invalid` for an id that ccxt does not have. */
  create(id: string, options: object): CcxtExchange;
}

const PACKAGE = 'ccxt';

/**
 * Loads ccxt, which is no dependency: it takes a second and 120 MB of memory, so only those have it
 * who ask for it. @throws TidemarkError `invalid` where it is not installed, naming the command.
 */
export async function loadCcxt(name = PACKAGE): Promise<CcxtLibrary> {
  const loaded: { default?: unknown } = await import(name).catch((cause: unknown) => {
    const what = `EXCHANGES asks for ccxt, which is not here: ${messageOf(cause)}`;
    throw new TidemarkError('invalid', `${what}; install it: npm install ccxt@4`, { cause });
  });
  const library = loaded.default as Readonly<Record<string, unknown>> | undefined;
  const exchanges = library?.exchanges;
  if (!library || !Array.isArray(exchanges)) {
    throw new TidemarkError('invalid', 'this ccxt lists no exchanges: npm install ccxt@4');
  }
  return {
    exchanges: exchanges.map(String),
    create(id, options) {
      const make = exchanges.includes(id) ? library[id] : undefined;
      if (typeof make !== 'function') throw unknownId(id, exchanges);
      return new (make as new (options: object) => CcxtExchange)(options);
    },
  };
}

function unknownId(id: string, exchanges: readonly string[]): TidemarkError {
  const near = nearNames(id, exchanges, { limit: 5 });
  const hint = near.length === 0 ? '' : `; near: ${near.join(', ')}`;
  return new TidemarkError('invalid', `ccxt has no exchange ${id}${hint}`, {
    details: { got: id, near },
  });
}

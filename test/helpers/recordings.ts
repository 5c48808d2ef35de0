import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../core/paths.ts';

/** Bodies of one exchange's all-ticker endpoint, as polls one after the other. */
export interface Recording {
  readonly exchange: string;
  /** The exchange's real path, with query. */
  readonly path: string;
  readonly bodies: readonly string[];
  /** Market list's path -> body, for exchanges whose symbols need one. */
  readonly lists?: Readonly<Record<string, string>>;
}

const shared = join(projectRoot, '..', 'shared', 'data', 'prices');
const own = join(projectRoot, 'test', 'fixtures', 'prices');

/** True when the real recordings lie beside the project; else small ones of our own are used. */
export const haveRecordings = existsSync(shared);

const KRAKEN = '/0/public/Ticker?assetVersion=1';
const BITFINEX = '/v2/tickers?symbols=ALL';
const BITSTAMP = '/api/v2/ticker/';

function read(...path: string[]): string {
  return readFileSync(join(...path), 'utf8');
}

/** Three exchanges, from real recordings where they are at hand. */
export function recordings(): readonly Recording[] {
  if (!haveRecordings) {
    return [
      { exchange: 'kraken', path: KRAKEN, bodies: [read(own, 'kraken/tickers.json')] },
      { exchange: 'bitfinex', path: BITFINEX, bodies: [read(own, 'bitfinex/tickers.json')] },
      { exchange: 'bitstamp', path: BITSTAMP, bodies: [read(own, 'bitstamp/tickers.json')] },
    ];
  }
  const file = (exchange: string, name: string) => read(shared, exchange, `tickers.${name}.json`);
  return [
    {
      exchange: 'kraken',
      path: KRAKEN,
      bodies: [
        file('kraken', 'Ticker-assetVersion1.2026-06-24T145719Z'),
        file('kraken', 'Ticker-assetVersion1.2026-07-23T095003Z'),
      ],
    },
    {
      exchange: 'bitfinex',
      path: BITFINEX,
      bodies: [file('bitfinex', 'v2-tickers-symbols-ALL.2019-11-01')],
    },
    {
      exchange: 'bitstamp',
      path: BITSTAMP,
      bodies: [file('bitstamp', 'v2-ticker-all.2022-12')],
    },
  ];
}

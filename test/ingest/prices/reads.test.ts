import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { projectRoot } from '../../../core/paths.ts';
import type { PriceAdapter, SymbolTable } from '../../../ingest/prices/adapter.ts';
import { exchanges } from '../../../ingest/prices/exchanges/list.ts';
import { BodyReader } from '../../../ingest/prices/parser.ts';
import { Refusal } from '../../../ingest/prices/refusal.ts';
import { decodeBody } from '../../../ingest/prices/suspicion.ts';
import { ERROR_BODIES } from '../../helpers/faults.ts';

const FIXTURES = join(projectRoot, 'test', 'fixtures', 'prices');
const DATA = join(projectRoot, '..', 'shared', 'data', 'prices');
const skip = existsSync(DATA) ? false : 'no recordings at ../shared/data/prices';

/** The JSON files of an exchange whose names begin so. */
function bodiesIn(folder: string, begin: RegExp): Buffer[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => begin.test(file) && file.endsWith('.json'));
  return files.map((file) => readFileSync(join(folder, file)));
}

/** What comes of it, a refusal as its reason and message. */
function outcome(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    // A shape's message names what was found, which may be less where less is read.
    return error.reason === 'shape' ? error.reason : `${error.reason} ${error.message}`;
  }
}

/** Lists and tickers read by members and whole: the same rows, drops, tables and refusals. */
function compare(
  adapter: PriceAdapter,
  lists: readonly Buffer[],
  tickers: readonly Buffer[],
): void {
  const { symbols } = adapter;
  const readers: [BodyReader, SymbolTable][] = [[new BodyReader(adapter), new Map()]];
  for (const list of symbols ? lists : []) {
    const reader = new BodyReader(adapter);
    const whole = outcome(() => symbols?.([decodeBody(list)]));
    const part = outcome(() => (reader.readLists([list]) > 0 ? reader.symbols : undefined));
    assert.deepEqual(part, whole, `${adapter.id}: a list of ${list.length} bytes`);
    if (whole instanceof Map) readers.push([reader, whole]);
  }
  for (const [reader, table] of readers) {
    for (const body of tickers) {
      const whole = outcome(() => adapter.parse([decodeBody(body)], table));
      const what = `${adapter.id}: ${body.length} bytes, ${body.subarray(0, 80)}`;
      assert.deepEqual(
        outcome(() => reader.readTickers([body])),
        whole,
        what,
      );
      // Again, when keys and names are known from the last time.
      assert.deepEqual(
        outcome(() => reader.readTickers([body])),
        whole,
        what,
      );
    }
  }
}

describe('the members that an adapter says it reads', () => {
  for (const adapter of exchanges) {
    it(`of ${adapter.id} are all that its rows, lists and errors need`, () => {
      const folder = join(FIXTURES, adapter.id);
      const errors = (ERROR_BODIES[adapter.id] ?? []).map(([body]) => Buffer.from(body));
      const tickers = bodiesIn(folder, /^tickers/);
      assert.ok(tickers.length > 0);
      compare(adapter, [...bodiesIn(folder, /^list/), ...errors], [...tickers, ...errors]);
    });

    it(`of ${adapter.id} are all that its recordings need`, { skip }, () => {
      const folder = join(DATA, adapter.id);
      compare(adapter, bodiesIn(folder, /^symbols/), bodiesIn(folder, /^tickers/));
    });
  }

  it('leave most of a body unmade', () => {
    const adapter = exchanges.find(({ id }) => id === 'okx');
    const row = { instType: 'SPOT', instId: 'A-B', last: '1', open24h: '2', sodUtc0: '3' };
    const seen: unknown[] = [];
    const spy: PriceAdapter = {
      ...(adapter as PriceAdapter),
      parse: (bodies) => {
        seen.push(...bodies);
        return { rows: [], dropped: {} };
      },
    };
    new BodyReader(spy).readTickers([Buffer.from(JSON.stringify({ code: '0', data: [row] }))]);
    const { instType, instId, last } = row;
    assert.deepEqual(seen, [{ code: '0', data: [{ instType, instId, last }] }]);
  });
});

/** Recorded answers of exchanges, which lie beside the project where they are at hand. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../../core/paths.ts';
import type { ParsedPrices, PriceAdapter, PriceRow } from '../../../ingest/prices/adapter.ts';
import { parseNumberJson } from '../../../ingest/prices/number-json.ts';
import { Refusal, type RefusalReason } from '../../../ingest/prices/refusal.ts';

const DATA = join(projectRoot, '..', 'shared', 'data', 'prices');

/** Why tests of them are skipped, or false. */
export const skip = existsSync(DATA) ? false : 'no recordings at ../shared/data/prices';

export const textOf = (file: string): string => readFileSync(join(DATA, file), 'utf8');

/** A body as adapters get it: numbers are texts. */
export const read = <T = unknown>(file: string): T => parseNumberJson(textOf(file)) as T;

export function rowOf({ rows }: ParsedPrices, symbol: string): PriceRow {
  const row = rows.find((each) => each.symbol === symbol);
  assert.ok(row, symbol);
  return row;
}

/** A row with its numbers as texts. */
export const plain = (row: PriceRow): unknown =>
  JSON.parse(JSON.stringify(row, (_key, value) => value?.floatText ?? value));

export const seriesOf = ({ rows }: ParsedPrices): number =>
  new Set(rows.map(({ pair }) => pair)).size;

export function assertRefused(adapter: PriceAdapter, body: unknown, reason: RefusalReason): void {
  assert.throws(
    () => adapter.parse([body], new Map()),
    (error) => error instanceof Refusal && error.reason === reason,
    `${adapter.id} took it`,
  );
}

import type { ParsedPoint, PointType } from './contract.ts';
import type { RawKeys } from './raw-keys.ts';
import type { RowBuffer } from './rows.ts';

/** A field of a series group, as the hot path sees it. */
export interface GroupField {
  readonly name: string;
  readonly sid: number;
  /** Index into POINT_TYPES. */
  readonly code: number;
  /** The name's bytes as they stand in a line, when a line can hold them unescaped. */
  readonly bytes: Uint8Array;
}

/** One (measurement, tags) and its fields, in the order in which they were first seen. */
export interface SeriesGroup {
  readonly measurement: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly fields: readonly GroupField[];
  readonly byName: ReadonlyMap<string, GroupField>;
}

/**
 * Where a reader of line protocol puts its points: the rows of the running commit, the series that
 * are known, and the slow way for everything else.
 */
export interface PointTarget {
  readonly rows: RowBuffer;
  /** Points older than this are refused (retention): the two halves of the bound. */
  readonly oldestHigh: number;
  readonly oldestLow: number;
  /** The groups whose raw keys are known. */
  readonly keys: RawKeys;
  /** Makes the raw key known in `keys`. */
  remember(key: Uint8Array, group: SeriesGroup): void;
  /** Resolves series (new ones too), checks types and retention, appends rows. */
  add(point: ParsedPoint): SeriesGroup | undefined;
  /** Counts a point of the fast way that retention refused; its rows were taken back already. */
  refuseOld(group: SeriesGroup, timeNs: bigint): void;
}

export interface TypeConflict {
  readonly measurement: string;
  readonly field: string;
  readonly type: PointType;
  readonly existing: PointType;
}

/**
 * A decimal exactly as its source wrote it (`0.00000012`, `1e-05`). It becomes a float field
 * without a detour through a JavaScript number. The encoder checks that it is a finite decimal.
 */
export interface FloatText {
  readonly floatText: string;
}

/** number -> float, FloatText -> float, bigint -> int, boolean -> bool, string -> string. */
export type FieldValue = number | FloatText | bigint | boolean | string;

/** One line of line protocol before it is encoded. */
export interface Point {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, FieldValue>>;
  /** Nanoseconds since the epoch. */
  readonly timeNs: bigint;
}

const NS_PER_MS = 1_000_000n;

export function msToNs(timeMs: number): bigint {
  return BigInt(timeMs) * NS_PER_MS;
}

/** Points in order; an array is one. Others make them as they are asked for. */
export interface PointBatch extends Iterable<Point> {
  readonly length: number;
}

/** Where points go to be kept: resolves when every one of them is durable, in order. */
export interface PointSink {
  accept(points: PointBatch): Promise<void>;
}

import type { AlertKind, AlertSpec } from '../registry/alerts.ts';

export interface PreviewAsked {
  readonly kind: AlertKind;
  readonly spec: AlertSpec;
  readonly windowMs: number;
  /** Half open, milliseconds since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly signal: AbortSignal;
}

/** One time that it would have been told. */
export interface PreviewedAlert {
  readonly series: string;
  readonly exchange: string | null;
  readonly pair: string | null;
  readonly monitor: number | null;
  readonly atMs: number;
  readonly value: number;
  readonly average: number | null;
  readonly samples: number | null;
}

export interface Previewed {
  /** How often it would have been told. */
  readonly alerts: number;
  /** Of how many series. */
  readonly series: number;
  /** How many series were looked at. */
  readonly looked: number;
  /** By time, at most 100. */
  readonly first: readonly PreviewedAlert[];
}

/**
 * How often an alert would have been told, on stored data, by what its task does.
 * @throws TidemarkError `invalid` for what would take too long, with how to ask for less
 */
export type AlertPreview = (asked: PreviewAsked) => Promise<Previewed>;

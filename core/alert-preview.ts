/** Where is looked for what an alert would have told. */
export interface PreviewRange {
  /** After this, up to and with `toMs`; milliseconds since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly signal: AbortSignal;
}

/** One time that an alert would have been told. */
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

/** How often an alert would have been told. */
export interface Previewed {
  readonly alerts: number;
  /** Of how many series. */
  readonly series: number;
  /** How many series were looked at. */
  readonly looked: number;
  /** By time, at most 100. */
  readonly first: readonly PreviewedAlert[];
}

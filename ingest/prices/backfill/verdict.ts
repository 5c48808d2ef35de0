import { Refusal, type RefusalReason } from '../refusal.ts';

/** What a failure means for the market that met it, and for its exchange. */
export type Verdict =
  | 'again' // nobody's fault here: the same page later
  | 'market' // this market cannot be had
  | 'exchange'; // none of this exchange's can

/** Reasons that speak of what was asked, so that asking again brings the same. */
const MARKET: ReadonlySet<RefusalReason> = new Set([
  'status',
  'error-body',
  'shape',
  'empty',
  'too-large',
  'encoding',
  'content-type',
  'redirect',
  'target',
  'internal',
]);

const REFUSED_IN_A_ROW_MAX = 25;
const FAILURES_IN_A_ROW_MAX = 10;
const FORBIDDEN_IN_A_ROW_MAX = 3;

/** What happened on an exchange since its last good page. */
export interface Failures {
  /** Markets given up. */
  readonly refused: number;
  /** Pages to be tried again, this one included. */
  readonly failed: number;
}

/** How to go on. What fails on our side (InfluxDB, disk, registry) is nobody's fault there. */
export function judgeFailure(error: unknown, { refused, failed }: Failures): Verdict {
  if (!(error instanceof Refusal)) return 'again';
  if (MARKET.has(error.reason)) return refused >= REFUSED_IN_A_ROW_MAX ? 'exchange' : 'market';
  // It says for how long: after that it is asked again, for ever if need be.
  if (error.reason === 'rate-limited' || error.reason === 'banned') return 'again';
  const most = error.reason === 'forbidden' ? FORBIDDEN_IN_A_ROW_MAX : FAILURES_IN_A_ROW_MAX;
  return failed >= most ? 'exchange' : 'again';
}

const WAIT_MS_MIN = 2_000;
const WAIT_MS_MAX = 120_000;

/** How long to wait before the same again, in ms: ever longer, never two at the same moment. */
export function waitMs(failed: number, random: () => number): number {
  const longest = Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** Math.min(failed, 10));
  return longest * (0.5 + random() / 2);
}

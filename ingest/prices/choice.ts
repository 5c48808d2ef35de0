import type { PriceMode } from '../../registry/exchange-choices.ts';
import type { ChosenExchange } from './exchanges/list.ts';

/** One exchange to take prices from, and how. */
export interface LaneChoice extends ChosenExchange {
  /** Slots are its multiples since the epoch, whenever it is started. */
  readonly intervalMs: number;
  /** Asked for at each slot, or by its stream where it has one. */
  readonly mode: PriceMode;
}

/** What is to run: the whole of it, each time. */
export interface PriceChoices {
  readonly lanes: readonly LaneChoice[];
  /** `pair` tags whose points are not written. */
  readonly offPairs: ReadonlySet<string>;
}

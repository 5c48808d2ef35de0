import { messageOf, TidemarkError } from '../../../core/errors.ts';
import type { ChosenExchange } from '../exchanges/list.ts';
import { createPriceSource, type PriceSourceOptions } from '../fetch.ts';
import { createMarketDirectory, type EnsureMarkets } from '../markets.ts';

export interface LearnOptions extends Omit<PriceSourceOptions, 'exchange'> {
  readonly ensureMarkets: EnsureMarkets;
}

/**
 * Has the registry learn the markets of an exchange that was never polled, by one poll of it whose
 * prices are not kept. @throws TidemarkError `unavailable` when the exchange does not answer.
 */
export async function learnMarkets(
  exchange: ChosenExchange,
  { ensureMarkets, ...options }: LearnOptions,
  signal: AbortSignal,
): Promise<void> {
  const source = createPriceSource({ ...options, exchange });
  const { rows } = await source.poll(signal).catch((cause: unknown) => {
    const { id } = exchange.adapter;
    const text = `the markets of ${id} are not known yet, and it does not tell: ${messageOf(cause)}`;
    throw new TidemarkError('unavailable', text, { cause });
  });
  await createMarketDirectory({ clock: options.clock, ensureMarkets }).resolve(rows);
}

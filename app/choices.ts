import type { Choices, KnownExchanges } from '../api/contract.ts';
import { isCode } from '../core/errors.ts';
import { ccxtIds, chooseCcxt } from '../ingest/prices/ccxt/choose.ts';
import { type ChosenExchange, chooseExchange, exchanges } from '../ingest/prices/exchanges/list.ts';
import type { Database } from '../registry/database.ts';
import { changeExchange } from '../registry/exchange-choices.ts';
import { addMetric, findMetric, listMetrics, removeMetric } from '../registry/metrics.ts';

/** What the API may choose, in the registry. */
export function choicesOf(registry: Database): Choices {
  return {
    changeExchange: (exchange, change) => changeExchange(registry, exchange, change),
    listMetrics: (filter) => listMetrics(registry, filter),
    findMetric: (id) => findMetric(registry, id),
    addMetric: (metric) => addMetric(registry, metric),
    removeMetric: (id) => removeMetric(registry, id),
  };
}

type Urls = Readonly<Record<string, string>>;

const isOwn = (id: string): boolean => exchanges.some((adapter) => adapter.id === id);

/**
 * An exchange by its id: one of our own, or else one of ccxt, with its prefix or without. That
 * library is loaded for it.
 * @throws TidemarkError `invalid` for one that neither has
 */
export async function findExchange(name: string, urls: Urls): Promise<ChosenExchange> {
  if (isOwn(name)) return chooseExchange(name, urls);
  const [id = name] = ccxtIds([name]);
  const { chosen } = await chooseCcxt({ ids: [`ccxt:${id}`], urls });
  return chosen[0]!;
}

/** What the API knows of exchanges: the list of ingest, and ccxt when it is asked for others. */
export function knownExchanges(urls: Urls): KnownExchanges {
  return {
    ids: exchanges.map(({ id }) => id),
    streams: (id) => exchanges.some((one) => one.id === id && one.stream !== undefined),
    async find(name) {
      try {
        return (await findExchange(name, urls)).adapter.id;
      } catch (error) {
        // Who names ccxt is told what is the matter with it.
        if (!isCode(error, 'invalid') || ccxtIds([name]).length > 0) throw error;
        return undefined;
      }
    },
  };
}

/** What is chosen at run time, in memory. */
import type { Choices, KnownExchanges } from '../../api/contract.ts';
import { TidemarkError } from '../../core/errors.ts';
import type { Catalog, ExchangeEntry, PairEntry } from '../../registry/catalog.ts';
import type { ExchangeChange } from '../../registry/exchange-choices.ts';
import type { MetricEntry } from '../../registry/metrics.ts';

export interface FakeChoices extends Choices {
  readonly changes: [string, ExchangeChange][];
}

/** Metrics and choices in memory, with the rules of registry/metrics.ts. */
export function fakeChoices(pairs: readonly PairEntry[]): FakeChoices {
  const all: (MetricEntry & { on: boolean })[] = pairs.map(({ pair, base, quote }, index) => ({
    id: index + 1,
    pair,
    name: `${base}/${quote}`.toUpperCase(),
    metric: 'price',
    on: true,
  }));
  const changes: [string, ExchangeChange][] = [];
  const shown = ({ on: _, ...entry }: (typeof all)[number]): MetricEntry => entry;
  return {
    changes,
    changeExchange: async (id, change) => void changes.push([id, change]),
    listMetrics: async ({ pairs: wanted, metric, afterId = 0, limit }) =>
      all
        .filter(({ on, id, pair }) => on && id > afterId && (!wanted || wanted.includes(pair)))
        .filter((entry) => !metric || entry.metric === metric)
        .slice(0, limit)
        .map(shown),
    findMetric: async (id) => all.filter((entry) => entry.on && entry.id === id).map(shown)[0],
    async addMetric({ pair, metric }) {
      const price = all.find((entry) => entry.pair === pair && entry.metric === 'price')!;
      if (metric !== 'price' && !price.on) throw new TidemarkError('conflict', `${pair} is off`);
      const old = all.find((entry) => entry.pair === pair && entry.metric === metric);
      const added = old?.on !== true;
      const entry = old ?? { ...price, id: all.length + 1, metric, on: true };
      if (!old) all.push(entry);
      entry.on = true;
      return { entry: shown(entry), added };
    },
    async removeMetric(id) {
      const gone = all.find((entry) => entry.id === id && entry.on);
      for (const entry of all) {
        if (entry === gone || (gone?.metric === 'price' && entry.pair === gone.pair)) {
          entry.on = false;
        }
      }
      return gone !== undefined;
    },
  };
}

export const fakeExchanges: KnownExchanges = {
  ids: ['bitfinex', 'bitstamp', 'kraken', 'okx', 'gate'],
  streams: (id) => id === 'kraken',
  async find(name) {
    if (name === 'ccxt:lbank') return 'lbank';
    if (name.startsWith('ccxt:')) throw new TidemarkError('invalid', `ccxt has no ${name}`);
    return fakeExchanges.ids.find((id) => id === name);
  },
};

/** The catalog, with what was chosen in its list, as it is with the registry. */
export function chosenCatalog(catalog: Catalog, { changes }: FakeChoices): Catalog {
  return {
    ...catalog,
    async exchanges() {
      const shown = new Map((await catalog.exchanges()).map((one) => [one.exchange, one]));
      for (const [exchange, change] of changes) {
        const old = shown.get(exchange) ?? unheardOf(exchange);
        const intervalMs =
          change.intervalMs === undefined ? old.intervalMs : (change.intervalMs ?? 60_000);
        const enabled = change.enabled ?? old.enabled;
        shown.set(exchange, {
          ...old,
          enabled,
          intervalMs,
          mode: change.mode ?? old.mode,
          state: enabled ? old.state : 'off',
        });
      }
      return [...shown.values()];
    },
  };
}

const unheardOf = (exchange: string): ExchangeEntry => ({
  exchange,
  enabled: false,
  intervalMs: 60_000,
  mode: 'poll',
  state: 'starting',
  lastSuccessMs: undefined,
  lastAttemptMs: undefined,
  pausedUntilMs: undefined,
  latenessMs: undefined,
  rows: 0,
  dropped: {},
  consecutiveFailures: 0,
  streaming: false,
  error: undefined,
});

import type { ProbeResult } from '../api/contract.ts';
import { systemClock } from '../core/clock.ts';
import { createHttp } from '../core/http.ts';
import { version } from '../core/paths.ts';
import { createIngestMetrics } from '../ingest/metrics.ts';
import { type Announcer, createAnnouncer } from '../ingest/prices/announcer.ts';
import { chooseCcxt } from '../ingest/prices/ccxt/choose.ts';
import { chooseExchanges } from '../ingest/prices/exchanges/list.ts';
import { type ChoiceReader, createChoiceReader } from '../ingest/prices/follow.ts';
import type { Pauses } from '../ingest/prices/lane.ts';
import { type Prices, startPrices } from '../ingest/prices/start.ts';
import { createStreamMetrics } from '../ingest/prices/streams/metrics.ts';
import { FRAME_CHARS_MAX } from '../ingest/prices/streams/session.ts';
import { createConnect } from '../ingest/prices/streams/socket.ts';
import { createThreadParser, PARSER_THREADS } from '../ingest/prices/thread-parser.ts';
import { cronerTimer, type SlotTimer } from '../ingest/slots.ts';
import { tellEvents, trimEvents } from '../registry/events.ts';
import { type PriceDefaults, savePriceDefaults } from '../registry/exchange-choices.ts';
import { saveExchange } from '../registry/exchanges.ts';
import { ensureMarkets } from '../registry/markets.ts';
import { openBackfills } from './backfills.ts';
import { findExchange } from './choices.ts';
import { createLateNotes, LATE_MS } from './late.ts';
import { countUntold } from './levels.ts';
import type { App, Base } from './start.ts';
import { openWriter } from './writer.ts';

/** Exchanges -> writer -> InfluxDB. Resolves with those that run, and how often. */
export async function startPriceIngest(
  base: Base,
  timer: SlotTimer | undefined,
): Promise<App['exchanges']> {
  const { config, clock, log, metrics, trace, parts, registry } = base;
  const reader = await readerOf(base);
  const choices = await reader.read();
  const writer = await openWriter(base, {
    dir: 'spool',
    lateMs: LATE_MS,
    // InfluxDB's tasks go by real time, whatever the clock of the polls.
    onLate: createLateNotes({ registry, clock: systemClock, log }),
  });
  const http = createHttp({ clock, version });
  parts.add('http', http.close);
  // Real time, whatever the clock of the polls: a parser that hangs is ended in seconds.
  const parser = createThreadParser({ clock: systemClock, log, threads: PARSER_THREADS });
  parts.add('parser', parser.close);
  const pauses: Pauses = new Map();
  const announcer = config.priceEvents ? announcerOf(base) : undefined;
  const prices = startPrices({
    choices,
    http,
    parser,
    pauses,
    streams: {
      connect: createConnect({
        userAgent: `tidemark/${version}`,
        bytesMax: FRAME_CHARS_MAX,
        timeoutMs: 10_000,
        nowMs: clock.nowMs,
      }),
      metrics: createStreamMetrics(metrics),
      random: Math.random,
      urls: config.streamUrls,
    },
    sink: writer,
    ...(announcer && { onStored: announcer.stored }),
    ensureMarkets: (exchange, list) => ensureMarkets(registry, exchange, list),
    saveState: (state) => saveExchange(registry, state),
    clock,
    timer: timer ?? cronerTimer(clock),
    log,
    metrics: createIngestMetrics(metrics),
    trace,
  });
  parts.add('prices', () => prices.close());
  const following = reader.follow(prices.apply);
  parts.add('choices', following.close);
  const backfills = await openBackfills(base, {
    ...{ http, writer, pauses, metrics },
    healthy: () => healthy(prices),
  });
  parts.add('backfills', backfills.close);
  base.probes.push({ name: 'prices', check: async () => pricesProbe(prices) });
  return choices.lanes.map(({ adapter, intervalMs }) => ({ id: adapter.id, intervalMs }));
}

/** Events for whoever watches: which exchange's prices are there. */
function announcerOf({ config, registry, clock, log, metrics, parts }: Base): Announcer {
  const failures = countUntold(metrics);
  const announcer = createAnnouncer({
    tell: (events) => tellEvents(registry, 'price', events),
    trim: () => trimEvents(registry, config.eventsKeptMs),
    failed: (count) => failures.add({}, count),
    ...{ clock, log },
  });
  parts.add('price-events', announcer.close);
  return announcer;
}

/** What is to run: the settings, said to the registry too, and what somebody chose there. */
async function readerOf({ config, clock, log, registry }: Base): Promise<ChoiceReader> {
  const { exchanges: ids, exchangeUrls: urls, priceIntervalMs: intervalMs } = config;
  const { chosen, rest } = await chooseCcxt({ ids, urls });
  const exchanges = [...chooseExchanges(rest), ...chosen].map(({ adapter }) => adapter.id);
  const defaults: PriceDefaults = { exchanges, intervalMs, mode: config.priceMode };
  await savePriceDefaults(registry, defaults);
  const find = (id: string) =>
    chosen.find(({ adapter }) => adapter.id === id) ?? findExchange(id, urls);
  return createChoiceReader({ database: registry, defaults, find, clock, log });
}

function healthy(prices: Prices): string[] {
  const states = prices.states().filter(({ state }) => state === 'ok');
  return states.map(({ exchange }) => exchange);
}

/** One exchange that fails costs only itself; when all of them do, it is us or the network. */
function pricesProbe(prices: Prices): ProbeResult {
  const states = prices.states();
  const bad = states.filter(({ state }) => state === 'failing' || state === 'paused');
  if (states.length === 0 || bad.length < states.length) return { ok: true };
  const reason = `no exchange answers; ${bad[0]?.exchange}: ${bad[0]?.lastError}`;
  return { ok: false, reason, fix: 'check the network, a proxy, or EXCHANGE_<ID>_URL' };
}

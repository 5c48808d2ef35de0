import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { HttpClient } from '../../core/http.ts';
import type { Log } from '../../core/log.ts';
import type { PointSink } from '../../core/point.ts';
import type { Trace } from '../../core/trace.ts';
import type { ExchangeState } from '../../registry/exchanges.ts';
import type { IngestMetrics } from '../metrics.ts';
import { createRunner } from '../runner.ts';
import type { SlotTimer } from '../slots.ts';
import type { StoredSlot } from './announcer.ts';
import type { LaneChoice, PriceChoices } from './choice.ts';
import type { SourceTools } from './exchanges/list.ts';
import { createPriceSource, type PriceSource } from './fetch.ts';
import { createLane, type LaneOptions, type Pauses } from './lane.ts';
import { createLanes } from './lanes.ts';
import { createMarketDirectory, type EnsureMarkets } from './markets.ts';
import type { PriceParser } from './parser.ts';
import { createStateSaver } from './state-saver.ts';
import type { StreamSourceOptions } from './streams/options.ts';
import { createStreamSource } from './streams/source.ts';

export interface PricesOptions {
  /** What runs from the start; `apply` changes it. */
  readonly choices: PriceChoices;
  readonly http: HttpClient;
  /** Reads what is polled; default: right here. */
  readonly parser?: PriceParser;
  readonly sink: PointSink;
  /** Told when an exchange's prices of a slot are in the sink. */
  readonly onStored?: (slot: StoredSlot) => void;
  readonly ensureMarkets: EnsureMarkets;
  /** Makes an exchange's state known to other processes. */
  readonly saveState: (state: ExchangeState) => Promise<void>;
  readonly clock: Clock;
  readonly timer: SlotTimer;
  readonly log: Log;
  readonly metrics: IngestMetrics;
  /** Absent: exchanges whose mode is `stream` are polled. */
  readonly streams?: PriceStreams;
  /** Hosts that want to be left alone, shared with whoever else asks them. */
  readonly pauses?: Pauses;
  /** Most polls at a time. */
  readonly concurrency?: number;
  /** Of one request, from the call to the last byte. */
  readonly deadlineMs?: number;
  readonly trace?: Trace;
}

/** What streams need beside what polls do. */
export interface PriceStreams extends Pick<StreamSourceOptions, 'connect' | 'metrics' | 'random'> {
  /** Exchange id -> scheme, host and port of its websocket, in place of its own. */
  readonly urls: Readonly<Record<string, string>>;
}

export interface Prices {
  /** Live: the same objects for as long as their exchange runs. */
  states(): readonly Readonly<ExchangeState>[];
  /**
   * Makes this the whole of what runs. Exchanges that are as they were notice nothing; pairs that
   * are off are left out from the next point on. Several calls are carried out one after another.
   */
  apply(choices: PriceChoices): Promise<void>;
  /** Cancels polls on their way and waits for them; what the sink took is kept. */
  close(): Promise<void>;
}

const CONCURRENCY = 32;
const DEADLINE_MS = 10_000;

/** Takes the prices of every chosen exchange: the current slot at once, then each slot. */
export function startPrices(options: PricesOptions): Prices {
  const { clock, log, sink, metrics } = options;
  const concurrency = options.concurrency ?? CONCURRENCY;
  const runner = createRunner({ clock, timer: options.timer, concurrency });
  const saver = createStateSaver(options);
  const pauses: Pauses = options.pauses ?? new Map();
  let offPairs: ReadonlySet<string> = new Set();
  const shared: Omit<LaneOptions, 'exchange' | 'intervalMs' | 'source'> = {
    pauses,
    markets: createMarketDirectory({
      clock,
      ensureMarkets: options.ensureMarkets,
      onClash: (exchange) => metrics.clashed(exchange),
      onTrouble: (error) =>
        log.warn({ error: messageOf(error) }, 'new markets wait for the registry'),
    }),
    isOff: (pair) => offPairs.has(pair),
    onState: saver.save,
    ...{ sink, clock, log, metrics },
    ...(options.onStored && { onStored: options.onStored }),
    ...(options.trace && { trace: options.trace }),
  };
  const lanes = createLanes({
    runner,
    createLane: (choice) =>
      createLane({
        ...shared,
        exchange: choice,
        intervalMs: choice.intervalMs,
        source: createSource(choice, { ...options, pauses }),
      }),
  });
  let closed = false;
  const carryOut = async (choices: PriceChoices): Promise<void> => {
    if (closed) return;
    offPairs = choices.offPairs;
    await lanes.apply(choices.lanes);
  };
  let applying = carryOut(options.choices);
  return {
    states: () => lanes.states(),
    apply(choices) {
      const turn = applying.then(() => carryOut(choices));
      // The caller is told what went wrong; the next one has its own turn all the same.
      applying = turn.catch(() => undefined);
      return turn;
    },
    async close() {
      closed = true;
      await applying;
      await lanes.close();
      await runner.close();
      await saver.close();
    },
  };
}

/** Where an exchange's rows come from, by its mode. */
function createSource(
  choice: LaneChoice,
  options: PricesOptions & { readonly pauses: Pauses },
): PriceSource {
  const { http, clock, log, parser } = options;
  const tools: SourceTools = {
    http,
    clock,
    deadlineMs: options.deadlineMs ?? DEADLINE_MS,
    ...(options.trace && { trace: options.trace }),
    onStaleList: ({ reason, message }) =>
      log.warn(
        { exchange: choice.adapter.id, reason, error: message },
        'the market list is not renewed',
      ),
  };
  if (choice.open) return choice.open(tools);
  const polled = createPriceSource({ ...tools, exchange: choice, ...(parser && { parser }) });
  const { streams, pauses } = options;
  if (choice.mode !== 'stream' || !choice.adapter.stream || !streams) return polled;
  return createStreamSource({
    ...tools,
    ...streams,
    exchange: choice,
    fallback: polled,
    intervalMs: choice.intervalMs,
    log,
    pauses,
    streamUrl: streams.urls[choice.adapter.id],
  });
}

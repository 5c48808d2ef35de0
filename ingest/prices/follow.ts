import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Database } from '../../registry/database.ts';
import {
  CHOICES_CHANNEL,
  listExchangeChoices,
  type PriceDefaults,
  planExchanges,
} from '../../registry/exchange-choices.ts';
import { followChannel } from '../../registry/follow.ts';
import { listOffPairs } from '../../registry/metrics.ts';
import type { LaneChoice, PriceChoices } from './choice.ts';
import type { ChosenExchange } from './exchanges/list.ts';

export interface FollowOptions {
  readonly database: Database;
  /** The settings: they count where nobody chose. */
  readonly defaults: PriceDefaults;
  /** An exchange by its id. @throws for one that this program does not have. */
  readonly find: (id: string) => ChosenExchange | Promise<ChosenExchange>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface ChoiceReader {
  /** What is to run now. An exchange that this program does not have is left out, and logged. */
  read(): Promise<PriceChoices>;
  /** Calls back with each change from now on, until closed. */
  follow(onChange: (choices: PriceChoices) => Promise<void>): { close(): Promise<void> };
}

/** Where no notification comes. */
const LOOK_MS = 10_000;

/** What somebody chose in the registry, over the settings. */
export function createChoiceReader(options: FollowOptions): ChoiceReader {
  const { database, defaults, find, log } = options;
  const found = new Map<string, ChosenExchange>();
  const unknown = new Set<string>();
  let last = '';

  const findOnce = async (id: string): Promise<ChosenExchange | undefined> => {
    const known = found.get(id);
    if (known || unknown.has(id)) return known;
    try {
      const exchange = await find(id);
      found.set(id, exchange);
      return exchange;
    } catch (error) {
      unknown.add(id);
      log.warn({ exchange: id, error: messageOf(error) }, 'a chosen exchange is not here');
      return undefined;
    }
  };
  /** Undefined: nothing changed since what was last carried out. */
  const readChange = async (): Promise<Change | undefined> => {
    const [choices, offPairs] = await Promise.all([
      listExchangeChoices(database),
      listOffPairs(database),
    ]);
    const plans = planExchanges(defaults, choices).filter(({ enabled }) => enabled);
    const text = JSON.stringify([plans, offPairs]);
    if (text === last) return undefined;
    const lanes: LaneChoice[] = [];
    for (const { exchange, intervalMs, mode } of plans) {
      const chosen = await findOnce(exchange);
      if (chosen) lanes.push({ ...chosen, intervalMs, mode });
    }
    return { choices: { lanes, offPairs: new Set(offPairs) }, text };
  };
  return {
    async read() {
      last = '';
      const { choices, text } = (await readChange())!;
      last = text;
      return choices;
    },
    follow: (onChange) =>
      followChannel({
        ...{ database, channel: CHOICES_CHANNEL, clock: options.clock, everyMs: LOOK_MS },
        round: async () => {
          const change = await readChange();
          if (change === undefined) return;
          await onChange(change.choices);
          // Only now: what could not be carried out is tried again.
          last = change.text;
        },
        lost: ({ message }) => log.warn({ error: message }, 'choices are looked for, not heard of'),
        failed: (error) => log.warn({ error: messageOf(error) }, 'choices cannot be followed'),
      }),
  };
}

interface Change {
  readonly choices: PriceChoices;
  /** Equal for equal choices. */
  readonly text: string;
}

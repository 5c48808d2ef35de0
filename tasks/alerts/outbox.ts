import { messageId, subjectOf } from '../../core/alert-message.ts';
import type { AlertRule } from '../../core/alert-rules.ts';
import { type Firing, findFirings } from '../../registry/alert-firings.ts';
import type { EndedIncident } from '../../registry/alert-incidents.ts';
import {
  noteDeliveries,
  noteDigests,
  type StepAlerts,
  type ToldAlert,
  type ToldSeries,
} from '../../registry/alert-spread.ts';
import type { Transaction } from '../../registry/database.ts';
import { enqueueDeliveries, type NewDelivery } from '../../registry/deliveries.ts';
import {
  type DigestOf,
  digestMessage,
  firedMessage,
  resolvedMessage,
  type Telling,
  type ToldEvent,
} from './messages.ts';

export interface OutboxOptions {
  readonly publicUrl: string;
  readonly nowMs: () => number;
  /** How long a message may be on its way, milliseconds. */
  readonly ttlMs: number;
  /** A script that finds a firing again. */
  readonly flux: (rule: AlertRule, firing: Firing) => string | null;
  /** More series than this of one step come to a channel in one message. Default 5. */
  readonly digest?: number;
}

/** What some channels are to be told of a step. */
export interface Outgoing {
  readonly step: StepAlerts;
  readonly told: readonly ToldSeries[];
  readonly ended: readonly EndedIncident[];
  readonly alerts: readonly ToldAlert[];
  /** Undefined where no Flux rule found it. */
  readonly rule: AlertRule | undefined;
}

export const DIGEST = 5;
/** Series that a digest names, and those of which it says more. */
export const NAMED = 200;
const DETAILED = 20;

/** A delivery, and what has to know its number. */
interface Outbound {
  readonly delivery: NewDelivery;
  readonly event?: number;
  readonly digestOf?: number;
}

/** One list of series for one channel, with all that is to be said of them. */
interface Part<T> {
  readonly channel: number;
  readonly list: readonly T[];
  readonly firings: ReadonlyMap<number, Firing>;
}

/**
 * Writes the deliveries of what is told: one for each alert and series, or one for all of a channel
 * where there are many. Ends of incidents alike.
 */
export async function enqueueTold(
  transaction: Transaction,
  outgoing: Outgoing,
  options: OutboxOptions,
): Promise<void> {
  const { told, ended, step } = outgoing;
  const { digest = DIGEST } = options;
  const wording = new Wording(outgoing, options);
  const over = ended.filter(({ told: known, firing }) => known && firing !== null);
  const ids = [
    ...told.filter(({ of, nr }) => of <= digest || nr <= DETAILED).map(({ firing }) => firing),
    ...over.map(({ firing }) => firing!),
  ];
  const firings = await firingsOf(transaction, ids);
  const outbound: Outbound[] = [];
  for (const [channel, list] of byChannel(told, (one) => one.channel)) {
    const part = { channel, list, firings };
    if (list[0]!.of > digest) outbound.push(wording.digest(part));
    else outbound.push(...wording.fired(part));
  }
  for (const [channel, list] of byChannel(over, (one) => wording.channelOf(one.alert))) {
    const part = { channel, list, firings };
    if (list.length > digest) outbound.push(wording.endDigest(part));
    else outbound.push(...wording.ends(part));
  }
  const deliveries = outbound.map(({ delivery }) => delivery);
  const numbers = await enqueueDeliveries(transaction, deliveries);
  const numbered = outbound.map((one, at) => ({ ...one, delivery: numbers[at]! }));
  await noteDeliveries(
    transaction,
    numbered.flatMap(({ event, delivery }) => (event === undefined ? [] : { event, delivery })),
  );
  await noteDigests(
    transaction,
    step,
    numbered.flatMap(({ digestOf: channel, delivery }) =>
      channel === undefined ? [] : { channel, delivery },
    ),
  );
}

/** Which message says what, to whom. */
class Wording {
  readonly #outgoing: Outgoing;
  readonly #options: OutboxOptions;
  readonly #alerts: ReadonlyMap<number, ToldAlert>;
  readonly #telling: Telling;

  constructor(outgoing: Outgoing, options: OutboxOptions) {
    const { publicUrl, nowMs, flux } = options;
    const { rule, alerts } = outgoing;
    this.#outgoing = outgoing;
    this.#options = options;
    this.#alerts = new Map(alerts.map((alert) => [alert.id, alert]));
    this.#telling = {
      ...{ rule, publicUrl, nowMs: nowMs() },
      flux: (firing) => (rule === undefined ? null : flux(rule, firing)),
    };
  }

  channelOf(alert: number): number {
    return this.#alerts.get(alert)!.channel;
  }

  fired({ list, firings }: Part<ToldSeries>): Outbound[] {
    return list.flatMap(({ alerts, windows, events, firing: id }) =>
      alerts.map((number, at): Outbound => {
        const alert = this.#alerts.get(number)!;
        const firing = firings.get(id)!;
        const told = { alert, windowMs: windows[at]!, firing };
        const delivery = {
          ...this.#single(told),
          kind: alert.kind === 'canary' ? ('canary' as const) : ('fired' as const),
          message: messageId(alert.channel, number, firing.series, windows[at]!),
          payload: firedMessage(told, this.#telling),
          firedMs: firing.atMs,
        };
        return { delivery, event: events[at]! };
      }),
    );
  }

  ends({ list, firings }: Part<EndedIncident>): Outbound[] {
    const { stepMs } = this.#outgoing.step;
    return list.map((one): Outbound => {
      const event = this.#ended(one, firings);
      const { alert, firing } = event;
      const delivery = {
        ...this.#single(event),
        kind: 'resolved' as const,
        message: messageId(alert.channel, alert.id, firing.series, 'resolved', one.sinceMs),
        payload: resolvedMessage(event, this.#telling, stepMs),
        firedMs: null,
      };
      return { delivery };
    });
  }

  digest({ channel, list, firings }: Part<ToldSeries>): Outbound {
    const events = list
      .slice(0, DETAILED)
      .map(({ alerts: [alert], windows: [windowMs], firing }) => {
        return {
          ...{ alert: this.#alerts.get(alert!)!, windowMs: windowMs! },
          firing: firings.get(firing)!,
        };
      });
    const series = list.map((one) => one.series);
    const about = { events, series, count: list[0]!.of };
    return { delivery: this.#digest(channel, about), digestOf: channel };
  }

  endDigest({ channel, list, firings }: Part<EndedIncident>): Outbound {
    const events = list.slice(0, DETAILED).map((one) => this.#ended(one, firings));
    const series = list.slice(0, NAMED).map((one) => one.series);
    const about = { events, series, count: list.length, resolved: true };
    return { delivery: this.#digest(channel, about) };
  }

  #ended(one: EndedIncident, firings: ReadonlyMap<number, Firing>): ToldEvent {
    const alert = this.#alerts.get(one.alert)!;
    return { alert, windowMs: one.windowMs!, firing: firings.get(one.firing!)! };
  }

  #single({ alert, firing }: ToldEvent) {
    return {
      ...{ channel: alert.channel, alert: alert.id, ttlMs: this.#options.ttlMs },
      subject: subjectOf(alert.id, firing.series),
    };
  }

  #digest(channel: number, about: Omit<DigestOf, 'rule' | 'stepMs'>): NewDelivery {
    const { rule, stepMs } = this.#outgoing.step;
    const own = this.#outgoing.alerts.filter((alert) => alert.channel === channel);
    const kind = about.resolved === true ? 'over' : 'digest';
    return {
      // Of one alert alone it is that alert's: it goes with it.
      ...{ channel, alert: own.length === 1 ? own[0]!.id : null, kind: 'digest' },
      message: messageId(channel, kind, rule, stepMs),
      subject: `digest|${rule}`,
      payload: digestMessage({ ...about, rule, stepMs }, this.#telling),
      firedMs: about.resolved === true ? null : stepMs,
      ttlMs: this.#options.ttlMs,
      fallback: own.find(({ fallback }) => fallback !== null)?.fallback ?? null,
    };
  }
}

function byChannel<T>(list: readonly T[], channelOf: (one: T) => number): Map<number, T[]> {
  const lists = new Map<number, T[]>();
  for (const one of list) {
    const channel = channelOf(one);
    const known = lists.get(channel);
    if (known === undefined) lists.set(channel, [one]);
    else known.push(one);
  }
  return lists;
}

async function firingsOf(
  transaction: Transaction,
  ids: readonly number[],
): Promise<ReadonlyMap<number, Firing>> {
  if (ids.length === 0) return new Map();
  const found = await findFirings(transaction, [...new Set(ids)]);
  return new Map(found.map((firing) => [firing.id, firing]));
}

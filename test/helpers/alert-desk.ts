/** Desks for alerts and what belongs to them, in memory: what is asked is really checked. */
import type { AlertDesk } from '../../api/alerts/desk.ts';
import type { SilenceDesk } from '../../api/alerts/silence-desk.ts';
import type { ChannelDesk, DeliveryDesk } from '../../api/channels/desk.ts';
import { judgesOf } from '../../app/monitors.ts';
import type { Previewed } from '../../core/alert-preview.ts';
import { createGate } from '../../core/targets.ts';
import type { AlertEvent } from '../../registry/alert-events.ts';
import type { Alert, AlertChange, NewAlert } from '../../registry/alerts.ts';
import { type ChannelAddress, shownAddress } from '../../registry/channel-address.ts';
import type { ChannelView } from '../../registry/channels.ts';
import type { Delivery, WholeDelivery } from '../../registry/deliveries.ts';
import type { NewSilence, Silence } from '../../registry/silences.ts';

const CREATED = Date.UTC(2022, 9, 11, 3, 35);
const HOUR_MS = 3_600_000;
export const WEBHOOK_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

export interface FakeAlerts extends AlertDesk {
  readonly alerts: Alert[];
  readonly channels: ChannelView[];
  readonly happened: AlertEvent[];
  rulesMax: number;
  mails: boolean;
  previewed: Previewed;
  readonly tested: number[];
}

export function fakeAlerts(): FakeAlerts {
  const alerts: Alert[] = [];
  const channels: ChannelView[] = [];
  const keys: string[] = [];
  const happened: AlertEvent[] = [];
  const tested: number[] = [];
  const listed = ['btcusd', 'ethusd', 'ab-cusd'];
  const find = async (id: number) => alerts.find((one) => one.id === id);
  const change = async (id: number, given: AlertChange) => {
    const old = await find(id);
    if (old === undefined) return undefined;
    const { rules, ...rest } = given;
    const after = { ...old, ...rest, ...(rules && { rules: rules.map(({ key }) => key) }) };
    alerts[alerts.indexOf(old)] = after;
    return after;
  };
  return {
    ...{ alerts, channels, happened, tested, rulesMax: 100, mails: true },
    previewed: { alerts: 0, series: 0, looked: 0, first: [] },
    rulesWith: async (more) =>
      new Set([...alerts.filter(({ active }) => active).flatMap(({ rules }) => rules), ...more])
        .size,
    refusalOf: judgesOf(createGate()).refusalOf,
    pairOf: async (spellings) => {
      const pair = spellings.find((one) => listed.includes(one));
      return pair === undefined ? { near: ['btcusd'] } : { pair };
    },
    exchanges: async () => ['bisq', 'kraken'],
    missing: async (_, ids) => ids.filter((id) => id > 9),
    async channel(address) {
      const key = JSON.stringify(address);
      const at = keys.indexOf(key);
      if (at >= 0) return { channel: channels[at]!, created: false };
      keys.push(key);
      channels.push(channelOf(keys.length, address));
      const secret = address.kind === 'webhook' ? { secret: WEBHOOK_SECRET } : {};
      return { channel: channels.at(-1)!, created: true, ...secret };
    },
    findChannel: async (id) => channels[id - 1],
    async add(wanted) {
      const { rules: _, name: __, ...about } = wanted;
      const same = alerts.find(({ channel, kind, spec, windowMs, fallback }) => {
        const other = { channel, kind, spec, windowMs, fallback };
        return sorted(other) === sorted(about);
      });
      if (same) return { alert: (await change(same.id, { active: true }))!, made: false };
      alerts.push(alertOf(alerts.length + 1, wanted));
      return { alert: alerts.at(-1)!, made: true };
    },
    ...{ change, find },
    remove: (id) => change(id, { active: false }),
    list: async ({ after, limit, active, kind, channel }) =>
      alerts
        .filter((one) => one.id > after && (active === undefined || one.active === active))
        .filter((one) => kind === undefined || one.kind === kind)
        .filter((one) => channel === undefined || one.channel === channel)
        .slice(0, limit),
    events: async ({ before = Number.POSITIVE_INFINITY, limit, alert, outcome, pair, exchange }) =>
      happened
        .filter((one) => one.id < before && (alert === undefined || one.alert === alert))
        .filter((one) => outcome === undefined || one.outcome === outcome)
        .filter((one) => pair === undefined || one.pair === pair)
        .filter((one) => exchange === undefined || one.exchange === exchange)
        .sort((a, b) => b.id - a.id)
        .slice(0, limit),
    async preview() {
      return this.previewed;
    },
    test: async ({ id }) => tested.push(id),
  };
}

function sorted(value: object): string {
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function alertOf(id: number, { rules, ...wanted }: NewAlert): Alert {
  return {
    ...{ id, ...wanted, rules: rules.map(({ key }) => key), active: true, pausedUntilMs: null },
    ...{ version: 1, createdMs: CREATED, changedMs: CREATED, events: 0, lastMs: null },
  };
}

export function channelOf(id: number, address: ChannelAddress): ChannelView {
  return {
    ...{ id, kind: address.kind, shown: shownAddress(address), state: 'unconfirmed' },
    ...{ reason: null, stateSinceMs: CREATED, failures: 0, failingSinceMs: null, openMs: null },
    ...{ delivered: 0, createdMs: CREATED },
  };
}

export function alertEventOf(id: number, given: Partial<AlertEvent> = {}): AlertEvent {
  return {
    ...{ id, alert: 1, series: 'price:kraken:btcusd', windowMs: Date.UTC(2022, 9, 11, 3) },
    ...{ lengthMs: HOUR_MS, atMs: CREATED, value: 63_000, outcome: 'sent', silence: null },
    ...{ delivery: 2, resolvedMs: null, createdMs: CREATED + 12_000, average: 20_966.78 },
    ...{ samples: 60, late: false, exchange: 'kraken', pair: 'btcusd', monitor: null },
    ...given,
  };
}

export interface FakeChannels extends ChannelDesk {
  readonly channels: ChannelView[];
}

/** `good` is the token of the first. */
export function fakeChannels(): FakeChannels {
  const channels: ChannelView[] = [];
  const find = async (id: number) => channels[id - 1];
  const put = async (id: number, state: ChannelView['state']) => {
    const old = await find(id);
    if (old === undefined) return undefined;
    channels[id - 1] = { ...old, state };
    return channels[id - 1];
  };
  const ofToken = async (_: string, token: string) => (token === 'good' ? find(1) : undefined);
  return {
    ...{ channels, find, ofToken },
    list: async ({ after = 0, limit, kind, state }) =>
      channels
        .filter((one) => one.id > after && (kind === undefined || one.kind === kind))
        .filter((one) => state === undefined || one.state === state)
        .slice(0, limit),
    disable: (id) => put(id, 'disabled'),
    enable: (id) => put(id, 'unconfirmed'),
    async rotate(id) {
      const channel = await find(id);
      return channel && { channel, secret: WEBHOOK_SECRET };
    },
    confirm: async (token) => (token === 'good' ? put(1, 'active') : undefined),
    leave: async (token) => (token === 'good' ? put(1, 'disabled') : undefined),
  };
}

export interface FakeDeliveries extends DeliveryDesk {
  readonly deliveries: WholeDelivery[];
}

export function fakeDeliveries(): FakeDeliveries {
  const deliveries: WholeDelivery[] = [];
  const find = async (id: number) => deliveries.find((one) => one.id === id);
  return {
    ...{ deliveries, find },
    list: async ({ after = 0, limit, alert, channel, state, kind }) =>
      deliveries
        .filter((one) => one.id > after && (alert === undefined || one.alert === alert))
        .filter((one) => channel === undefined || one.channel === channel)
        .filter((one) => state === undefined || one.state === state)
        .filter((one) => kind === undefined || one.kind === kind)
        .slice(0, limit),
    async replay({ id, alert, limit }) {
      const one = id === undefined ? undefined : await find(id);
      if (id !== undefined && one === undefined) return { replayed: 0, refused: 'absent' };
      if (one?.state === 'queued') return { replayed: 0, refused: 'open' };
      const dead = one ? [one] : deliveries.filter(({ state }) => state === 'dead');
      const wanted = dead.filter((each) => alert === undefined || each.alert === alert);
      for (const each of wanted.slice(0, limit)) {
        const again = { ...each, state: 'queued' as const, replays: each.replays + 1 };
        deliveries[deliveries.indexOf(each)] = { ...again, endedMs: null, reason: null };
      }
      return { replayed: Math.min(limit, wanted.length) };
    },
  };
}

export function deliveryOf(id: number, given: Partial<Delivery> = {}): WholeDelivery {
  const when = new Date(CREATED).toISOString();
  return {
    ...{ id, channel: 1, channelKind: 'webhook', alert: 1, kind: 'fired' },
    ...{ message: 'msg_p5jXN8AQM9LWM0D4loKWxJek', subject: '1|price:kraken:btcusd' },
    ...{ state: 'delivered', attempts: 1, dueMs: null, expiresMs: CREATED + 24 * HOUR_MS },
    ...{ status: 204, reason: null, firedMs: CREATED, moved: null, replays: 0, waits: null },
    ...{ createdMs: CREATED, endedMs: CREATED + 40 },
    payload: {
      ...{ type: 'alert.test', timestamp: when },
      data: { alert: null, channel: 1, reason: 'This is a test: nothing has happened.' },
    },
    attemptsMade: [
      {
        ...{ nr: 1, atMs: CREATED, tookMs: 38.5, ok: true, status: 204, reason: null },
        answer: null,
      },
    ],
    ...given,
  };
}

export interface FakeSilences extends SilenceDesk {
  readonly silences: Silence[];
}

export function fakeSilences(): FakeSilences {
  const silences: Silence[] = [];
  const find = async (id: number) => silences.find((one) => one.id === id);
  const put = async (id: number, given: Partial<Silence>) => {
    const old = await find(id);
    if (old === undefined) return undefined;
    const after = { ...old, ...given };
    silences[silences.indexOf(old)] = after;
    return after;
  };
  return {
    ...{ silences, find, change: put },
    async add(wanted: NewSilence) {
      const id = silences.length + 1;
      silences.push({ ...wanted, id, createdMs: CREATED, state: 'active', held: 0 });
      return silences.at(-1)!;
    },
    end: (id) => put(id, { state: 'over' }),
    list: async ({ after, limit, state }) =>
      silences
        .filter((one) => one.id > after && (state === undefined || one.state === state))
        .slice(0, limit),
  };
}

/** A desk for monitors in memory: what is asked is really checked, nothing is scanned. */
import type { MonitorDesk, ScanTrace } from '../../api/monitors/desk.ts';
import { judgesOf } from '../../app/monitors.ts';
import { createGate } from '../../core/targets.ts';
import type { StoredEvent } from '../../registry/events.ts';
import type { Monitor, MonitorChange, NewMonitor } from '../../registry/monitors.ts';
import type { ScanLoad } from '../../registry/scan-load.ts';

const CREATED = Date.UTC(2022, 9, 11, 3, 35);

export interface FakeMonitors extends MonitorDesk {
  readonly monitors: Monitor[];
  readonly evidenceOf: Map<number, { slotMs: number; evidence: unknown }>;
  readonly happened: StoredEvent[];
  everything: ScanLoad;
  ofHost: ScanLoad;
  scan: MonitorDesk['scanNow'];
}

const CALM: ScanLoad = {
  ...{ active: 1, due: 0, scansPerSecond: 0.1, busy: 0.1, busyMax: 1, slots: 512, workers: 1 },
};

const gate = createGate({
  allowPrivate: ['127.0.0.1:9000'],
  resolve: async () => [{ address: '127.0.0.1', family: 4 }],
});

const TRACE: ScanTrace = {
  ...{ ok: true, reason: 'ok', text: 'answered as expected', startedMs: CREATED, totalMs: 21.5 },
  phases: { dns: 1.5, connect: 5, firstByte: 12, transfer: 1 },
  hops: [],
  truncated: false,
};

export function fakeMonitors(): FakeMonitors {
  const monitors: Monitor[] = [];
  const find = async (id: number) => monitors.find((one) => one.id === id);
  const findSame = async ({ url, regexp }: Pick<NewMonitor, 'url' | 'regexp'>) =>
    monitors.find((one) => one.url === url && one.regexp === regexp);
  const fake: FakeMonitors = {
    ...judgesOf(gate),
    ...{ monitors, find, findSame },
    evidenceOf: new Map(),
    happened: [],
    ...{ everything: CALM, ofHost: CALM, intervalMsMin: 10_000, hostScansMax: 8 },
    scan: async () => TRACE,
    async ensure(wanted, given) {
      const same = await findSame(wanted);
      if (same)
        return { monitor: changed(monitors, same, { ...given, active: true }), created: false };
      monitors.push(made(monitors.length + 1, wanted));
      return { monitor: monitors.at(-1)!, created: true };
    },
    async change(id, change) {
      const monitor = await find(id);
      return monitor && changed(monitors, monitor, change);
    },
    async list({ after, limit, active, state, text = '', tag }) {
      const fits = (one: Monitor) =>
        one.id > after &&
        (active === undefined || one.active === active) &&
        (state === undefined || one.state === state) &&
        `${one.url} ${one.name}`.toLowerCase().includes(text.toLowerCase()) &&
        (tag === undefined || one.tags[tag.name] === tag.value);
      return monitors.filter(fits).slice(0, limit);
    },
    evidence: async (id) => fake.evidenceOf.get(id),
    load: async (host) => (host === undefined ? fake.everything : fake.ofHost),
    events: async ({ after, limit, kinds }) =>
      fake.happened
        .filter(({ id, kind }) => id > after && (!kinds || kinds.includes(kind)))
        .slice(0, limit),
    scanNow: (monitor, signal) => fake.scan(monitor, signal),
  };
  return fake;
}

function made(id: number, { host: _, ...wanted }: NewMonitor): Monitor {
  return {
    id,
    ...wanted,
    active: true,
    ...{ createdMs: CREATED, changedMs: CREATED, state: 'new', stateSinceMs: null, reason: null },
    ...{
      status: null,
      lastSlotMs: null,
      lastTotalMs: null,
      dueMs: CREATED,
      missed: 0,
      reprobed: 0,
    },
    tags: { ...wanted.tags },
    stale: false,
  };
}

function changed(all: Monitor[], old: Monitor, change: MonitorChange): Monitor {
  const { settings, without = [], tags, ...rest } = change;
  const kept = Object.entries({ ...old.settings, ...settings });
  const merged = Object.fromEntries(kept.filter(([name]) => !without.includes(name as 'body')));
  const after: Monitor = {
    ...old,
    ...rest,
    tags: { ...(tags ?? old.tags) },
    settings: merged as Monitor['settings'],
  };
  all[all.indexOf(old)] = after;
  return after;
}

import type { UrlRefusal } from '../api/contract.ts';
import type { MonitorDesk, ScanTrace } from '../api/monitors/desk.ts';
import type { Clock } from '../core/clock.ts';
import { HttpError } from '../core/http-error.ts';
import { version } from '../core/paths.ts';
import { canBeName, nameExpected, type TargetGate } from '../core/targets.ts';
import { KeptTargets } from '../ingest/scans/kept-targets.ts';
import { outcomes, type Reason } from '../ingest/scans/outcome.ts';
import { compilePattern } from '../ingest/scans/pattern.ts';
import { createProber, type Prober } from '../ingest/scans/probe.ts';
import { readUrl, type ScanMethod, scanTarget } from '../ingest/scans/target.ts';
import { listEvents } from '../registry/events.ts';
import {
  changeMonitor,
  ensureMonitor,
  findEvidence,
  findMonitor,
  findSameMonitor,
  listMonitors,
  type Monitor,
} from '../registry/monitors.ts';
import { scanLoad } from '../registry/scan-load.ts';
import { createScanGate } from './scan-gate.ts';
import type { Base } from './start.ts';

type MonitorBase = Pick<Base, 'config' | 'clock' | 'influx' | 'registry' | 'parts'>;

/** Whoever waits for an answer has gone by then. */
const SCAN_NOW_MS_MAX = 100_000;

/** Where the API keeps monitors, and scans one at once. */
export function openMonitorDesk(base: MonitorBase): MonitorDesk {
  const { config, clock, registry, parts } = base;
  const gate = createScanGate(base);
  const caps = { timeoutMs: SCAN_NOW_MS_MAX };
  const prober = createProber({ gate, clock, version, caps, keptMax: 0 });
  parts.add('scan-now', prober.close);
  return {
    ...judgesOf(gate),
    intervalMsMin: config.scanIntervalMinMs,
    hostScansMax: config.scanHostConcurrency,
    ensure: (wanted, given) => ensureMonitor(registry, wanted, given),
    change: (id, change) => changeMonitor(registry, id, change),
    find: (id) => findMonitor(registry, id),
    findSame: (wanted) => findSameMonitor(registry, wanted),
    list: (filter) => listMonitors(registry, filter),
    evidence: (id) => findEvidence(registry, id),
    load: (host) => scanLoad(registry, host),
    events: (page) => listEvents(registry, page),
    scanNow: (monitor, signal) => scanNow({ prober, clock }, monitor, signal),
  };
}

type Judge = 'addressOf' | 'check' | 'compile' | 'refusalOf' | 'meaningOf';

/** What can be said of a target without scanning it. */
export function judgesOf(gate: TargetGate): Pick<MonitorDesk, Judge> {
  return {
    addressOf(text) {
      const { url, authorization } = readUrl(text);
      const address = { url: url.href, host: url.host };
      return authorization === undefined ? address : { ...address, authorization };
    },
    check(url, { method, headers, authorization, body, expectStatus, ...rest }) {
      const { timeoutMs, followRedirects, bodyBytesMax, keepAlive } = rest;
      scanTarget({
        ...{ url, timeoutMs, followRedirects, bodyBytesMax, keepAlive },
        method: method as ScanMethod,
        headers: { ...headers, ...(authorization !== undefined && { authorization }) },
        ...(body !== undefined && { body }),
        ...(expectStatus !== null && { expectStatus }),
      });
    },
    compile(source) {
      const compiled = compilePattern(source);
      return compiled.ok
        ? { ok: true, names: compiled.pattern.names }
        : { ok: false, ...compiled.refusal };
    },
    refusalOf: (url) => refusalOf(gate, new URL(url)),
    meaningOf: (reason) =>
      Object.hasOwn(outcomes, reason) ? outcomes[reason as Reason].means : 'unknown',
  };
}

const ADDRESS = /^\[|^\d+\.\d+\.\d+\.\d+$/;
const THIS_MACHINE = /(?:^|\.)localhost\.?$/;

/** Other names are resolved by each scan, and only then. */
async function refusalOf(gate: TargetGate, url: URL): Promise<UrlRefusal | undefined> {
  const { hostname, port, protocol } = url;
  if (!canBeName(hostname)) return { why: 'no host can have this name', expected: nameExpected };
  if (!ADDRESS.test(hostname) && !THIS_MACHINE.test(hostname)) return undefined;
  const usual = protocol === 'https:' ? 443 : 80;
  try {
    await gate.addresses(hostname, port === '' ? usual : Number(port));
    return undefined;
  } catch (error) {
    if (error instanceof HttpError) return { why: error.message };
    throw error;
  }
}

/** Over a connection of its own, so that every phase is measured. */
async function scanNow(
  { prober, clock }: { readonly prober: Prober; readonly clock: Clock },
  monitor: Monitor,
  signal: AbortSignal,
): Promise<ScanTrace> {
  const kept = new KeptTargets().of({ ...monitor, monitor: monitor.id, version: 0 });
  if (kept.ok) return prober.scan({ ...kept.target, keepAlive: false }, signal);
  const nothing = { totalMs: 0, phases: {}, hops: [], truncated: false };
  return { ok: false, reason: 'invalid', text: kept.why, startedMs: clock.nowMs(), ...nothing };
}

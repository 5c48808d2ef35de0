import { formatMs } from '../../core/duration.ts';
import type { Monitor, MonitorSettings } from '../../registry/monitors.ts';
import { isoOf, isoOrNull } from '../http/moment.ts';
import type { CertificateTrace, MonitorDesk, ScanTrace } from './desk.ts';
import type { ScanTraceAnswer } from './scan-schemas.ts';

const EXPECTED = [200, 299] as const;
/** Where a redirect is the answer. */
const EXPECTED_UNFOLLOWED = [200, 399] as const;

/** A monitor as it is told. What is secret of it is not. */
export function shownMonitor(monitor: Monitor) {
  const { id, url, regexp, name, active, tags, status, missed, reprobed, settings } = monitor;
  const { method, timeoutMs, followRedirects, keepAlive, bodyBytesMax } = settings;
  const { failuresBeforeDown, successesBeforeUp } = settings;
  return {
    ...{ id, url, regexp, name, active },
    interval: formatMs(monitor.intervalMs),
    tags,
    ...standing(monitor),
    status,
    lastScan: isoOrNull(monitor.lastSlotMs),
    lastTotalMs: monitor.lastTotalMs,
    due: active ? isoOrNull(monitor.dueMs) : null,
    ...{ missed, reprobed },
    created: isoOf(monitor.createdMs),
    changed: isoOf(monitor.changedMs),
    method,
    headers: Object.keys(settings.headers),
    credentials: settings.authorization !== undefined,
    requestBodyBytes: Buffer.byteLength(settings.body ?? ''),
    expectStatus: expectedOf(settings),
    ...{ timeoutMs, followRedirects, keepAlive, bodyBytesMax },
    ...{ failuresBeforeDown, successesBeforeUp },
  };
}

/** How it stands: of what is not scanned, nothing can be said. */
function standing(monitor: Monitor) {
  const { active, stale, state, stateSinceMs, reason, dueMs, intervalMs, settings } = monitor;
  if (!active) return { state: 'unknown' as const, since: null, reason: 'inactive' };
  if (!stale) return { state, since: isoOrNull(stateSinceMs), reason };
  const since = isoOf(dueMs + 2 * intervalMs + settings.timeoutMs);
  return { state: 'unknown' as const, since, reason: 'stale' };
}

function expectedOf({ expectStatus, followRedirects }: MonitorSettings): string[] {
  const ranges = expectStatus ?? [followRedirects ? EXPECTED : EXPECTED_UNFOLLOWED];
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`));
}

/** What keeps a monitor from being scanned as it was asked for. */
export async function warningsOf(desk: MonitorDesk, monitor: Monitor): Promise<string[]> {
  const { active, url, intervalMs, settings } = monitor;
  if (!active) return [];
  const { host } = new URL(url);
  const [all, here] = await Promise.all([desk.load(), desk.load(host)]);
  const warnings: string[] = [];
  if (all.workers === 0) {
    warnings.push('no worker is there: nothing is scanned until one runs (tidemark start)');
  } else if (all.busy > all.slots) {
    warnings.push(
      `all monitors have ${round(all.busy)} scans under way on average, the workers have room ` +
        `for ${all.slots}: slots will be missed; more workers or longer intervals help`,
    );
  }
  const share = desk.hostScansMax * Math.max(1, all.workers);
  if (here.busy > share) {
    warnings.push(
      `the monitors of ${host} have ${round(here.busy)} scans under way on average, at most ` +
        `${share} are made of one host at once: slots will be missed; longer intervals help`,
    );
  }
  if (settings.timeoutMs > intervalMs) {
    warnings.push('timeoutMs is longer than the interval: a slow scan costs slots');
  }
  return warnings;
}

/** What a scan found out, its times as text. */
export function shownTrace(monitor: number, trace: ScanTrace, desk: MonitorDesk): ScanTraceAnswer {
  const { ok, reason, text, startedMs, totalMs, phases, failedIn, hops, status } = trace;
  const { httpVersion, wireBytes, bodyBytes, truncated, charset, matched, match } = trace;
  return {
    ...{ monitor, ok, reason, means: desk.meaningOf(reason), text },
    ...{ started: isoOf(startedMs), totalMs, phases: { ...phases }, failedIn },
    hops: hops.map(({ url, status: answered, address, port, phases: took, tls }) => ({
      ...{ url, status: answered, address, port, phases: { ...took } },
      tls: tls && certificateOf(tls),
    })),
    ...{ status, httpVersion, wireBytes, bodyBytes, truncated, charset, matched },
    match: match && { at: match.at, text: match.text, values: { ...match.values } },
    ...{ retryAfterMs: trace.retryAfterMs, evidence: trace.evidence },
  };
}

const TIMES: Readonly<Record<string, string>> = {
  notBeforeMs: 'notBefore',
  notAfterMs: 'notAfter',
  earliestExpiryMs: 'earliestExpiry',
};

/** What a worker kept, its times as text. */
export function shownEvidence(kept: { readonly slotMs: number; readonly evidence: unknown }) {
  const { slotMs: _, ...rest } = Object(withTimes(kept.evidence)) as Record<string, unknown>;
  return { slot: isoOf(kept.slotMs), ...rest };
}

function withTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withTimes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => {
      const time = TIMES[name];
      return time && typeof part === 'number' ? [time, isoOf(part)] : [name, withTimes(part)];
    }),
  );
}

function certificateOf(tls: CertificateTrace) {
  const { notBeforeMs, notAfterMs, earliestExpiryMs, names, ...rest } = tls;
  return {
    ...rest,
    names: [...names],
    notBefore: isoOf(notBeforeMs),
    notAfter: isoOf(notAfterMs),
    earliestExpiry: isoOf(earliestExpiryMs),
  };
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}

import type { Clock } from '../../core/clock.ts';
import { retryAfterMs } from '../../core/http.ts';
import { textOf } from './exchange.ts';
import { outcomes, type Reason } from './outcome.ts';
import type { Hop, ScanResult, TlsFacts } from './result.ts';
import { type Phase, type Phases, sumPhases } from './stopwatch.ts';
import { evidenceOf, type Judgement } from './verdict.ts';
import type { Visit } from './visit.ts';

/** How a scan ended. */
export interface Ending extends Partial<Judgement> {
  readonly reason: Reason;
  readonly failedIn?: Phase | undefined;
}

export interface Report {
  readonly visits: readonly Visit[];
  readonly ending: Ending;
  readonly startedMs: number;
  readonly totalMs: number;
  readonly clock: Clock;
}

const DAY_MS = 86_400_000;

/** Everything that a scan found out, in one piece. */
export function scanResult({ visits, ending, startedMs, totalMs, clock }: Report): ScanResult {
  const nowMs = clock.nowMs();
  const hops = visits.map((visit) => hopOf(visit, nowMs));
  const { reason, detail, failedIn, charset, matched, match, truncated, evidence } = ending;
  const last = hops.at(-1);
  return {
    ok: reason === 'ok',
    reason,
    text: detail ?? outcomes[reason].text,
    startedMs,
    totalMs,
    phases: hops.length === 1 && last ? last.phases : sumPhases(hops.map(({ phases }) => phases)),
    hops,
    truncated: truncated ?? false,
    ...(last ? lastOf(last) : {}),
    ...answerOf(visits.at(-1), evidence, nowMs),
    ...(failedIn === undefined ? {} : { failedIn }),
    ...(charset === undefined ? {} : { charset }),
    ...(matched === undefined ? {} : { matched }),
    ...(match === undefined ? {} : { match }),
  };
}

function hopOf(visit: Visit, nowMs: number): Hop {
  const { step, port, watch, reused, address, certificate, secured, progress } = visit;
  watch.stop();
  const phases: Phases = watch.phases;
  const { status } = progress;
  const tls: TlsFacts | undefined = certificate && {
    ...certificate,
    daysLeft: (certificate.notAfterMs - nowMs) / DAY_MS,
    ...(secured ? { protocol: secured.protocol, cipher: secured.cipher } : {}),
  };
  return {
    url: step.url.href,
    port,
    phases,
    reused,
    ...(status === undefined ? {} : { status }),
    ...(address === undefined ? {} : { address: address.address }),
    ...(tls === undefined ? {} : { tls }),
  };
}

function lastOf({ status, address, port, tls }: Hop): Partial<ScanResult> {
  return {
    port,
    ...(status === undefined ? {} : { status }),
    ...(address === undefined ? {} : { address }),
    ...(tls === undefined ? {} : { tls }),
  };
}

/** What there is of the last answer, be it whole or not. */
function answerOf(
  visit: Visit | undefined,
  read: string | undefined,
  nowMs: number,
): Partial<ScanResult> {
  const { body, headers, status, httpVersion } = visit?.progress ?? {};
  const version = httpVersion === undefined ? {} : { httpVersion };
  if (!body || !headers) return version;
  const throttles = status === 429 || status === 503;
  const wait = throttles ? retryAfterMs(textOf(headers['retry-after']), nowMs) : undefined;
  return {
    ...version,
    wireBytes: body.wireBytes,
    bodyBytes: body.decodedBytes,
    evidence: read ?? evidenceOf(body.bytes(), textOf(headers['content-type'])),
    ...(wait === undefined ? {} : { retryAfterMs: Math.min(wait, DAY_MS) }),
  };
}

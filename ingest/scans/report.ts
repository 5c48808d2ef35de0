import { type Clock, toMicros } from '../../core/clock.ts';
import { retryAfterMs } from '../../core/http.ts';
import { textOf } from './exchange.ts';
import { outcomes, type Reason } from './outcome.ts';
import type { Hop, ScanResult, TlsFacts } from './result.ts';
import { type Phase, sumPhases } from './stopwatch.ts';
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

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Everything that a scan found out, in one piece. */
export function scanResult({ visits, ending, startedMs, totalMs, clock }: Report): ScanResult {
  const nowMs = clock.nowMs();
  const hops = visits.map((visit) => hopOf(visit, nowMs));
  const { reason, detail, failedIn, charset, matched, match, truncated, evidence } = ending;
  const last = hops.at(-1);
  const result: Mutable<ScanResult> = {
    ok: reason === 'ok',
    reason,
    text: detail ?? outcomes[reason].text,
    startedMs,
    totalMs: toMicros(totalMs),
    phases: hops.length === 1 && last ? last.phases : sumPhases(hops.map(({ phases }) => phases)),
    hops,
    truncated: truncated ?? false,
  };
  if (last) addLast(result, last);
  addAnswer(result, { visit: visits.at(-1), evidence, nowMs });
  if (failedIn !== undefined) result.failedIn = failedIn;
  if (charset !== undefined) result.charset = charset;
  if (matched !== undefined) result.matched = matched;
  if (match !== undefined) result.match = match;
  return result;
}

function hopOf(visit: Visit, nowMs: number): Hop {
  const { step, port, watch, reused, address, progress } = visit;
  watch.stop();
  const hop: Mutable<Hop> = { url: step.href, port, phases: watch.phases, reused };
  const tls = tlsOf(visit, nowMs);
  if (progress.status !== undefined) hop.status = progress.status;
  if (address !== undefined) hop.address = address.address;
  if (tls !== undefined) hop.tls = tls;
  return hop;
}

function tlsOf({ certificate, secured }: Visit, nowMs: number): TlsFacts | undefined {
  if (!certificate) return undefined;
  const daysLeft = Math.round(((certificate.notAfterMs - nowMs) / DAY_MS) * 1e4) / 1e4;
  if (!secured) return { ...certificate, daysLeft };
  return { ...certificate, daysLeft, protocol: secured.protocol, cipher: secured.cipher };
}

function addLast(result: Mutable<ScanResult>, { status, address, port, tls }: Hop): void {
  result.port = port;
  if (status !== undefined) result.status = status;
  if (address !== undefined) result.address = address;
  if (tls !== undefined) result.tls = tls;
}

interface LastAnswer {
  readonly visit: Visit | undefined;
  /** The beginning of the body, where it was read already. */
  readonly evidence: string | undefined;
  readonly nowMs: number;
}

/** What there is of the last answer, be it whole or not. */
function addAnswer(result: Mutable<ScanResult>, { visit, evidence, nowMs }: LastAnswer): void {
  if (!visit) return;
  const { body, headers, status, httpVersion } = visit.progress;
  if (httpVersion !== undefined) result.httpVersion = httpVersion;
  if (!body || !headers) return;
  result.wireBytes = body.wireBytes;
  result.bodyBytes = body.decodedBytes;
  result.evidence = evidence ?? evidenceOf(body.bytes(), textOf(headers['content-type']));
  if (status !== 429 && status !== 503) return;
  const wait = retryAfterMs(textOf(headers['retry-after']), nowMs);
  if (wait !== undefined) result.retryAfterMs = Math.min(wait, DAY_MS);
}

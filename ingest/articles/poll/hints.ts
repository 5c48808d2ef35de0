import { retryAfterMs } from '../../../core/http.ts';

type Headers = Readonly<Record<string, string>>;

const DAY_MS = 86_400_000;

/** How long an answer stays fresh by its own headers (RFC 9111, 4.2), at most a day. */
export function freshForMs(headers: Headers, nowMs: number): number | undefined {
  const control = headers['cache-control']?.toLowerCase() ?? '';
  if (/\b(no-cache|no-store)\b/.test(control)) return undefined;
  const said = /(?:^|[,\s])max-age\s*=\s*"?(\d{1,12})/.exec(control)?.[1];
  if (said !== undefined) {
    const age = /^\d{1,9}$/.test(headers.age ?? '') ? Number(headers.age) : 0;
    return within(1_000 * (Number(said) - age));
  }
  const endsMs = Date.parse(headers.expires ?? '');
  const dateMs = Date.parse(headers.date ?? '');
  // By the server's own clock, where it says what that is.
  return within(endsMs - (Number.isNaN(dateMs) ? nowMs : dateMs));
}

function within(ms: number): number | undefined {
  return ms > 0 ? Math.min(ms, DAY_MS) : undefined;
}

/** For how long the server wants to be left alone: seconds or a date; at most a day. */
export function pauseAskedMs(headers: Headers, nowMs: number): number | undefined {
  const said = headers['retry-after']?.trim();
  if (said !== undefined && /^\d{10,400}$/.test(said)) return DAY_MS;
  const ms = retryAfterMs(said, nowMs);
  return ms === undefined ? undefined : Math.min(ms, DAY_MS);
}

/**
 * `Retry-After` (RFC 9110 10.2.3) in milliseconds from now: whole seconds or an HTTP date. Undefined
 * when the header is absent or nonsense; a date in the past is 0. Seconds, never milliseconds:
 * clients that mix them up hammer a server that asked for peace.
 */
export function retryAfterMs(
  header: string | readonly string[] | undefined,
  nowMs: number,
): number | undefined {
  const text = (typeof header === 'string' ? header : header?.[0])?.trim();
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // Date.parse also takes "-3" and "1.5" for years: an HTTP date starts with a day's name.
  if (!/^[A-Za-z]{3}/.test(text)) return undefined;
  const timeMs = Date.parse(text);
  return Number.isNaN(timeMs) ? undefined : Math.max(0, timeMs - nowMs);
}

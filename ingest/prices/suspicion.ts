import type { Clock } from '../../core/clock.ts';
import { type HttpResponse, retryAfterMs } from '../../core/http.ts';
import type { ParsedPrices } from './adapter.ts';
import { type NumberJsonReader, wholeReader } from './number-json.ts';
import { RATE_LIMIT_PAUSE_MS, Refusal, type RefusalReason, reasonOfText } from './refusal.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** A server that asks for more is asked again after this anyway. */
const RETRY_AFTER_MS_MAX = HOUR_MS;
/** Binance bans for up to three days. */
const BAN_MS_MAX = 72 * HOUR_MS;

const STATUS_REASONS: Readonly<Record<number, RefusalReason>> = {
  401: 'forbidden',
  403: 'forbidden',
  418: 'banned',
  429: 'rate-limited',
  451: 'forbidden',
};

/** Pauses where the answer names none. Asking again at once is what gets an address banned. */
const PAUSES_MS: Partial<Record<RefusalReason, number>> = {
  'rate-limited': RATE_LIMIT_PAUSE_MS,
  banned: 5 * MINUTE_MS,
  forbidden: 5 * MINUTE_MS,
};

export interface StatusRules {
  readonly nowMs: number;
  /** The adapter's own pauses by status. */
  readonly pauses?: Readonly<Record<number, number>> | undefined;
}

/** Why an answer of this status is refused, and for how long its host is left alone. */
export function judgeStatus(response: HttpResponse, rules: StatusRules): Refusal | undefined {
  const { status, headers, body } = response;
  if (status === 200) return undefined;
  const text = body.subarray(0, 2_000).toString('utf8');
  const fallback = status >= 500 || status === 408 ? 'server-error' : 'status';
  const reason = STATUS_REASONS[status] ?? reasonOfText(text, fallback);
  const asked = retryAfterMs(headers['retry-after'], rules.nowMs);
  const usual = rules.pauses?.[status] ?? PAUSES_MS[reason];
  const pauseMs =
    banMs(text, rules.nowMs) ??
    (asked === undefined ? usual : Math.min(asked, RETRY_AFTER_MS_MAX)) ??
    undefined;
  const said = text.startsWith('<') ? 'a page' : text.replace(/\s+/g, ' ').slice(0, 160);
  return new Refusal(reason, `status ${status}: ${said}`, { pauseMs });
}

/** The rest of a ban that the text dates: `IP banned until 1516363116074` (Binance, epoch ms). */
function banMs(text: string, nowMs: number): number | undefined {
  const until = /banned until (\d{13})\b/.exec(text)?.[1];
  if (until === undefined) return undefined;
  return Math.min(Math.max(Number(until) - nowMs, MINUTE_MS), BAN_MS_MAX);
}

/** A page instead of JSON, as far as the answer itself says so. */
export function judgeType({ headers }: HttpResponse): Refusal | undefined {
  const type = headers['content-type'] ?? '';
  if (!/\bhtml\b/i.test(type)) return undefined;
  return new Refusal('html', `a page where JSON was due: ${type}`);
}

/** The JSON of a body, numbers as text: what `reader` reads. @throws Refusal `html`, `not-json`. */
export function decodeBody(bytes: Uint8Array, reader: NumberJsonReader = wholeReader): unknown {
  if (beginsWithMarkup(bytes)) throw new Refusal('html', 'markup where JSON was due');
  try {
    return reader.read(bytes);
  } catch (cause) {
    const what = cause instanceof TypeError ? 'UTF-8' : 'JSON, or is cut';
    const text = `a body of ${bytes.length} bytes that is not ${what}`;
    throw new Refusal('not-json', text, { cause });
  }
}

/** The JSON of an answer with status 200. @throws Refusal `html` or `not-json`. */
export function decodeJson(response: HttpResponse): unknown {
  const refusal = judgeType(response);
  if (refusal) throw refusal;
  return decodeBody(response.body);
}

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const LESS_THAN = 60;

function beginsWithMarkup(bytes: Uint8Array): boolean {
  let at = BYTE_ORDER_MARK.every((byte, i) => bytes[i] === byte) ? BYTE_ORDER_MARK.length : 0;
  for (let byte = bytes[at]; byte === 32 || (byte !== undefined && byte >= 9 && byte <= 13); ) {
    at += 1;
    byte = bytes[at];
  }
  return bytes[at] === LESS_THAN;
}

/** A smaller answer that stays for this long is how the exchange is now. */
const SHRUNKEN_MS_MAX = 30 * MINUTE_MS;

export interface Acceptance {
  /** Rows of the last accepted poll; 0 before the first. */
  readonly lastRows: number;
  /** How long the answers have been too small, in ms. */
  readonly shrunkenForMs: number;
}

/** Fewer than half of the rows of the last accepted poll are not believed. */
export function judgeRows(rows: number, last: Acceptance): Refusal | undefined {
  if (rows === 0) return new Refusal('empty', 'a good answer without one usable row');
  if (rows * 2 >= last.lastRows || last.shrunkenForMs >= SHRUNKEN_MS_MAX) return undefined;
  return new Refusal('shrunken', `${rows} rows, the last accepted poll had ${last.lastRows}`);
}

/** Takes a poll's rows when they may be written. @throws Refusal `empty` or `shrunken`. */
export type Accept = (parsed: ParsedPrices) => ParsedPrices;

/** Remembers how many rows one source's last accepted poll had. */
export function createAcceptance(clock: Clock): Accept {
  let lastRows = 0;
  let shrunkenSinceMs: number | undefined;
  return (parsed) => {
    const nowMs = clock.nowMs();
    const shrunkenForMs = nowMs - (shrunkenSinceMs ?? nowMs);
    const { length } = parsed.writing?.markets ?? parsed.rows;
    const refusal = judgeRows(length, { lastRows, shrunkenForMs });
    if (refusal?.reason === 'shrunken') shrunkenSinceMs ??= nowMs;
    if (refusal) throw refusal;
    shrunkenSinceMs = undefined;
    lastRows = length;
    return parsed;
  };
}

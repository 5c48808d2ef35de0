import { type HttpResponse, retryAfterMs } from '../../core/http.ts';
import { parseNumberJson } from './number-json.ts';
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

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The JSON of an answer with status 200, numbers as text. @throws Refusal `html` or `not-json`. */
export function decodeJson(response: HttpResponse): unknown {
  const type = response.headers['content-type'] ?? '';
  if (/\bhtml\b/i.test(type)) throw new Refusal('html', `a page where JSON was due: ${type}`);
  let text: string;
  try {
    text = utf8.decode(response.body);
  } catch (cause) {
    throw new Refusal('not-json', 'a body that is not UTF-8', { cause });
  }
  if (/^\s*</.test(text)) throw new Refusal('html', 'markup where JSON was due');
  try {
    return parseNumberJson(text);
  } catch (cause) {
    const bytes = response.body.length;
    throw new Refusal('not-json', `a body of ${bytes} bytes that is not JSON, or is cut`, {
      cause,
    });
  }
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

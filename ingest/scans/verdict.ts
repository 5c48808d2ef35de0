import type { Answer } from './exchange.ts';
import { textOf } from './exchange.ts';
import type { Found, Matcher } from './matcher.ts';
import { readNumber } from './numbers.ts';
import type { Reason } from './outcome.ts';
import type { Match } from './pattern.ts';
import type { ScanMatch } from './result.ts';
import type { Stop } from './stop.ts';
import { expects, type ScanTarget } from './target.ts';
import { bodyText } from './text.ts';

/** What is kept of a body for people to look at. */
export const EVIDENCE_BYTES = 1024;

/** What a whole answer amounts to. */
export interface Judgement {
  readonly reason: Reason;
  readonly detail?: string;
  readonly charset?: string;
  /** The beginning of the body, where it was read as text. */
  readonly evidence?: string;
  readonly matched?: boolean;
  readonly match?: ScanMatch;
  /** The text went on after what was looked at. */
  readonly truncated: boolean;
}

/**
 * Judges an answer: the status first, then the pattern. Without a match in a body that was cut, the
 * verdict is `too-large`: neither a match nor its absence was seen.
 * @throws ScanFailure `timeout-match`; Stopped when the scan ends meanwhile.
 */
export async function judge(
  target: ScanTarget,
  answer: Answer,
  tools: { readonly matcher: Matcher; readonly stop: Stop },
): Promise<Judgement> {
  const { status, truncated } = answer;
  if (!expects(target, status)) {
    if (status === 429) return { reason: 'throttled', truncated };
    return { reason: 'status', detail: `status ${status} was not expected`, truncated };
  }
  if (!target.pattern) return { reason: 'ok', truncated };
  const contentType = textOf(answer.headers['content-type']);
  const { text, charset } = bodyText({ bytes: answer.body, contentType, truncated });
  const found = await tools.matcher.find(target.pattern, text, tools.stop);
  const cut = truncated || found.cut;
  const { match } = found;
  const looked = { charset, matched: match !== undefined, truncated: cut, evidence: shown(text) };
  if (match) return { reason: 'ok', ...looked, match: scanMatch(match) };
  if (!cut) return { reason: 'no-match', ...looked };
  return { reason: 'too-large', detail: cutText(answer, text, found), ...looked };
}

function cutText(answer: Answer, text: string, found: Found): string {
  return found.cut
    ? `no match so far: of ${text.length} characters not all were looked at for this pattern`
    : `no match in the first ${answer.bodyBytes} bytes, and the body goes on`;
}

function scanMatch({ at, text, groups }: Match): ScanMatch {
  const values: Record<string, number> = {};
  for (const [name, written] of Object.entries(groups)) {
    const value = readNumber(written);
    if (value !== undefined) values[name] = value;
  }
  return { at, text, values };
}

/** The beginning of a body, as text. */
export function evidenceOf(bytes: Buffer, contentType: string | undefined): string {
  const truncated = bytes.length > EVIDENCE_BYTES;
  return shown(bodyText({ bytes: bytes.subarray(0, EVIDENCE_BYTES), contentType, truncated }).text);
}

/** As any database takes it: no NUL, no half of a character. */
function shown(text: string): string {
  const start = text.slice(0, EVIDENCE_BYTES);
  const whole = /[\ud800-\udbff]$/.test(start) ? start.slice(0, -1) : start;
  return whole.includes('\0') ? whole.replaceAll('\0', '\ufffd') : whole;
}

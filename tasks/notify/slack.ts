import type { AlertMessage } from '../../core/alert-message.ts';
import type { Clock } from '../../core/clock.ts';
import type { HttpClient } from '../../core/http.ts';
import { delivered, post, refused } from './answers.ts';
import type { Sender, Sent } from './sender.ts';
import { type Fact, wordingOf } from './wording.ts';

/** Of a section of a block message. */
const SECTION_LENGTH_MAX = 3_000;

/** What Slack's markup takes for its own is written so that it is not: `<!channel>` calls nobody. */
export function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A message with blocks for people, and a text for notifications. */
export function slackBody(message: AlertMessage): object {
  const { title, text, facts, links } = wordingOf(message);
  const sections = [section([escapeSlack(text)]), section(facts.map(line))];
  const shown = links.map(({ label, url }) => `<${encodeURI(url)}|${escapeSlack(label)}>`);
  return {
    text: escapeSlack(title),
    blocks: [
      // Of plain text: nothing in it is markup.
      { type: 'header', text: { type: 'plain_text', text: title, emoji: false } },
      ...[...sections, section(shown)].filter((block) => block.text.text !== ''),
    ],
    unfurl_links: false,
  };
}

function line({ label, value }: Fact): string {
  return `*${escapeSlack(label)}*: ${escapeSlack(value)}`;
}

/** Whole lines, as many as there is room for: half of `&amp;` would be nonsense. */
function section(lines: readonly string[]) {
  let text = '';
  for (const each of lines) {
    const longer = text === '' ? each : `${text}\n${each}`;
    if (longer.length > SECTION_LENGTH_MAX) {
      text ||= each.slice(0, SECTION_LENGTH_MAX).replace(/&[a-z]*$/, '');
      break;
    }
    text = longer;
  }
  return { type: 'section', text: { type: 'mrkdwn', text } };
}

/** The hook, or what it leads to, is not there any more. */
const GONE = [
  'no_service',
  'no_service_id',
  'no_team',
  'team_disabled',
  'invalid_token',
  'invalid_auth',
  'token_revoked',
  'account_inactive',
  'channel_not_found',
  'channel_is_archived',
  'user_not_found',
  'action_prohibited',
  'no_active_hooks',
];
/** The message itself is refused, whenever it is sent. */
const NEVER = /\b(invalid_\w+|too_many_attachments|no_text)\b/;

/** An incoming webhook of Slack: nothing but `ok` is a yes. */
export function createSlackSender({
  http,
  clock,
}: {
  readonly http: HttpClient;
  readonly clock: Clock;
}): Sender<'slack'> {
  return async ({ address, payload, signal }) => {
    const posted = await post(http, {
      ...{ url: address.url, from: 'user', body: JSON.stringify(slackBody(payload)), signal },
      headers: { 'content-type': 'application/json; charset=utf-8' },
    });
    if ('sent' in posted) return posted.sent;
    const { answer, text } = posted;
    if (answer.status === 200 && isYes(text)) return delivered(answer, text);
    const said = /^[a-z_]{2,40}$/.test(text.trim()) ? `: ${text.trim()}` : '';
    const nowMs = clock.nowMs();
    const reason = `HTTP ${answer.status}${said}`;
    return verdict(refused(answer, text, { nowMs, reason }), text);
  };
}

function verdict(no: Sent, text: string): Sent {
  const { status } = no;
  if (status === 429 || (status ?? 500) >= 500) return no;
  if (status === 404 || status === 410 || GONE.some((word) => text.includes(word))) {
    return { ...no, end: 'dead', disable: true };
  }
  return NEVER.test(text) ? { ...no, end: 'dead' } : no;
}

/** `ok`, or a JSON that says so: some that speak Slack's language answer like its API. */
function isYes(text: string): boolean {
  const plain = text.trim();
  return plain === 'ok' || /^\{\s*"ok"\s*:\s*true\b/.test(plain);
}

import { createHash } from 'node:crypto';
import type { AlertMessage } from '../../core/alert-message.ts';
import type { Clock } from '../../core/clock.ts';
import type { HttpClient } from '../../core/http.ts';
import { delivered, post, refused } from './answers.ts';
import type { Sender } from './sender.ts';
import { cut, wordingOf } from './wording.ts';

const SUMMARY_LENGTH_MAX = 1_024;
const REGIONS = { us: 'https://events.pagerduty.com', eu: 'https://events.eu.pagerduty.com' };

/** Events API v2: an event, or a change, which calls nobody. */
export interface PagerDutyEvent {
  readonly path: '/v2/enqueue' | '/v2/change/enqueue';
  readonly body: object;
}

/**
 * The event of a message. The key of an incident is made of what it is about, never of what was
 * answered: the end of an alert finds its begin whoever sends it.
 */
export function pagerDutyEvent(
  message: AlertMessage,
  { key, channel, id }: { readonly key: string; readonly channel: number; readonly id: string },
): PagerDutyEvent {
  const { title, text, facts, links } = wordingOf(message);
  const summary = cut(`${title}: ${text}`, SUMMARY_LENGTH_MAX);
  const details = Object.fromEntries(facts.map(({ label, value }) => [label, value]));
  const shown = links.map(({ label, url }) => ({ href: url, text: label }));
  const about = { summary, timestamp: message.timestamp, source: sourceOf(message) };
  if (message.type === 'channel.confirm' || message.type === 'alert.canary') {
    const payload = { ...about, custom_details: details };
    return { path: '/v2/change/enqueue', body: { routing_key: key, payload, links: shown } };
  }
  const payload = { ...about, severity: severityOf(message), custom_details: details };
  const body = {
    routing_key: key,
    event_action: isOver(message) ? 'resolve' : 'trigger',
    dedup_key: incidentKey(message, channel, id),
    ...{ payload, links: shown, client: 'Tidemark' },
  };
  return { path: '/v2/enqueue', body };
}

function isOver(message: AlertMessage): boolean {
  return (
    message.type === 'alert.resolved' ||
    (message.type === 'alert.digest' && message.data.resolved === true)
  );
}

function severityOf({ type }: AlertMessage): string {
  if (type === 'alert.test') return 'info';
  return type === 'channel.notice' ? 'error' : 'warning';
}

function sourceOf(message: AlertMessage): string {
  if (message.type === 'alert.fired' || message.type === 'alert.resolved') {
    return message.data.series.exchange ?? 'tidemark';
  }
  return 'tidemark';
}

function incidentKey(message: AlertMessage, channel: number, id: string): string {
  const parts: (string | number)[] = [channel];
  if (message.type === 'alert.fired' || message.type === 'alert.resolved') {
    parts.push('alert', message.data.alert.id, message.data.series.key);
  } else if (message.type === 'alert.digest') parts.push('digest', message.data.rule);
  else if (message.type === 'channel.notice') parts.push('notice', message.data.channel);
  else parts.push('message', id);
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
  return `tidemark-${digest}`;
}

export interface PagerDutyOptions {
  readonly http: HttpClient;
  readonly clock: Clock;
  /** Instead of PagerDuty's own, for both regions. */
  readonly url: string | undefined;
}

/** PagerDuty's Events API v2. */
export function createPagerDutySender({ http, clock, url }: PagerDutyOptions): Sender<'pagerduty'> {
  return async ({ claim, address, payload, signal }) => {
    const { key, region } = address;
    const { channel, message: id } = claim;
    const { path, body } = pagerDutyEvent(payload, { key, channel, id });
    const posted = await post(http, {
      // PagerDuty's own addresses, or the operator's: no user has a say in it.
      ...{ url: `${url ?? REGIONS[region]}${path}`, from: 'operator', signal },
      ...{ body: JSON.stringify(body), headers: { 'content-type': 'application/json' } },
    });
    if ('sent' in posted) return posted.sent;
    const { answer, text } = posted;
    if (answer.status >= 200 && answer.status < 300) return delivered(answer, text);
    const no = refused(answer, text, { nowMs: clock.nowMs() });
    if (answer.status !== 400) return no;
    // The event is refused whenever it is sent; so is every other, where it is for the key.
    return { ...no, end: 'dead', disable: /routing[_ ]key/i.test(text) };
  };
}

import { createHmac } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { TidemarkError } from '../../core/errors.ts';
import type { HttpClient } from '../../core/http.ts';
import type { ChannelSecret } from '../../registry/channel-address.ts';
import { delivered, post, refused } from './answers.ts';
import type { Sender } from './sender.ts';

/** Most of one message that is signed by more than one secret. */
export interface Signed {
  readonly message: string;
  /** Seconds since the epoch, of this attempt. */
  readonly timestamp: number;
  readonly body: string;
  /** `whsec_` and base64. */
  readonly secrets: readonly string[];
}

/**
 * The signatures of Standard Webhooks 1.0.0, with blanks between: `v1`, HMAC-SHA256 of id, timestamp
 * and body.
 * @throws TidemarkError `internal` for an id with a dot, which would make two messages look the same
 */
export function signaturesOf({ message, timestamp, body, secrets }: Signed): string {
  if (message.includes('.')) throw new TidemarkError('internal', 'a dot in the id of a message');
  const signed = `${message}.${timestamp}.${body}`;
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
  });
  return signatures.join(' ');
}

/** Those that are in force: the newest, and older ones until their time is over. */
export function secretsInForce(signing: ChannelSecret['signing'], nowMs: number): string[] {
  return signing
    .filter(({ untilMs }) => untilMs === null || untilMs > nowMs)
    .map(({ secret }) => secret);
}

/** Standard Webhooks: each 2xx is a yes, 410 ends it for good, all else is tried again. */
export function createWebhookSender({
  http,
  clock,
}: {
  readonly http: HttpClient;
  readonly clock: Clock;
}): Sender<'webhook'> {
  return async ({ claim, address, payload, nowMs, signal }) => {
    const body = JSON.stringify(payload);
    const timestamp = Math.floor(clock.nowMs() / 1_000);
    const secrets = secretsInForce(claim.secret.signing, nowMs);
    const { message } = claim;
    const posted = await post(http, {
      ...{ url: address.url, from: 'user', body, signal },
      headers: {
        'content-type': 'application/json',
        'webhook-id': message,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signaturesOf({ message, timestamp, body, secrets }),
      },
    });
    if ('sent' in posted) return posted.sent;
    const { answer, text } = posted;
    if (answer.status >= 200 && answer.status < 300) return delivered(answer, text);
    const no = refused(answer, text, { nowMs: clock.nowMs() });
    if (answer.status !== 410) return no;
    return { ...no, end: 'dead', reason: 'HTTP 410: it wants nothing more', disable: true };
  };
}

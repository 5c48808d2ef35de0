import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { TidemarkError } from '../core/errors.ts';

export const CHANNEL_KINDS = ['webhook', 'slack', 'pagerduty', 'email', 'canary'] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

/** Where messages are sent to. All of it is secret: whoever knows it can write there. */
export type ChannelAddress =
  | { readonly kind: 'webhook' | 'slack'; readonly url: string }
  | { readonly kind: 'pagerduty'; readonly key: string; readonly region: 'us' | 'eu' }
  | { readonly kind: 'email'; readonly address: string }
  | { readonly kind: 'canary' };

const KEY = z.string().min(16);

/** What a channel keeps to itself. */
export const channelSecret = z.object({
  address: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('webhook'), url: z.string() }),
    z.object({ kind: z.literal('slack'), url: z.string() }),
    z.object({ kind: z.literal('pagerduty'), key: z.string(), region: z.enum(['us', 'eu']) }),
    z.object({ kind: z.literal('email'), address: z.string() }),
    z.object({ kind: z.literal('canary') }),
  ]),
  /** What its messages are signed with, the newest first; older ones until a moment. */
  signing: z.array(z.object({ secret: z.string(), untilMs: z.number().nullable() })),
  /** Tokens are made of these: the first is another after each time that it has to confirm. */
  confirmKey: KEY,
  leaveKey: KEY,
});

export type ChannelSecret = z.infer<typeof channelSecret>;

const URL_LENGTH_MAX = 2_000;
const EMAIL_LENGTH_MAX = 254;
/** No quoted names, no address literals: nobody uses them, and mail programs disagree on them. */
const EMAIL =
  /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/i;

/**
 * The address in the one form in which it is kept and compared.
 * @throws TidemarkError `invalid`; what is wrong with it, never the address
 */
export function checkedAddress(address: ChannelAddress): ChannelAddress {
  if (address.kind === 'webhook' || address.kind === 'slack') {
    return { kind: address.kind, url: checkedUrl(address.url) };
  }
  if (address.kind === 'pagerduty') {
    const { kind, key, region } = address;
    if (/^[a-z0-9]{20,64}$/i.test(key)) return { kind, key, region };
    throw new TidemarkError('invalid', 'not an integration key of PagerDuty');
  }
  if (address.kind === 'email') {
    const text = address.address.trim();
    if (text.length > EMAIL_LENGTH_MAX || !EMAIL.test(text)) {
      throw new TidemarkError('invalid', 'not an e-mail address');
    }
    const at = text.lastIndexOf('@');
    return { kind: 'email', address: text.slice(0, at) + text.slice(at).toLowerCase() };
  }
  return { kind: 'canary' };
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new TidemarkError('invalid', 'not an http or https URL');
  }
  if (url.username !== '' || url.password !== '') {
    throw new TidemarkError('invalid', 'a URL with credentials');
  }
  url.hash = '';
  if (url.href.length > URL_LENGTH_MAX) {
    throw new TidemarkError('invalid', `a URL above ${URL_LENGTH_MAX} characters`);
  }
  return url.href;
}

/** The address as anybody may see it: paths, queries and keys are what lets one write there. */
export function shownAddress(address: ChannelAddress): string {
  if (address.kind === 'canary') return 'canary';
  if (address.kind === 'email') return address.address;
  if (address.kind === 'pagerduty')
    return `pagerduty (${address.region}) …${address.key.slice(-4)}`;
  const { origin, pathname, search } = new URL(address.url);
  return pathname === '/' && search === '' ? origin : `${origin}/…`;
}

/** The same for the same address. */
export function addressKey(address: ChannelAddress): string {
  const { kind, ...rest } = address;
  return createHash('sha256')
    .update(JSON.stringify([kind, rest]))
    .digest('base64url');
}

/** Of Standard Webhooks: `whsec_` and 32 random bytes. */
export function newSigningSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

export function newKey(): string {
  return randomBytes(24).toString('base64url');
}

export type TokenUse = 'confirm' | 'leave';

/** What the owner of a channel shows to confirm it, or to be left alone. Nothing keeps it. */
export function channelToken(use: TokenUse, id: number, secret: ChannelSecret): string {
  const key = use === 'confirm' ? secret.confirmKey : secret.leaveKey;
  return `${id}.${createHmac('sha256', key).update(`${use} ${id}`).digest('base64url')}`;
}

/** Whose token it may be; undefined: nobody's. */
export function tokenChannel(token: string): number | undefined {
  const id = /^(\d{1,15})\.[\w-]{43}$/.exec(token)?.[1];
  return id === undefined ? undefined : Number(id);
}

export function isToken(token: string, expected: string): boolean {
  const [given, wanted] = [Buffer.from(token), Buffer.from(expected)];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

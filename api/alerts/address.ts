import type { z } from 'zod';
import { isCode, TidemarkError } from '../../core/errors.ts';
import { checkedAddress } from '../../registry/channel-address.ts';
import type { ChannelAddress } from '../../registry/channels.ts';
import { HttpProblem } from '../http/errors.ts';
import { demandReachable, wrongField } from '../http/field-errors.ts';
import type { AlertDesk } from './desk.ts';
import type { channelWish } from './schemas.ts';

type Wish = z.output<typeof channelWish>;
type Desk = Pick<AlertDesk, 'refusalOf' | 'mails'>;

const KINDS = ['webhook', 'slack', 'email', 'pagerduty'] as const;

/**
 * Where something is sent.
 * @throws TidemarkError `invalid` naming the field, HttpProblem 422 for a place out of reach
 */
export async function readAddress(desk: Desk, wish: Wish): Promise<ChannelAddress> {
  const given = KINDS.filter((kind) => wish[kind] !== undefined);
  const [kind] = given;
  if (kind === undefined || given.length > 1) {
    throw wrongField(given[1] ?? 'webhook', `exactly one of ${KINDS.join(', ')}`);
  }
  const address = checked(kind, wish);
  if (kind === 'email' && !desk.mails) {
    throw new HttpProblem(422, 'unprocessable', 'field email: no e-mail can be sent from here', {
      details: { field: 'email', fix: 'the settings SMTP_URL and SMTP_FROM' },
    });
  }
  if ('url' in address) demandReachable(await desk.refusalOf(address.url), kind);
  return address;
}

/** A fallback that is the address itself would not help. */
export async function readFallback(
  desk: Desk,
  wish: Wish | null,
  address: ChannelAddress | undefined,
): Promise<ChannelAddress | null> {
  if (wish === null) return null;
  const fallback = await readAddress(desk, wish);
  if (JSON.stringify(fallback) !== JSON.stringify(address)) return fallback;
  throw wrongField('fallback', 'another address than the first');
}

function checked(kind: (typeof KINDS)[number], wish: Wish): ChannelAddress {
  try {
    return checkedAddress(addressOf(kind, wish));
  } catch (error) {
    if (!isCode(error, 'invalid')) throw error;
    throw new TidemarkError('invalid', `field ${kind}: ${error.message}`, {
      details: { field: kind },
    });
  }
}

function addressOf(kind: (typeof KINDS)[number], wish: Wish): ChannelAddress {
  const { email = '', pagerduty = '' } = wish;
  if (kind === 'email') return { kind, address: email };
  if (kind !== 'pagerduty') return { kind, url: wish[kind] ?? '' };
  const { key, region = 'us' } = typeof pagerduty === 'string' ? { key: pagerduty } : pagerduty;
  return { kind, key, region };
}

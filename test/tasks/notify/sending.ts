/** Senders over real connections to receivers on loopback, which their gate lists by place. */

import type { AlertMessage } from '../../../core/alert-message.ts';
import type { Clock } from '../../../core/clock.ts';
import { systemClock } from '../../../core/clock.ts';
import { createHttp, type HttpClient } from '../../../core/http.ts';
import { createGate } from '../../../core/targets.ts';
import type { ChannelSecret } from '../../../registry/channel-address.ts';
import type { Outgoing } from '../../../tasks/notify/sender.ts';
import { firedMessage } from '../../helpers/deliveries.ts';

export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

export function secretOf(
  address: ChannelSecret['address'],
  signing: ChannelSecret['signing'] = [{ secret: SECRET, untilMs: null }],
): ChannelSecret {
  const keys = { confirmKey: 'confirm-key-of-it', leaveKey: 'leave-key-of-this' };
  return { address, signing, ...keys };
}

export function guardedHttp(places: readonly string[], clock: Clock = systemClock): HttpClient {
  const gate = createGate({ allowPrivate: places });
  return createHttp({ clock, version: '1.2.3', gate });
}

export function outgoing<Address extends ChannelSecret['address']>(
  address: Address,
  {
    payload = firedMessage(),
    secret = secretOf(address),
    message = 'msg_one',
  }: { payload?: AlertMessage; secret?: ChannelSecret; message?: string } = {},
): Outgoing<Address['kind']> {
  const claim = { channel: 7, message, secret };
  const signal = new AbortController().signal;
  return { claim, address, payload, nowMs: 1_000, signal } as unknown as Outgoing<Address['kind']>;
}

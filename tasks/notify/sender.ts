import type { AlertMessage } from '../../core/alert-message.ts';
import type { ChannelKind, ChannelSecret } from '../../registry/channel-address.ts';
import type { DeliveryClaim } from '../../registry/delivery-claims.ts';

type Address = ChannelSecret['address'];

/** A message, and where it goes. */
export interface Outgoing<Kind extends ChannelKind = ChannelKind> {
  readonly claim: Pick<DeliveryClaim, 'channel' | 'message' | 'secret'>;
  readonly address: Extract<Address, { readonly kind: Kind }>;
  readonly payload: AlertMessage;
  /** By the database's clock: what secrets end by. */
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/** What came of one attempt. */
export interface Sent {
  /** `dead`: no attempt will ever do; `failed`: another one may. */
  readonly end: 'delivered' | 'failed' | 'dead';
  /** Of the answer; null: there was none. */
  readonly status: number | null;
  /** Why not, for people. Secrets may be in it until it is redacted. */
  readonly reason: string | null;
  readonly answer: string | null;
  readonly retryAfterMs?: number | undefined;
  /** The receiver wants nothing more, or cannot be there. */
  readonly disable?: boolean;
}

/**
 * Sends to channels of one kind. It gives up by itself well before a lease is over.
 * @throws only where it is a bug, and where the signal ends it
 */
export type Sender<Kind extends ChannelKind> = (outgoing: Outgoing<Kind>) => Promise<Sent>;

/** One for each kind: a new one is written beside the others, and named here. */
export type Senders = { readonly [Kind in ChannelKind]: Sender<Kind> };

/** By the sender of the kind of its address. */
export function sendBy(senders: Senders, outgoing: Outgoing): Promise<Sent> {
  const send = senders[outgoing.address.kind] as Sender<ChannelKind>;
  return send(outgoing);
}

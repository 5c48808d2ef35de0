import type { ChannelFilter, ChannelView } from '../../registry/channels.ts';
import type { Delivery, DeliveryFilter, WholeDelivery } from '../../registry/deliveries.ts';
import type { Replayed, ReplayFilter } from '../../registry/delivery-upkeep.ts';

type ByToken = (token: string) => Promise<ChannelView | undefined>;

/** Where channels are kept, without their secrets. */
export interface ChannelDesk {
  list(filter: ChannelFilter): Promise<readonly ChannelView[]>;
  find(id: number): Promise<ChannelView | undefined>;
  /** Switches it off; what waits goes to fallbacks. */
  disable(id: number): Promise<ChannelView | undefined>;
  /** Switches it on, or asks it again: it has to confirm. */
  enable(id: number): Promise<ChannelView | undefined>;
  /** A new secret; @throws TidemarkError `conflict` for what is not signed. */
  rotate(
    id: number,
    graceMs: number,
  ): Promise<{ readonly channel: ChannelView; readonly secret: string } | undefined>;
  /** Whose token it is; undefined: nobody's. */
  ofToken(use: 'confirm' | 'leave', token: string): Promise<ChannelView | undefined>;
  readonly confirm: ByToken;
  readonly leave: ByToken;
}

/** Messages that are to be sent, or were. */
export interface DeliveryDesk {
  list(filter: DeliveryFilter): Promise<readonly Delivery[]>;
  find(id: number): Promise<WholeDelivery | undefined>;
  /** Dead ones are sent again, under the same key of the receiver. */
  replay(filter: Omit<ReplayFilter, 'ttlMs'>): Promise<Replayed>;
}

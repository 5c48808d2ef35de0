import type { AlertEvent, AlertEventFilter } from '../../registry/alert-events.ts';
import type { Alert, AlertChange, AlertFilter, NewAlert } from '../../registry/alerts.ts';
import type { ChannelAddress, ChannelView, EnsuredChannel } from '../../registry/channels.ts';
import type { UrlRefusal } from '../contract.ts';
import type { AlertPreview } from './preview.ts';

/** Where alerts are kept, and what they may be about. */
export interface AlertDesk {
  /** How many different rules may be evaluated at once. */
  readonly rulesMax: number;
  /** How many there would be with these. */
  rulesWith(keys: readonly string[]): Promise<number>;
  /** Whether e-mails can be sent from here. */
  readonly mails: boolean;
  /** Why a url may not be reached; undefined: it may. */
  refusalOf(url: string): Promise<UrlRefusal | undefined>;
  /** The tag of a pair that is listed, of those that a spelling may mean; or names like it. */
  pairOf(
    spellings: readonly string[],
  ): Promise<{ readonly pair: string } | { readonly near: readonly string[] }>;
  /** Every exchange that is known, by name. */
  exchanges(): Promise<readonly string[]>;
  /** Those of the ids that nothing has. */
  missing(thing: 'monitor' | 'feed' | 'rule', ids: readonly number[]): Promise<readonly number[]>;
  /** Made, or found. A new one is asked to confirm. */
  channel(address: ChannelAddress): Promise<EnsuredChannel>;
  findChannel(id: number): Promise<ChannelView | undefined>;
  add(wanted: NewAlert): Promise<{ readonly alert: Alert; readonly made: boolean }>;
  change(id: number, change: AlertChange): Promise<Alert | undefined>;
  /** What is on its way is not sent. */
  remove(id: number): Promise<Alert | undefined>;
  find(id: number): Promise<Alert | undefined>;
  list(filter: AlertFilter): Promise<readonly Alert[]>;
  /** What became of them; the newest first. */
  events(filter: AlertEventFilter): Promise<readonly AlertEvent[]>;
  readonly preview: AlertPreview;
  /** Sends a message that says that it is a test; its number. */
  test(alert: Alert): Promise<number>;
}

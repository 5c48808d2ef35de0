/** What is told of alerts: the body of a webhook, and what all other messages are made of. */
import { createHash } from 'node:crypto';

/** Of which series something is told. What does not apply is null. */
export interface MessageSeries {
  readonly key: string;
  readonly exchange: string | null;
  readonly pair: string | null;
  readonly monitor: number | null;
  readonly metric: string | null;
}

/** One alert of one series. Times are ISO 8601 in UTC; what does not apply is null. */
export interface MessageFiring {
  readonly alert: { readonly id: number; readonly name: string; readonly kind: string };
  readonly series: MessageSeries;
  readonly value: number | null;
  readonly average: number | null;
  readonly factor: number | null;
  readonly limit: number | null;
  readonly direction: 'above' | 'below' | null;
  /** How many points the average is of. */
  readonly samples: number | null;
  readonly window: { readonly start: string; readonly end: string };
  /** Of the point. */
  readonly time: string;
  /** It was found, or comes, later than it should. */
  readonly late: boolean;
  readonly rank: { readonly rank: number; readonly of: number } | null;
  readonly links: { readonly alert: string; readonly series: string | null };
  /** One sentence. */
  readonly reason: string;
  /** Facts of the monitor, the article or the missing series, where it is about one. */
  readonly about?: Readonly<Record<string, unknown>> | undefined;
}

export interface FiredData extends MessageFiring {
  /** The last points of the series, the oldest first: time and value. */
  readonly recent: readonly (readonly [string, number])[];
  /** A script that finds it again. */
  readonly flux: string | null;
}

export interface ResolvedData extends MessageFiring {
  readonly resolved: string;
  /** Nothing came of the firing before: this tells of both. */
  readonly merged: boolean;
}

export interface DigestData {
  readonly count: number;
  readonly rule: string;
  readonly window: { readonly start: string; readonly end: string };
  readonly time: string;
  readonly late: boolean;
  /** They are over. */
  readonly resolved?: boolean | undefined;
  /** The strongest first. */
  readonly firings: readonly MessageFiring[];
  readonly series: readonly string[];
  /** How many series are not named. */
  readonly more: number;
}

export interface TestData {
  readonly alert: { readonly id: number; readonly name: string; readonly kind: string } | null;
  readonly channel: number;
  readonly reason: string;
}

export interface ConfirmData {
  readonly channel: number;
  readonly reason: string;
}

export interface NoticeData {
  /** The channel that it is about; what tells it is another. */
  readonly channel: number;
  readonly shown: string;
  readonly state: 'failing' | 'disabled';
  readonly since: string;
  readonly reason: string;
}

export interface CanaryData {
  readonly time: string;
  readonly late: boolean;
}

interface Message<Type extends string, Data> {
  readonly type: Type;
  /** When it was made: the same at every attempt. */
  readonly timestamp: string;
  readonly data: Data;
}

export type AlertMessage =
  | Message<'alert.fired', FiredData>
  | Message<'alert.resolved', ResolvedData>
  | Message<'alert.digest', DigestData>
  | Message<'alert.test', TestData>
  | Message<'alert.canary', CanaryData>
  | Message<'channel.confirm', ConfirmData>
  | Message<'channel.notice', NoticeData>;

/**
 * The receiver's key against repeats, the same for the same parts: for a firing the channel, the
 * alert, the series and the window; for a digest the channel, the rule and the step.
 */
export function messageId(...parts: readonly (string | number)[]): string {
  const digest = createHash('sha256').update(JSON.stringify(parts.map(String)));
  return `msg_${digest.digest('base64url').slice(0, 28)}`;
}

/** What goes one after the other: all that is told of a series to the subscribers of an alert. */
export function subjectOf(alert: number, series: string): string {
  return `${alert}|${series}`;
}

/** Standard Webhooks: bodies stay below it. */
export const MESSAGE_BYTES_MAX = 20_000;
const TEXT_LENGTH_MAX = 500;

/** A message of less than `MESSAGE_BYTES_MAX` bytes of JSON: what is least needed goes first. */
export function fittedMessage(message: AlertMessage): AlertMessage {
  let fitted = message;
  let bytes = bytesOf(fitted);
  for (const less of LESS) {
    // Halves of halves: a list of any length is short enough after few of them.
    while (bytes >= MESSAGE_BYTES_MAX) {
      const shorter = less(fitted);
      const left = bytesOf(shorter);
      if (left >= bytes) break;
      [fitted, bytes] = [shorter, left];
    }
  }
  return fitted;
}

function bytesOf(message: AlertMessage): number {
  return Buffer.byteLength(JSON.stringify(message));
}

const firstHalf = <T>(list: readonly T[]) => list.slice(0, Math.floor(list.length / 2));
const lastHalf = <T>(list: readonly T[]) => list.slice(Math.ceil(list.length / 2));

/** In the order in which they are tried, each as often as it takes. */
const LESS: readonly ((message: AlertMessage) => AlertMessage)[] = [
  (message) => {
    if (message.type !== 'alert.fired') return message;
    return { ...message, data: { ...message.data, recent: lastHalf(message.data.recent) } };
  },
  (message) => {
    if (message.type !== 'alert.digest') return message;
    const { data } = message;
    const series = firstHalf(data.series);
    const more = data.more + data.series.length - series.length;
    return { ...message, data: { ...data, series, more } };
  },
  (message) => {
    if (message.type !== 'alert.digest') return message;
    return { ...message, data: { ...message.data, firings: firstHalf(message.data.firings) } };
  },
  shortTexts,
  (message) => {
    if (message.type !== 'alert.fired' && message.type !== 'alert.resolved') return message;
    const { about: _about, ...data } = message.data;
    return { ...message, data } as AlertMessage;
  },
  (message) => {
    if (message.type !== 'alert.fired') return message;
    return { ...message, data: { ...message.data, flux: null } };
  },
];

/** No text is longer than a sentence. Nothing but texts of users can be. */
function shortTexts(message: AlertMessage): AlertMessage {
  const short = (part: unknown): unknown => {
    if (typeof part === 'string') return [...part.slice(0, TEXT_LENGTH_MAX)].join('');
    if (Array.isArray(part)) return part.map(short);
    if (part === null || typeof part !== 'object') return part;
    // Half a script is none.
    const shorter = ([name, value]: [string, unknown]) =>
      name === 'flux' ? [name, value] : [name, short(value)];
    return Object.fromEntries(Object.entries(part).map(shorter));
  };
  return short(message) as AlertMessage;
}

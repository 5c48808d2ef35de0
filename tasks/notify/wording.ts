import type { AlertMessage, MessageFiring } from '../../core/alert-message.ts';

/** What people read, without markup: each channel escapes and cuts it in its own way. */
export interface Wording {
  /** One line, of at most `TITLE_LENGTH_MAX` characters. */
  readonly title: string;
  readonly text: string;
  readonly facts: readonly Fact[];
  readonly links: readonly { readonly label: string; readonly url: string }[];
}

export interface Fact {
  readonly label: string;
  readonly value: string;
}

export const TITLE_LENGTH_MAX = 150;
const VALUE_LENGTH_MAX = 300;
const FIRINGS_MAX = 20;

/** How a message is put into words. */
export function wordingOf(message: AlertMessage): Wording {
  const wording = words(message);
  return {
    ...wording,
    title: cut(oneLine(wording.title), TITLE_LENGTH_MAX),
    facts: wording.facts.map(({ label, value }) => ({
      label: cut(oneLine(label), VALUE_LENGTH_MAX),
      value: cut(oneLine(value), VALUE_LENGTH_MAX),
    })),
  };
}

function words(message: AlertMessage): Wording {
  switch (message.type) {
    case 'alert.fired':
    case 'alert.resolved':
      return firingWords(message);
    case 'alert.digest':
      return digestWords(message);
    case 'channel.notice': {
      const { shown, state, since, reason } = message.data;
      const title = `Channel ${shown} is ${state === 'failing' ? 'failing' : 'switched off'}`;
      const facts = [fact('Since', since), fact('Why', reason)];
      return { title, text: 'Alerts come here in its place.', facts, links: [] };
    }
    case 'channel.confirm':
      return { title: 'Confirm alerts', text: message.data.reason, facts: [], links: [] };
    case 'alert.test': {
      const { alert, reason } = message.data;
      const facts = alert === null ? [] : [fact('Alert', alert.name)];
      return { title: 'Test', text: reason, facts, links: [] };
    }
    case 'alert.canary':
      return { title: 'Canary', text: 'Nothing has happened.', facts: [], links: [] };
  }
}

function firingWords(message: Extract<AlertMessage, { type: 'alert.fired' | 'alert.resolved' }>) {
  const { data } = message;
  const over = message.type === 'alert.resolved';
  const merged = message.type === 'alert.resolved' && message.data.merged;
  const state = merged ? 'Fired and resolved' : over ? 'Resolved' : 'Fired';
  const late = data.late ? ' (late)' : '';
  const { alert: url, series } = data.links;
  const links = [{ label: 'Alert', url }];
  if (series !== null) links.push({ label: 'Series', url: series });
  return {
    title: `${state}${late}: ${data.alert.name}, ${nameOf(data)}`,
    text: data.reason,
    facts: [
      ...factsOf(data),
      ...(message.type === 'alert.resolved' ? [fact('Resolved', message.data.resolved)] : []),
    ],
    links,
  };
}

function digestWords({ data }: Extract<AlertMessage, { type: 'alert.digest' }>): Wording {
  const shown = data.firings.slice(0, FIRINGS_MAX);
  const more = data.count - shown.length;
  const facts = shown.map((one) => fact(nameOf(one), one.reason));
  if (more > 0) facts.push(fact('And', `${more} more`));
  const late = data.late ? ' (late)' : '';
  const what = data.resolved ? 'Resolved' : 'Fired';
  const title = `${what}${late}: ${data.count} series, ${data.rule}`;
  return { title, text: `${data.count} series at ${data.time}.`, facts, links: [] };
}

/** Only what there is. */
function factsOf(firing: MessageFiring): Fact[] {
  const { value, average, factor, limit, samples, rank, window, time } = firing;
  const than = factor === null ? '' : `, factor ${factor}`;
  const of = samples === null ? '' : ` of ${samples} points`;
  return [
    ...(value === null ? [] : [fact('Value', String(value))]),
    ...(average === null ? [] : [fact('Mean', `${average}${of}${than}`)]),
    ...(limit === null ? [] : [fact('Limit', String(limit))]),
    fact('Time', time),
    ...(average === null ? [] : [fact('Window', `${window.start} to ${window.end}`)]),
    ...(rank === null ? [] : [fact('Rank', `${rank.rank} of ${rank.of}`)]),
  ];
}

function nameOf({ series }: MessageFiring): string {
  const { metric, exchange, pair, monitor, key } = series;
  if (pair !== null)
    return [metric, pair, exchange === null ? '' : `on ${exchange}`].join(' ').trim();
  if (monitor !== null) return `${metric ?? 'monitor'} ${monitor}`;
  return key;
}

function fact(label: string, value: string): Fact {
  return { label, value };
}

/** Names come from users and exchanges: no breaks, nothing that turns the direction of text. */
export function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .trim();
}

/** At most so many characters, an ellipsis included; none is cut in two. */
export function cut(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}

import type { Enclosure, FeedLimits, Person, TextType } from '../feed.ts';
import { resolveUrl, withoutTracking } from '../links.ts';
import { plainText } from '../text.ts';
import type { Element } from '../tree.ts';
import { absoluteReferences } from './relative.ts';

/** What a format's reader is given beside the tree. */
export interface FormatContext {
  readonly limits: FeedLimits;
  /** The feed's own address. */
  readonly url: string | undefined;
}

export interface Text {
  readonly value: string;
  readonly type: TextType;
}

export const NO_TEXT: Text = { value: '', type: 'text' };

/** Markup as RSS has it: escaped, in CDATA, or, against the rules, as elements. */
export function htmlOf(element: Element | undefined, base: string | undefined): Text | undefined {
  if (!element) return undefined;
  const value = element.hasElements ? element.markup() : element.text;
  if (value === '') return undefined;
  return { value: absoluteReferences(value, element.base ?? base), type: 'html' };
}

/** The first of some children that has text. */
export function firstText(element: Element, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    for (const child of element.all(name)) {
      const text = child.text;
      if (text !== '') return text;
    }
  }
  return undefined;
}

/** An item's address: the gate decides later whether it may be asked for. */
export function itemLink(value: string | undefined, base: string | undefined): string | undefined {
  const url = resolveUrl(value, base);
  return url === undefined ? undefined : withoutTracking(url);
}

/** `me@site.example (Name)`, `Name <me@site.example>`, `Name (me@site.example)`, a name or address. */
export function personOf(text: string): Person | undefined {
  const line = plainText(text.replace(/<([^<>@\s]+@[^<>\s]+)>/, '($1)')).slice(0, 500);
  const email = /[^\s()<>[\]:;,"]{1,64}@[^\s()<>[\]:;,"]{1,255}/.exec(line)?.[0];
  if (email === undefined) return line === '' ? undefined : { name: line };
  const rest = line
    .replace(email, ' ')
    .replace(/\(\s*\)/g, ' ')
    .trim();
  const name = /^\(([^()]*)\)$/.exec(rest)?.[1]?.trim() ?? rest;
  return { name: name === '' ? email : name, email };
}

export function peopleOf(elements: readonly Element[]): Person[] {
  const people: Person[] = [];
  for (const element of elements) {
    const person = personOf(element.text);
    if (person) addPerson(people, person);
  }
  return people;
}

export function addPerson(people: Person[], person: Person): void {
  if (people.length >= 100 || people.some(({ name }) => name === person.name)) return;
  people.push(person);
}

/** Names in the order of the feed, each once. */
export function uniqueNames(names: readonly string[]): string[] {
  const found = new Set<string>();
  for (const name of names) {
    const line = plainText(name).slice(0, 500);
    if (line !== '' && found.size < 200) found.add(line);
  }
  return [...found];
}

/** The address, type and length of anything that has `url` or `href`. */
export function enclosureOf(element: Element, base: string | undefined): Enclosure | undefined {
  const url = resolveUrl(element.get('url') ?? element.get('href'), base);
  if (url === undefined) return undefined;
  const type = element.get('type')?.trim();
  const length = (element.get('length') ?? element.get('filesize'))?.trim() ?? '';
  return {
    url,
    ...(type ? { type } : {}),
    ...(/^\d{1,15}$/.test(length) ? { bytes: Number(length) } : {}),
  };
}

/** A number of minutes: at least one and at most a year. */
export function minutesOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,6}$/.test(text)) return undefined;
  const minutes = Number(text);
  return minutes > 0 && minutes <= 525_600 ? minutes : undefined;
}

const PERIODS: Readonly<Record<string, number>> = {
  hourly: 60,
  daily: 1_440,
  weekly: 10_080,
  monthly: 43_200,
  yearly: 525_600,
};

/** `sy:updatePeriod` and `sy:updateFrequency` (RSS 1.0 syndication module), in minutes. */
export function updatePeriodOf(channel: Element): number | undefined {
  const word = firstText(channel, 'sy:updateperiod')?.toLowerCase();
  if (word === undefined || !Object.hasOwn(PERIODS, word)) return undefined;
  const period = PERIODS[word] ?? 0;
  const often = Number(firstText(channel, 'sy:updatefrequency') ?? 1);
  return Number.isInteger(often) && often > 0 && often <= period ? period / often : period;
}

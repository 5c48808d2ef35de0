/** Parts of shapes that several things have: monitors, feeds, rules. */
import { z } from 'zod';
import { secondsPattern, wholeSecondsMs } from '../../core/duration.ts';
import { LIST_ORDERS } from '../../registry/list-order.ts';
import { momentPattern, untilPattern } from './moment.ts';

const UNFIT = /[\p{Cc}\p{Cs}]/u;
/** The same as a JSON Schema can say it. */
export const plainPattern = '^[^\\u0000-\\u001f\\u007f-\\u009f]*$';

const line = (max: number) =>
  z
    .string()
    .max(max)
    .refine((text) => !UNFIT.test(text), 'expected no control characters and whole characters');

/** One line of text that any of the databases can hold. */
export const plain = (max: number) => line(max).min(1).meta({ pattern: plainPattern });

/** Fills no place on a screen: blanks, joiners, marks of direction, fillers, empty braille. */
const SEEN = /[^\p{Z}\p{Cc}\p{Cs}\p{DI}\u2800\ufff9-\ufffb]/u;
const UNSEEN =
  '\\u0000-\\u0020\\u007f-\\u00a0\\u00ad\\u034f\\u061c\\u115f\\u1160\\u1680\\u17b4\\u17b5' +
  '\\u180b-\\u180f\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u2800\\u3000\\u3164' +
  '\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb';
/** What of it is outside the first plane has no spelling that all readers of patterns share. */
export const labelPattern = `${plainPattern.slice(0, -1)}[^${UNSEEN}]${plainPattern.slice(1)}`;
const LABEL = 'a letter or sign that can be seen';

/** What people read as a name: `plain`, without the blanks around it, and not of blanks alone. */
export const label = (max: number) =>
  line(max)
    .trim()
    .refine((text) => SEEN.test(text), {
      message: `nothing of it can be seen; expected at least ${LABEL}`,
      params: { expected: LABEL },
    })
    .meta({ minLength: 1, pattern: labelPattern });

/** The text as a name, cut to fit; undefined where it can be none. */
export function labelOf(text: string | undefined, max: number): string | undefined {
  return label(max).safeParse(text?.slice(0, max)).data;
}

/** Of pairs, in any spelling: no white space and no control characters. */
export const pairPattern =
  '^[^\\u0000-\\u0020\\u007f-\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+$';

const UNFIT_LINES = /[^\P{Cc}\t\r\n]|\p{Cs}/u;
const linesPattern = '^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$';

/** Text of several lines: line ends and tabs are as good as letters. */
export const lines = (max: number) =>
  z
    .string()
    .max(max)
    .refine((text) => !UNFIT_LINES.test(text), 'expected no control characters')
    .meta({ pattern: linesPattern });

/** `user:password` */
export const credentials = z
  .string()
  .min(1)
  .max(1_000)
  .refine((text) => !UNFIT.test(text) && text.includes(':'), 'expected user:password')
  .meta({
    pattern: plainPattern.replace('*$', '*:').concat(plainPattern.slice(1)),
    description: '`user:password`; those in the URL come to the same. Never told again.',
  });

const HTTP_URL = /^ *https?:\/\/./i;

/** Whoever takes it reads it whole; no more is said of it here than a pattern can say. */
export const httpUrl = z
  .string()
  .max(4_096)
  .refine((text) => HTTP_URL.test(text) && !UNFIT.test(text), {
    message: 'not an http or https URL',
    params: { expected: 'an http or https URL' },
  })
  .meta({ pattern: plainPattern.replace('^', '^ *[Hh][Tt][Tt][Pp][Ss]?://').replace('*$', '+$') });

/** Of requests that are made; whoever makes them knows what of them may not be chosen. */
export const headers = z.record(z.string(), z.string()).meta({
  maxProperties: 32,
  propertyNames: { type: 'string', pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$" },
  additionalProperties: { type: 'string', pattern: '^[\\t -~\\u0080-\\u00ff]*$' },
  description: 'Sent to the own origin of the URL alone. Their values are never told again.',
});

/** A time or a length back from now; `readMoment` reads it. */
export const momentText = (description: string) =>
  z.string().max(64).meta({ pattern: momentPattern, description });

/** A time, or a length of whole seconds from some moment on. */
export const untilText = (description: string) =>
  z.string().max(64).meta({ pattern: untilPattern, description });

/** Whole seconds in ms; the shortest and longest are settings, and checked by the route. */
export const intervalOf = (expected: string) =>
  z
    .string()
    .max(64)
    .meta({ pattern: secondsPattern })
    .transform((text, context) => {
      const ms = wholeSecondsMs(text);
      if (ms !== undefined) return ms;
      context.addIssue({ code: 'custom', message: `expected ${expected}`, params: { expected } });
      return z.NEVER;
    });

const TAG_NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,39}$/;

export const tags = z
  .record(z.string().regex(TAG_NAME, 'expected letters, digits and _ . -, at most 40'), label(200))
  .refine((all) => Object.keys(all).length <= 16, 'expected at most 16')
  .meta({
    maxProperties: 16,
    description: 'Words of your own to find it by; all of them at once.',
  });

/** In a query: `team:payments`. */
export const tagText = z
  .string()
  .max(241)
  .regex(/^[A-Za-z][A-Za-z0-9_.-]{0,39}:./, 'expected name:value')
  .optional()
  .meta({ description: 'Only those with this tag.', examples: ['team:payments'] });

/** The tag of a query, its name and value apart. */
export function tagOf(text: string): { readonly name: string; readonly value: string } {
  const at = text.indexOf(':');
  return { name: text.slice(0, at), value: text.slice(at + 1) };
}

/** May be null or absent; what was said of it stays. */
export const open = <T extends z.ZodType>(schema: T) => {
  const { description } = z.globalRegistry.get(schema) ?? {};
  const whole = schema.nullable().optional();
  return description === undefined ? whole : whole.meta({ description });
};

export const said = <T extends z.ZodType>(schema: T, description: string) =>
  schema.meta({ description });

export const time = z.iso.datetime().meta({ description: 'UTC, milliseconds.' });

export const next = said(
  z.string().nullable(),
  'Pass as `after` for the next page; null: the end.',
);

/** The number of a thing in a query: what PostgreSQL counts with, as far as numbers are exact. */
export const idText = (description: string) =>
  z
    .string()
    .regex(/^[0-9]{1,15}$/, 'expected a number')
    .transform(Number)
    .optional()
    .meta({ type: 'integer', minimum: 0, maximum: 999_999_999_999_999, description });

/** Of lists by number. */
export const listOrder = z
  .enum(LIST_ORDERS)
  .optional()
  .meta({ description: 'Which end it begins at. Default oldest.' });

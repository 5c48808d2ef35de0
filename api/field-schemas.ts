/** Parts of shapes that several things have: monitors, feeds, rules. */
import { z } from 'zod';
import { fixedMsOrNone } from '../core/duration.ts';

const UNFIT = /[\p{Cc}\p{Cs}]/u;

/** One line of text that any of the databases can hold. */
export const plain = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => !UNFIT.test(text), 'expected no control characters and whole characters');

const UNFIT_LINES = /[^\P{Cc}\t\r\n]|\p{Cs}/u;

/** Text of several lines: line ends and tabs are as good as letters. */
export const lines = (max: number) =>
  z
    .string()
    .max(max)
    .refine((text) => !UNFIT_LINES.test(text), 'expected no control characters');

/** Whole seconds; the shortest and longest are settings, and checked by the route. */
export const intervalOf = (expected: string) =>
  z
    .string()
    .max(64)
    .transform((text, context) => {
      const ms = fixedMsOrNone(text);
      if (ms !== undefined && ms % 1_000 === 0) return ms;
      context.addIssue({ code: 'custom', message: `expected ${expected}`, params: { expected } });
      return z.NEVER;
    });

const TAG_NAME = /^[A-Za-z][\w.-]{0,39}$/;

export const tags = z
  .record(z.string().regex(TAG_NAME, 'expected letters, digits and _ . -, at most 40'), plain(200))
  .refine((all) => Object.keys(all).length <= 16, 'expected at most 16')
  .meta({ description: 'Words of your own to find it by; all of them at once.' });

/** In a query: `team:payments`. */
export const tagText = z
  .string()
  .max(241)
  .regex(/^[A-Za-z][\w.-]{0,39}:./, 'expected name:value')
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
    .regex(/^\d{1,15}$/, 'expected a number')
    .transform(Number)
    .optional()
    .meta({ type: 'integer', minimum: 0, description });

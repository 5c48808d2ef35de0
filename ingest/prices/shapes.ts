import { z } from 'zod';
import type { Members } from './members.ts';
import { Refusal } from './refusal.ts';

/** The body in its documented shape. @throws Refusal `shape`, naming the place. */
export function shaped<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const place = issue?.path.join('.') || 'the body';
  throw new Refusal('shape', `${place}: ${issue?.message ?? 'unexpected'}`.slice(0, 200));
}

/** An object used as a map. z.record would copy it and look at every key of thousands. */
export const openMap = z.custom<Readonly<Record<string, unknown>>>(isMap, 'expected an object');

/** Entries that are looked at one by one. z.array would copy them. */
export const openList = z.custom<readonly unknown[]>(Array.isArray, 'expected an array');

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a member of a row may be. */
interface Kind<T> {
  readonly members: Members;
  readonly check: (value: unknown) => value is T;
  /** A text passes unseen: `check` is asked about the others alone. */
  readonly isText: boolean;
}

const kind = <T>(check: (value: unknown) => value is T, isText = true): Kind<T> => ({
  ...{ members: true, check, isText },
});

/** A text. Numbers are texts too: bodies are decoded with numbers as their source text. */
export const text: Kind<string> = kind((value) => typeof value === 'string');

/** A text that is the same at every poll: a symbol. It is made once and known again. */
export const name: Kind<string> = { ...text, members: 'name' };

/** A text, null or absent. */
export const maybe: Kind<string | null | undefined> = kind(
  (value) => value === undefined || value === null || typeof value === 'string',
);

/** A text or absent, but not null. */
export const optional: Kind<string | undefined> = kind(
  (value) => value === undefined || typeof value === 'string',
);

export const flag: Kind<boolean> = kind((value) => typeof value === 'boolean', false);

/** True, false or absent. */
export const maybeFlag: Kind<boolean | undefined> = kind(
  (value) => value === undefined || typeof value === 'boolean',
  false,
);

/** This very text. */
export const exactly = <T extends string>(word: T): Kind<T> => ({
  ...{ members: true, isText: false },
  check: (value): value is T => value === word,
});

export const absent: Kind<undefined> = kind((value) => value === undefined, false);

/** An object of its own shape. */
export const nested = <T>({ members, is }: RowShape<T>): Kind<T> => ({
  ...{ members, check: is, isText: false },
});

/** An array of texts, `least` of them at least. */
export const texts = (least: number): Kind<readonly string[]> =>
  kind((value): value is readonly string[] => {
    if (!Array.isArray(value) || value.length < least) return false;
    for (const each of value) if (typeof each !== 'string') return false;
    return true;
  }, false);

type Kinds = Readonly<Record<string, Kind<unknown>>>;
type RowOf<K extends Kinds> = { readonly [M in keyof K]: K[M] extends Kind<infer T> ? T : never };

/** What is read of a row. */
export interface RowShape<T> {
  /** For `reads`: nothing else of a row has to be made of the body. */
  readonly members: { readonly [member: string]: Members };
  /** Whether it is a row of this shape; members that it has besides do not matter. */
  is(row: unknown): row is T;
}

/**
 * As z.object, which would copy each of thousands of rows to leave out what is not asked for. For
 * the errors inside a 200 too: what zod says of a good body, that it is none, keeps the body alive
 * until all memory is looked through.
 */
export function rowShape<K extends Kinds>(kinds: K): RowShape<RowOf<K>> {
  const parts = Object.entries(kinds).map(([member, of]) => ({ member, ...of }));
  return {
    members: Object.fromEntries(parts.map(({ member, members }) => [member, members])),
    is(row): row is RowOf<K> {
      if (!isMap(row)) return false;
      for (const { member, check, isText } of parts) {
        const value = row[member];
        if ((!isText || typeof value !== 'string') && !check(value)) return false;
      }
      return true;
    },
  };
}

/** The rows that a shape lets through. */
export type RowIn<S> = S extends RowShape<infer T> ? T : never;

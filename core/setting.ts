import type { z } from 'zod';

/** One line of the table of settings. */
export interface Setting {
  readonly name: string;
  readonly default: string | undefined;
  readonly expected: string;
  readonly about: string;
  readonly secret: boolean;
  readonly schema: z.ZodType<unknown, string>;
}

/** An optional one of which nothing is secret, unless told otherwise. */
export const setting = (
  name: string,
  schema: z.ZodType<unknown, string>,
  rest: { default?: string; expected: string; about: string; secret?: boolean },
): Setting => ({ default: undefined, secret: false, ...rest, name, schema });

/** Settings as a table of Markdown. */
export function tableOf(settings: readonly Setting[]): string {
  const rows = settings.map((entry) => {
    const fallback = entry.default === undefined || entry.default === '' ? '' : entry.default;
    const about = entry.secret ? `${entry.about} Secret.` : entry.about;
    return `| \`${entry.name}\` | ${fallback && `\`${fallback}\``} | ${entry.expected} | ${about} |`;
  });
  return ['| setting | default | expected | what it does |', '|---|---|---|---|', ...rows].join(
    '\n',
  );
}

/** What the values of settings look like: text to value, or what is wrong with it. */
import { z } from 'zod';
import type { ApiKey, Place } from './config.ts';
import { fixedMs } from './duration.ts';
import { ifValid, isCode } from './errors.ts';
import { createGate } from './targets.ts';

const UNIT_BYTES: Record<string, number> = { '': 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

export const text = z.string().min(1);
export const port = z.string().regex(/^\d+$/).transform(Number).pipe(z.number().int().max(65535));
export const httpUrl = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ''));
export const streamUrl = z
  .url({ protocol: /^wss?$/ })
  .transform((url) => url.replace(/\/+$/, ''))
  .pipe(z.string().regex(/^wss?:\/\/[^/?#]+$/));
export const smtpUrl = z
  .url({ protocol: /^smtps?$/ })
  .refine((url) => new URL(url).hostname !== '');
/** An address, or a name and the address in brackets; nothing that would be a header of its own. */
export const mailFrom = z
  .string()
  .regex(/^(?:[^<>@,;:"\p{Cc}]* <[^\s<>@,;]+@[^\s<>@,;]+>|[^\s<>@,;]+@[^\s<>@,;]+)$/u);
export const postgresUrl = z.url({ protocol: /^postgres(ql)?$/ });

export const bytes = z
  .string()
  .regex(/^\d+(kB|MB|GB|TB)?$/)
  .transform((value) => Number.parseInt(value, 10) * (UNIT_BYTES[value.replace(/^\d+/, '')] ?? 1));

export function duration(minMs: number): z.ZodType<number, string> {
  const whole = z.string().transform((value, context) => {
    try {
      return fixedMs(value);
    } catch (error) {
      if (!isCode(error, 'invalid')) throw error;
      context.addIssue(error.message);
      return z.NEVER;
    }
  });
  return whole.pipe(z.number().min(minMs));
}

/** A length of time, or none. */
export const spacing = z.union([
  z
    .string()
    .regex(/^0s?$/)
    .transform(() => 0),
  duration(1),
]);

/** Slots then fall on the same moments of every hour. */
export const slotLength = duration(1000).refine((ms) => ms % 1000 === 0 && 3_600_000 % ms === 0);

/** How long roll-ups are kept, in milliseconds; 0 for ever. */
export const keeping = (minMs: number) =>
  z.union([
    z
      .string()
      .regex(/^0s?$/)
      .transform(() => 0),
    duration(minMs),
  ]);

export const idList = z
  .string()
  .transform((value) => value.split(',').map((id) => id.trim()))
  .pipe(z.array(z.string().regex(/^[a-z0-9:.-]+$/)).min(1));

const listed = (value: string): string[] => value.split(',').map((entry) => entry.trim());

export const privateTargets = z
  .string()
  .transform(listed)
  .refine((allowPrivate) => ifValid(() => createGate({ allowPrivate })) !== undefined);

/** `host:port`, an IPv6 address in brackets. */
export const places = z.string().transform((value, context): Place[] =>
  listed(value).map((entry) => {
    const [, bracketed, name, digits] = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d+)$/.exec(entry) ?? [];
    const [host, number] = [bracketed ?? name ?? '', Number(digits)];
    if (host === '' || !(number >= 1 && number <= 65535)) context.addIssue('not a place');
    return { host, port: number };
  }),
);

export const wholeNumber = (min: number, max: number) =>
  z.string().regex(/^\d+$/).transform(Number).pipe(z.number().int().min(min).max(max));

export const apiKeys = z.string().transform((value, context): ApiKey[] =>
  value.split(',').map((entry) => {
    const [name = '', role = '', ...rest] = entry.trim().split(':');
    const secret = rest.join(':');
    const known = role === 'read' || role === 'write' || role === 'admin';
    if (name === '' || !known || secret.length < 16) context.addIssue('wrong key');
    return { name, role: known ? role : 'read', secret };
  }),
);

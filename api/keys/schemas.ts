/** The shapes of keys: who may use the API, and for what. */
import { z } from 'zod';
import { KEY_ROLES, KEY_STATES } from '../../registry/keys.ts';
import { idText, label, next, open, said, time, untilText } from '../http/field-schemas.ts';
import { limitOf } from '../schemas.ts';

const RATE_MAX = 100_000;

const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/, 'expected letters, digits and _ . @ -, at most 64')
  .meta({ description: 'For people and for the audit: the same key for ever.' });

const role = z
  .enum(KEY_ROLES)
  .meta({ description: 'What it may do; each has the rights of those before it.' });

const rate = z
  .number()
  .min(0)
  .max(RATE_MAX)
  .meta({ description: 'Requests a second; 0: as many as come. Default: the setting API_RATE.' });

export const keyWish = z
  .strictObject({
    name,
    role,
    expires: open(
      untilText('A time, or a length from now such as 90d; at most ten years. Default: never.'),
    ).meta({ examples: ['90d', '2026-12-24T18:00:00Z'] }),
    ratePerSecond: open(rate),
    note: open(label(500)).meta({ description: 'For people.' }),
  })
  .meta({ id: 'KeyWish', examples: [{ name: 'grafana', role: 'read', expires: '90d' }] });

const shape = {
  id: said(z.int(), 'Its number, for ever.'),
  name: said(z.string(), 'For people and for the audit: the same key for ever.'),
  role,
  prefix: said(z.string(), 'The begin of its secret, to know it by.'),
  state: said(z.enum(KEY_STATES), 'Only a live one opens anything.'),
  ratePerSecond: said(
    z.number().nullable(),
    'Requests a second; 0: as many as come, null: what the setting says.',
  ),
  note: said(z.string().nullable(), 'For people.'),
  created: time,
  createdBy: said(z.string(), 'The name of the key that made it, or where it was made.'),
  expires: said(z.iso.datetime().nullable(), 'UTC; null: never.'),
  revoked: said(z.iso.datetime().nullable(), 'Since when it opens nothing; null: it was not.'),
  revokedBy: said(z.string().nullable(), 'The name of the key that did, or where it was done.'),
  lastUsed: said(z.iso.datetime().nullable(), 'Within a minute or so; null: not yet.'),
};

export const keyAnswer = z.object(shape).meta({ id: 'Key' });

export const madeKeyAnswer = z
  .object({
    ...shape,
    secret: said(z.string(), 'Sent as `Authorization: Bearer`. It is told here and never again.'),
    warnings: said(z.array(z.string()), 'What is different from now on.'),
  })
  .meta({ id: 'MadeKey' });

export const revokedKeyAnswer = z
  .object({ ...shape, warnings: said(z.array(z.string()), 'What is different from now on.') })
  .meta({ id: 'RevokedKey' });

export const keysQuery = z.strictObject({
  state: z.enum(KEY_STATES).optional().meta({ description: 'Only those that are so now.' }),
  limit: limitOf({ max: 1000, usual: 100 }),
  after: idText('The `next` of the page before.'),
});

export const keysAnswer = z
  .object({
    items: said(z.array(keyAnswer), 'By number.'),
    next,
    settings: said(
      z.array(z.object({ name: z.string(), role })),
      'Those of the setting API_KEYS, which are changed there alone.',
    ),
  })
  .meta({ id: 'Keys' });

export const revokeQuery = z.strictObject({
  last: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'Whether the last key of all may go: the API is open then.' }),
});

export const meAnswer = z
  .object({
    name: said(z.string(), 'Of the key; `anybody` while there is none.'),
    role,
    source: said(
      z.enum(['open', 'settings', 'registry']),
      'Where the key is kept; `open`: there is none, and all of this machine may do everything.',
    ),
    id: said(z.int().nullable(), 'Of a key of the registry.'),
    expires: said(z.iso.datetime().nullable(), 'UTC; null: never.'),
    limits: said(
      z.object({
        ratePerSecond: said(z.number(), 'Requests a second; 0: as many as come.'),
        burst: said(z.int(), 'So many at once, after a rest.'),
      }),
      'How much may be asked.',
    ),
  })
  .meta({ id: 'Me' });

/** The shapes of monitors, of what is asked of them and what is told about them. */
import { z } from 'zod';
import {
  credentials,
  headers,
  httpUrl,
  intervalOf,
  label,
  lines,
  next,
  open,
  said,
  tags,
  tagText,
  time,
} from '../http/field-schemas.ts';
import { limitOf, wholeNumber } from '../schemas.ts';

const ID_MAX = 2 ** 31 - 1;
const INTERVAL = 'whole seconds, such as 30s, 5m or 1d, to 30d';

/** `60s` -> 60000. The shortest one is a setting, and checked by the route. */
const interval = intervalOf(INTERVAL).meta({
  type: 'string',
  description: `How often: ${INTERVAL}. Default 1m.`,
  examples: ['60s'],
});

const STATUS = 'expected a status such as 200, "2xx", "200-299", or an array of these';
const oneStatus = z.union([
  z.int(STATUS).min(100, STATUS).max(599, STATUS),
  z.string().regex(/^[1-5](?:[xX]{2}|[0-9]{2}(?:-[1-5][0-9]{2})?)$/, STATUS),
]);
const expectStatus = z
  .union([oneStatus, z.array(oneStatus).min(1).max(20)], { error: STATUS })
  .meta({
    description:
      '200, "2xx", "200-299", or an array of these. Default: 200-299; where redirects are not ' +
      'followed 200-399.',
    examples: [200, '2xx', ['200-204', 301]],
  });

const settings = {
  interval: open(interval),
  name: open(label(200)).meta({ description: 'For people.' }),
  method: open(z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])).meta({
    description: 'Default GET.',
  }),
  headers: open(headers),
  credentials: open(credentials),
  body: open(lines(65_536)).meta({
    description: 'Of the request; not with GET and HEAD. Never told again.',
  }),
  expectStatus: open(expectStatus),
  timeoutMs: open(z.int().min(1).max(120_000)).meta({
    description: 'Over everything, redirects and body included. Default 10 s, at most an interval.',
  }),
  followRedirects: open(z.boolean()).meta({ description: 'At most 10. Default true.' }),
  keepAlive: open(z.boolean()).meta({
    description:
      'Keep the connection for the next scan: cheaper, but then most scans measure no handshake. ' +
      'Default false.',
  }),
  bodyBytesMax: open(z.int().min(0).max(16_777_216)).meta({
    description: 'Most bytes of the answer that are read, after decompression. Default 1 MiB.',
  }),
  failuresBeforeDown: open(z.int().min(1).max(100)).meta({
    description: 'So many failed scans in a row make it down. Default 2.',
  }),
  successesBeforeUp: open(z.int().min(1).max(100)).meta({
    description: 'So many good scans in a row make it up again. Default 1.',
  }),
  tags: open(tags),
};

export const monitorWish = z
  .strictObject({
    url: httpUrl.meta({
      description: 'http or https. Credentials in it are taken out and kept as a header.',
      examples: ['https://example.com/health'],
    }),
    // Longer ones get an answer that says what is wrong with them.
    regexp: open(z.string().max(100_000).meta({ minLength: 1 })).meta({
      description:
        'Has to match somewhere in the body; RE2: no look-around, no back-references. A named ' +
        'group `(?P<price>[0-9.]+)` becomes the number `values.price`.',
    }),
    ...settings,
  })
  .meta({ id: 'MonitorWish' });

/** Null goes back to the default; absent stays as it is. */
export const monitorPatch = z
  .strictObject({
    ...settings,
    active: z.boolean().optional().meta({ description: 'Whether it is scanned.' }),
  })
  .refine((change) => Object.keys(change).length > 0, { message: 'there is nothing to change' })
  .meta({ id: 'MonitorChange', minProperties: 1 });

const states = ['new', 'up', 'down', 'unknown'] as const;

const shown = {
  id: said(z.int(), 'Its number, for ever.'),
  url: z.string().meta({ description: 'Normalised, without credentials and fragment.' }),
  regexp: said(z.string().nullable(), 'What has to match in the body; null: nothing.'),
  name: said(z.string().nullable(), 'For people.'),
  active: z.boolean().meta({ description: 'Whether it is scanned.' }),
  interval: z.string().meta({ description: 'How often.', examples: ['1m', '90s'] }),
  tags: said(z.record(z.string(), z.string()), 'Words to find it by.'),
  state: z.enum(states).meta({
    description:
      '`new`: not scanned so far. `unknown`: nothing can be said, for a `reason` such as ' +
      '`inactive`, `stale` (nobody has scanned it for more than three intervals) or `blocked`.',
  }),
  since: time.nullable().meta({ description: 'From when on it is in this state.' }),
  reason: z
    .string()
    .nullable()
    .meta({
      description:
        'How the last scan ended, of a closed set; `ok` is good. Or `stale`, `inactive`.',
      examples: ['ok', 'timeout-connect', 'status', 'no-match'],
    }),
  status: z.int().nullable().meta({ description: 'Of HTTP, of the last scan.' }),
  lastScan: time.nullable().meta({ description: 'Its slot.' }),
  lastTotalMs: z.number().nullable().meta({ description: 'How long it took.' }),
  due: time.nullable().meta({ description: 'Its next slot; null while it is not active.' }),
  missed: z.int().meta({ description: 'Slots that nobody scanned in their time, since it is.' }),
  reprobed: z.int().meta({
    description: 'Scans that may have been made twice, because a worker was not heard of again.',
  }),
  created: time,
  changed: time,
  method: said(z.string(), 'Of HTTP.'),
  headers: z.array(z.string()).meta({ description: 'Names; the values are secret.' }),
  credentials: z.boolean().meta({ description: 'Whether it has such; they are secret.' }),
  requestBodyBytes: z.int().meta({ description: 'Of the body that is sent; it is secret.' }),
  expectStatus: z
    .array(z.string())
    .meta({ description: 'Statuses that are good.', examples: [['200-299']] }),
  timeoutMs: said(z.int(), 'Over everything, redirects and body included.'),
  followRedirects: said(z.boolean(), 'Whether redirects are followed, 10 at most.'),
  keepAlive: said(z.boolean(), 'Whether the connection is kept for the next scan.'),
  bodyBytesMax: said(z.int(), 'Most bytes of the answer that are read, after decompression.'),
  failuresBeforeDown: said(z.int(), 'So many failed scans in a row make it down.'),
  successesBeforeUp: said(z.int(), 'So many good scans in a row make it up again.'),
};

export const monitorAnswer = z.object(shown).meta({ id: 'Monitor' });

export const monitorChanged = z
  .object({
    ...shown,
    warnings: z.array(z.string()).meta({
      description: 'What keeps it from being scanned as asked: too few workers, a busy host.',
    }),
  })
  .meta({ id: 'ChangedMonitor' });

export const monitorDetail = z
  .object({
    ...shown,
    evidence: z
      .looseObject({ slot: time })
      .nullable()
      .optional()
      .meta({
        description:
          'With `evidence=true`: the last that was kept (of failures and changes, else now and ' +
          'then): requests, certificate, the first 1 KiB of the body.',
      }),
  })
  .meta({ id: 'MonitorDetail' });

export const monitorQuery = z.strictObject({
  evidence: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'Whether the last evidence is wanted too.' }),
});

const after = wholeNumber(ID_MAX)
  .optional()
  .meta({ description: 'The `next` of the page before.' });

export const monitorsQuery = z.strictObject({
  active: z.enum(['true', 'false']).optional().meta({ description: 'Only such.' }),
  state: z.enum(states).optional().meta({ description: 'Only those that are so now.' }),
  text: z.string().min(1).max(200).optional().meta({ description: 'Part of the URL or name.' }),
  tag: tagText,
  limit: limitOf({ max: 1000, usual: 100 }),
  after,
});

export const monitorsAnswer = z
  .object({ items: said(z.array(monitorAnswer), 'By number.'), next })
  .meta({ id: 'Monitors' });

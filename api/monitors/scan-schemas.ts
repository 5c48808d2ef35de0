/** The shapes of scans: what was recorded of them, summed up, or found out just now. */
import { z } from 'zod';
import { secondsPattern } from '../../core/duration.ts';
import { pageOfRange } from '../http/range-schemas.ts';

const time = z.iso.datetime().meta({ description: 'UTC, milliseconds.' });
const said = <T extends z.ZodType>(schema: T, description: string) => schema.meta({ description });
const ms = (description: string) => z.number().optional().meta({ description });

export const scansQuery = z.strictObject({
  ...pageOfRange,
  format: z.enum(['json', 'ndjson', 'csv']).optional().meta({ description: 'Wins over `Accept`.' }),
});

const scanAnswer = z
  .object({
    slot: time.meta({ description: 'When it was due, UTC.' }),
    ok: said(z.boolean(), 'Answered as expected.'),
    reason: z.string().meta({ description: 'How it ended, of a closed set.' }),
    status: z.int().optional().meta({ description: 'Of HTTP, of the last hop.' }),
    bytes: z.int().optional().meta({ description: 'Of the body, unpacked, as far as read.' }),
    wireBytes: z.int().optional().meta({ description: 'Of the body as it came.' }),
    truncated: z.boolean().optional().meta({ description: 'The body went on.' }),
    hops: z.int().optional().meta({ description: 'Redirects that were followed.' }),
    matched: said(z.boolean().optional(), 'Whether the pattern did; absent without one.'),
    dnsMs: ms('Resolving names, of all hops.'),
    connectMs: ms('Opening connections.'),
    tlsMs: ms('Handshakes.'),
    ttfbMs: ms('From the request to the first byte of the answer.'),
    transferMs: ms('From there to the last byte that was read.'),
    totalMs: z.number().meta({ description: 'From the begin to the verdict.' }),
    lateMs: ms('From when it was due to when it began.'),
    certDays: ms('To the first end of a certificate of the chain.'),
    values: z
      .record(z.string(), z.number())
      .optional()
      .meta({ description: 'The numbers in the named groups of the pattern.' }),
  })
  .meta({ id: 'Scan' });

export const scansAnswer = z.array(scanAnswer).meta({ id: 'Scans' });

export const summaryWindows = ['1h', '24h', '7d', '30d'] as const;

export const summaryQuery = z.strictObject({
  window: z.enum(summaryWindows).default('24h').meta({ description: 'How far back from now.' }),
  every: z
    .string()
    .max(64)
    .optional()
    .meta({
      pattern: secondsPattern,
      description: 'Buckets for a chart: whole seconds, at most 1,500 of them in the window.',
      examples: ['5m', '1h', '1d'],
    }),
});

const count = (description: string) => z.int().meta({ description });
const uptime = z
  .number()
  .nullable()
  .meta({ description: 'up / (up + down), 0 to 1; null where neither was.' });
const counts = {
  up: count('Scans that ended well.'),
  down: count('Scans that failed by the fault of the target.'),
  unknown: count('Scans that say nothing about it: blocked, throttled, ...'),
  uptime,
};
const mean = z.number().nullable();
const tookMs = (what: string) => said(mean, `${what}, in ms; null: there was none.`);

export const summaryAnswer = z
  .object({
    monitor: said(z.int(), 'Its number.'),
    window: said(z.enum(summaryWindows), 'As it was asked.'),
    start: time,
    stop: time,
    scans: count('up + down + unknown'),
    ...counts,
    reasons: z.record(z.string(), z.int()).meta({ description: 'How many ended so.' }),
    latencyMs: z
      .object({
        mean: tookMs('Mean'),
        p50: tookMs('Half took no longer'),
        p90: tookMs('90 % took no longer'),
        p99: tookMs('99 % took no longer'),
        max: tookMs('The longest'),
      })
      .meta({ description: 'Whole scans that ended well; null where there were none.' }),
    phasesMs: z
      .object({
        dns: tookMs('Resolving names'),
        connect: tookMs('Opening connections'),
        tls: tookMs('Handshakes'),
        firstByte: tookMs('From the request to the first byte of the answer'),
        transfer: tookMs('From there to the last byte that was read'),
      })
      .meta({ description: 'Means of every scan that came to the phase.' }),
    lateMs: mean.meta({ description: 'From when a scan was due to when it began, on average.' }),
    buckets: z
      .array(
        z.object({
          start: time,
          ...counts,
          meanMs: mean.meta({ description: 'Of those that ended well.' }),
          maxMs: mean.meta({ description: 'The longest of those.' }),
        }),
      )
      .optional()
      .meta({ description: 'With `every`; those without a scan are absent.' }),
  })
  .meta({ id: 'MonitorSummary' });

const phases = z
  .object({
    dns: ms('Resolving the name.'),
    connect: ms('Opening the connection.'),
    tls: ms('Handshake.'),
    firstByte: ms('From the request to the first byte of the answer.'),
    transfer: ms('From there to the last byte that was read.'),
  })
  .meta({ description: 'Also the one in which it failed; absent: it did not come to it.' });

const certificate = z
  .object({
    subject: said(z.string(), 'Whom it is for, such as CN=example.com.'),
    issuer: said(z.string(), 'Who signed it.'),
    names: z.array(z.string()).meta({ description: 'What it is for, at most 50.' }),
    hostMatches: said(z.boolean(), 'Whether it is for the host that was asked.'),
    notBefore: time,
    notAfter: time,
    earliestExpiry: time.meta({ description: 'The first end in the chain.' }),
    daysLeft: z.number().meta({ description: 'To the end of this one; negative: it is over.' }),
    fingerprint: z.string().meta({ description: 'SHA-256.' }),
    serial: said(z.string(), 'Its number, in hex.'),
    chainLength: said(z.int(), 'Certificates up to a trusted one.'),
    rsaBits: said(z.int().optional(), 'Of its key, where that is RSA.'),
    weakSignature: said(z.boolean(), 'SHA-1 or MD5 below the root.'),
    protocol: z.string().optional().meta({ description: 'Absent: the handshake did not end.' }),
    cipher: said(z.string().optional(), 'What both sides agreed on.'),
  })
  .meta({ id: 'Certificate', description: 'Also one that was refused.' });

export const scanTraceAnswer = z
  .object({
    monitor: said(z.int(), 'Its number.'),
    ok: said(z.boolean(), 'Answered as expected.'),
    reason: said(z.string(), 'How it ended, of a closed set.'),
    means: said(z.enum(['up', 'down', 'unknown']), 'What that says about the target.'),
    text: z.string().meta({ description: 'The reason in words.' }),
    started: time,
    totalMs: said(z.number(), 'From the begin to the verdict.'),
    phases,
    failedIn: z.string().optional().meta({ description: 'The phase in which it failed.' }),
    hops: z
      .array(
        z.object({
          url: said(z.string(), 'What was asked, without credentials.'),
          status: said(z.int().optional(), 'Absent: no answer came.'),
          address: said(z.string().optional(), 'Connected to, or tried last.'),
          port: said(z.int(), 'Of the connection.'),
          phases,
          tls: certificate.optional(),
        }),
      )
      .meta({ description: 'The first is the URL itself, each further one a redirect.' }),
    status: said(z.int().optional(), 'Of the last hop.'),
    httpVersion: said(z.string().optional(), 'Of the last answer.'),
    wireBytes: said(z.int().optional(), 'Of the body as it came.'),
    bodyBytes: said(z.int().optional(), 'Of the body, unpacked, as far as it was read.'),
    truncated: said(z.boolean(), 'The body went on after what was read.'),
    charset: said(z.string().optional(), 'In which the body was read.'),
    matched: said(z.boolean().optional(), 'Whether the pattern did; absent without one.'),
    match: z
      .object({
        at: said(z.int(), 'Where it begins in the text.'),
        text: said(z.string(), 'At most 200 characters of it.'),
        values: said(z.record(z.string(), z.number()), 'The numbers in the named groups.'),
      })
      .optional()
      .meta({ description: 'What the pattern found.' }),
    retryAfterMs: said(z.number().optional(), 'How long the server wants to be left alone.'),
    evidence: z.string().optional().meta({ description: 'The first 1 KiB of the body.' }),
  })
  .meta({ id: 'ScanTrace' });

export type SummaryAnswer = z.infer<typeof summaryAnswer>;
export type ScanTraceAnswer = z.infer<typeof scanTraceAnswer>;

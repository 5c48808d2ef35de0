/** The shapes of scans: what was recorded of them, summed up, or found out just now. */
import { z } from 'zod';

const time = z.iso.datetime().meta({ description: 'UTC, milliseconds.' });
const ms = (description: string) => z.number().optional().meta({ description });

export const scansAnswer = z
  .array(
    z.object({
      slot: time.meta({ description: 'When it was due, UTC.' }),
      ok: z.boolean(),
      reason: z.string().meta({ description: 'How it ended, of a closed set.' }),
      status: z.int().optional().meta({ description: 'Of HTTP, of the last hop.' }),
      bytes: z.int().optional().meta({ description: 'Of the body, unpacked, as far as read.' }),
      wireBytes: z.int().optional().meta({ description: 'Of the body as it came.' }),
      truncated: z.boolean().optional().meta({ description: 'The body went on.' }),
      hops: z.int().optional().meta({ description: 'Redirects that were followed.' }),
      matched: z.boolean().optional(),
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
    }),
  )
  .meta({ id: 'Scans' });

export const summaryWindows = ['1h', '24h', '7d', '30d'] as const;

export const summaryQuery = z.strictObject({
  window: z.enum(summaryWindows).default('24h').meta({ description: 'How far back from now.' }),
  every: z
    .string()
    .max(64)
    .optional()
    .meta({
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

export const summaryAnswer = z
  .object({
    monitor: z.int(),
    window: z.enum(summaryWindows),
    start: time,
    stop: time,
    scans: count('up + down + unknown'),
    ...counts,
    reasons: z.record(z.string(), z.int()).meta({ description: 'How many ended so.' }),
    latencyMs: z
      .object({ mean, p50: mean, p90: mean, p99: mean, max: mean })
      .meta({ description: 'Whole scans that ended well; null where there were none.' }),
    phasesMs: z
      .object({ dns: mean, connect: mean, tls: mean, firstByte: mean, transfer: mean })
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
    subject: z.string(),
    issuer: z.string(),
    names: z.array(z.string()).meta({ description: 'What it is for, at most 50.' }),
    hostMatches: z.boolean(),
    notBefore: time,
    notAfter: time,
    earliestExpiry: time.meta({ description: 'The first end in the chain.' }),
    daysLeft: z.number().meta({ description: 'To the end of this one; negative: it is over.' }),
    fingerprint: z.string().meta({ description: 'SHA-256.' }),
    serial: z.string(),
    chainLength: z.int(),
    rsaBits: z.int().optional(),
    weakSignature: z.boolean(),
    protocol: z.string().optional().meta({ description: 'Absent: the handshake did not end.' }),
    cipher: z.string().optional(),
  })
  .meta({ id: 'Certificate', description: 'Also one that was refused.' });

export const scanTraceAnswer = z
  .object({
    monitor: z.int(),
    ok: z.boolean(),
    reason: z.string(),
    means: z.enum(['up', 'down', 'unknown']),
    text: z.string().meta({ description: 'The reason in words.' }),
    started: time,
    totalMs: z.number(),
    phases,
    failedIn: z.string().optional().meta({ description: 'The phase in which it failed.' }),
    hops: z
      .array(
        z.object({
          url: z.string(),
          status: z.int().optional(),
          address: z.string().optional(),
          port: z.int(),
          phases,
          tls: certificate.optional(),
        }),
      )
      .meta({ description: 'The first is the URL itself, each further one a redirect.' }),
    status: z.int().optional(),
    httpVersion: z.string().optional(),
    wireBytes: z.int().optional(),
    bodyBytes: z.int().optional(),
    truncated: z.boolean(),
    charset: z.string().optional(),
    matched: z.boolean().optional(),
    match: z
      .object({ at: z.int(), text: z.string(), values: z.record(z.string(), z.number()) })
      .optional(),
    retryAfterMs: z.number().optional(),
    evidence: z.string().optional().meta({ description: 'The first 1 KiB of the body.' }),
  })
  .meta({ id: 'ScanTrace' });

export type SummaryAnswer = z.infer<typeof summaryAnswer>;
export type ScanTraceAnswer = z.infer<typeof scanTraceAnswer>;

/** The shapes of the audit: who changed what. */
import { z } from 'zod';
import { idText, momentText, next, said, time } from '../http/field-schemas.ts';
import { limitOf } from '../schemas.ts';

const moment = (description: string) =>
  momentText(description)
    .optional()
    .meta({ examples: ['24h'] });

export const auditQuery = z.strictObject({
  key: z.string().min(1).max(256).optional().meta({ description: 'Only of the key of this name.' }),
  route: z
    .string()
    .regex(/^[A-Za-z0-9_]{1,64}$/, 'expected the name of an operation, such as addMonitor')
    .optional()
    .meta({ description: 'Only this operation.', examples: ['addMonitor'] }),
  from: moment('Only from then on: a time, or a length back from now.'),
  to: moment('Only before then: a time, or a length back from now.'),
  limit: limitOf({ max: 1000, usual: 100 }),
  after: idText('The `next` of the page before.'),
});

export const auditEntry = z
  .object({
    id: said(z.int(), 'Its number.'),
    at: time,
    key: said(
      z.string().nullable(),
      'Name of the key, or `anybody` while there was none; null: nobody that is known.',
    ),
    role: said(z.string().nullable(), 'Of that key then.'),
    method: said(z.string(), 'Of HTTP; `COMMAND` for a command.'),
    route: said(z.string(), 'The operation.'),
    path: said(z.string(), 'Without the query.'),
    status: said(
      z.int().nullable(),
      'What was answered; 401 and 403: refused, 499: the client left; null: a command.',
    ),
    requestId: said(z.string().nullable(), 'The `X-Request-Id` of the answer.'),
    address: said(z.string().nullable(), 'Of the client.'),
    durationMs: said(z.number().nullable(), 'From the request to the end of its answer.'),
  })
  .meta({ id: 'AuditEntry' });

export const auditAnswer = z
  .object({ items: said(z.array(auditEntry), 'The newest first.'), next })
  .meta({ id: 'Audit' });

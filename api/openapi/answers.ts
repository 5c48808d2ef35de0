/** What every operation may answer besides what it is asked for. */
import type { z } from 'zod';
import type { Route } from '../http/route.ts';

type Json = Record<string, unknown>;

const WAIT = { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } } as const;

const CONTENT = {
  'application/json': { schema: { $ref: '#/components/schemas/ErrorAnswer' } },
} as const;

const refusal = (description: string, headers: Json = {}): Json => ({
  description,
  headers: { 'X-Request-Id': { $ref: '#/components/headers/RequestId' }, ...headers },
  content: CONTENT,
});

/** Each once, by status; operations refer to them. */
export const refusals: Readonly<Record<string, Json>> = {
  '400': refusal('A parameter, a field or the URL is wrong: which, and what is allowed.'),
  '401': refusal('It needs an API key.', {
    'WWW-Authenticate': { description: 'How to send one.', schema: { type: 'string' } },
  }),
  '403': refusal('The key may not, or a page of another origin asks.'),
  '404': refusal('There is none; `details` may name those that are near.'),
  '406': refusal('It does not come in such a format; `details.available` has those that it does.'),
  '409': refusal('Something that is there stands against it.'),
  '410': refusal('It was there and is no more.'),
  '413': refusal('The body, or what was asked for, is too large.'),
  '415': refusal('The body is of another type, or packed.'),
  '422': refusal('It is well written, but cannot be: why, and what could.'),
  '429': refusal('Too much at once.', WAIT),
  '500': refusal('A mistake of ours; the log knows more under the request id.'),
  '502': refusal('InfluxDB refused what it was asked, or is not to be understood.', WAIT),
  '503': refusal('Something that is needed is away, or there is too much to do.', WAIT),
  '504': refusal('What is needed did not answer in time.', WAIT),
};

export const headers: Readonly<Record<string, Json>> = {
  RequestId: {
    description: 'Under which the log knows the request; the one that was sent, if it is fit.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9_.:-]{1,64}$' },
  },
  RetryAfter: {
    description: 'Seconds to stay away for.',
    schema: { type: 'integer', minimum: 0 },
  },
  Next: {
    description: 'Where the next page begins; absent: this is the last one.',
    schema: { type: 'string' },
  },
  Location: {
    description: 'Where it is from now on.',
    schema: { type: 'string', format: 'uri-reference' },
  },
};

/** Statuses that a route may answer by what it takes, beside those that it names itself. */
export function refusalsOf(route: Route): readonly string[] {
  const { access, body, uploads, query, params = {}, answers } = route;
  const takes = body !== undefined || uploads !== undefined;
  const formats = Object.values(answers).some(({ media = [] }) => media.length > 1);
  const found = [
    '400',
    ...(access === 'open' ? [] : ['401', '403']),
    ...(Object.keys(params).length > 0 || names(query) || (body && names(body)) ? ['404'] : []),
    ...(formats ? ['406'] : []),
    ...(route.method === 'get' ? [] : ['409']),
    ...('cursor' in query.shape ? ['410'] : []),
    ...(takes ? ['413', '415'] : []),
    ...(takes || Object.keys(query.shape).length > 0 ? ['422'] : []),
    ...['429', '500', '502', '503', '504'],
  ];
  return found.filter((status) => !(Number(status) in answers));
}

/** Whether it names something that nobody may know. */
function names({ shape }: z.ZodObject): boolean {
  return ['exchange', 'exchanges', 'quote'].some((name) => name in shape);
}

/** What an operation does, and what it takes to be let in, in words. */
export function descriptionOf({ summary, access, answers, query, method }: Route): string {
  const shape = Object.keys(query.shape);
  const streams = Object.values(answers).some(({ media = [] }) =>
    media.includes('application/x-ndjson'),
  );
  const parts = [
    `${summary.replace(/\.$/, '')}.`,
    access === 'open'
      ? 'Open to everybody.'
      : `Where keys are configured it takes one with the role \`${access}\`.`,
    ...(method === 'get' && shape.includes('limit') ? ['It comes page by page.'] : []),
    ...(streams ? ['Streamed: a connection that is reset had no whole answer.'] : []),
  ];
  return parts.join(' ');
}

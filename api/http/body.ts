import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { TidemarkError } from '../../core/errors.ts';
import { HttpProblem } from './errors.ts';

const BYTES_MAX = 1_048_576;
const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;\s*charset="?utf-8"?\s*)?$/i;

/**
 * The JSON body of a request, checked.
 * @throws HttpProblem 415 for another type or a packed body
 * @throws TidemarkError `too-large`, or `invalid` naming the field that is wrong and what is allowed
 */
export async function readBody<Body extends z.ZodObject>(
  request: IncomingMessage,
  schema: Body,
): Promise<z.output<Body>> {
  demandJson(request);
  const bytes = await readBytes(request);
  return checked(schema, parsed(bytes));
}

/**
 * The body of a request as it came, of one of these types: the type as it was said, the bytes.
 * @throws HttpProblem 415 for another type or a packed body
 * @throws TidemarkError `too-large`
 */
export async function readUpload(
  request: IncomingMessage,
  types: readonly string[],
): Promise<{ readonly type: string; readonly bytes: Buffer }> {
  const type = request.headers['content-type'] ?? '';
  const essence = type.split(';', 1)[0]!.trim().toLowerCase();
  demandType(request, types.includes(essence), types.join(', '));
  return { type, bytes: await readBytes(request) };
}

function demandJson(request: IncomingMessage): void {
  const fits = JSON_TYPE.test(request.headers['content-type'] ?? '');
  demandType(request, fits, 'application/json');
}

function demandType({ headers }: IncomingMessage, fits: boolean, expected: string): void {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = headers;
  if (fits && encoding === 'identity') return;
  const what = fits ? `content-encoding ${encoding}` : `content-type ${type}`;
  throw new HttpProblem(415, 'unsupported-media-type', `the body has ${what.slice(0, 80)}`, {
    details: { expected: `Content-Type: ${expected}, not packed` },
  });
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const tooLarge = () =>
    new TidemarkError('too-large', 'the body is too large', { details: { bytesMax: BYTES_MAX } });
  // Said before it is sent: then it need not be.
  if (Number(request.headers['content-length'] ?? 0) > BYTES_MAX) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // Not destroyed, or the refusal would have no connection to go out on; Node drops the rest.
    const pieces = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    for await (const chunk of pieces) {
      size += chunk.length;
      if (size > BYTES_MAX) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof TidemarkError) throw cause;
    throw new TidemarkError('cancelled', 'the client left in the middle of its body', { cause });
  }
  return Buffer.concat(chunks);
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    const what = bytes.length === 0 ? 'there is no body' : 'the body is not JSON in UTF-8';
    throw new TidemarkError('invalid', what, { cause, details: { expected: 'a JSON object' } });
  }
}

function checked<Body extends z.ZodObject>(schema: Body, value: unknown): z.output<Body> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const allowed = Object.keys(schema.shape);
  const { issues } = result.error;
  // A misspelt field is most likely why another is missing.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (issue?.code === 'unrecognized_keys') {
    const field = [...issue.path, clip(issue.keys[0] ?? '')].join('.');
    throw new TidemarkError('invalid', `unknown field ${JSON.stringify(field)}`, {
      details: issue.path.length === 0 ? { field, allowed } : { field },
    });
  }
  const field = issue?.path.join('.') ?? '';
  const where = field === '' ? 'the body' : `field ${field}`;
  throw new TidemarkError('invalid', `${where}: ${issue?.message}`, {
    details: field === '' ? { allowed } : { field, ...paramsOf(issue) },
  });
}

/** What a check of ours adds to its message. */
function paramsOf(issue: z.core.$ZodIssue | undefined): object {
  return issue?.code === 'custom' ? (issue.params ?? {}) : {};
}

function clip(name: string): string {
  return name.length > 64 ? `${name.slice(0, 64)}...` : name;
}

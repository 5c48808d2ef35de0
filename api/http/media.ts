import type { Context } from 'koa';
import { type MediaType, mediaTypes } from '../rows/format.ts';
import { HttpProblem } from './errors.ts';

const MEDIA = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
} as const satisfies Record<string, MediaType>;

export type FormatName = keyof typeof MEDIA;

/**
 * In what an answer is sent: as the parameter says, else as `Accept` does.
 * @throws HttpProblem 406
 */
export function mediaOf(
  ctx: Context,
  format: FormatName | undefined,
  offered: readonly MediaType[] = mediaTypes,
): MediaType {
  if (format !== undefined) return MEDIA[format];
  const media = ctx.accepts([...offered]);
  if (typeof media === 'string') return media as MediaType;
  throw new HttpProblem(406, 'not-acceptable', 'it does not come in such a format', {
    details: { available: offered },
  });
}

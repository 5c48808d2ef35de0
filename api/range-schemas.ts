/** The shapes of a stretch of time that is asked for; `moment.ts` reads what they let through. */
import { z } from 'zod';
import { durationHelp } from '../core/duration.ts';
import { wholeNumber } from './schemas.ts';

const momentText = z.string().min(1).max(64);

/** The last day by default. `times`: how a time may be written, in words. */
export const rangeOf = (times: string) => ({
  start: momentText
    .default('-24h')
    .meta({ description: `From when: ${times} or ${durationHelp}; a length is back from now.` }),
  stop: momentText
    .default('0s')
    .meta({ description: `Until before when: ${times} or ${durationHelp}.` }),
});

/** A stretch that is answered page by page, where that is wanted. */
export const pageOfRange = {
  ...rangeOf('a time (RFC 3339, UTC)'),
  limit: wholeNumber(10_000)
    .optional()
    .meta({ description: 'Most of them in one answer; default: all, streamed.' }),
  cursor: momentText.optional().meta({ description: 'The `Tidemark-Next` of the page before.' }),
};

/** The shapes of a stretch of time that is asked for; `moment.ts` reads what they let through. */
import { z } from 'zod';
import { durationHelp } from '../../core/duration.ts';
import { wholeNumber } from '../schemas.ts';
import { momentPattern, oneOf } from './moment.ts';

const momentText = z.string().max(64);

const between = (times: string, pattern: string) => ({
  start: momentText.default('-24h').meta({
    pattern,
    description: `From when: ${times} or ${durationHelp}; a length is back from now.`,
  }),
  stop: momentText
    .default('0s')
    .meta({ pattern, description: `Until before when: ${times} or ${durationHelp}.` }),
});

/** The last day by default. */
export const range = between('a time (RFC 3339, UTC)', momentPattern);
/** The same, also by the seconds or milliseconds of computers. */
export const rangeOrEpoch = between(
  'RFC 3339, seconds or milliseconds since the epoch,',
  oneOf(momentPattern, '^[0-9]{9,14}$'),
);

/** A stretch that is answered page by page, where that is wanted. */
export const pageOfRange = {
  ...range,
  limit: wholeNumber(10_000)
    .optional()
    .meta({ description: 'Most of them in one answer; default: all, streamed.' }),
  cursor: momentText
    .optional()
    .meta({ pattern: momentPattern, description: 'The `Tidemark-Next` of the page before.' }),
};

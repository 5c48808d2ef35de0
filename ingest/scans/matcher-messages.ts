import type { Match } from './pattern.ts';

/** To the matcher's thread. */
export interface MatchRequest {
  readonly source: string;
  readonly flags: string;
  readonly text: string;
}

/** From it: one reply to each request, in order. */
export interface MatchReply {
  readonly match: Match | undefined;
}

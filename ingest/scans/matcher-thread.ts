/** Matches what would hold up the main thread: one text after the other. */
import { answerTasks } from '../../core/task-answers.ts';
import type { MatchRequest } from './matcher.ts';
import { compilePattern, type Match, type Pattern } from './pattern.ts';

const PATTERNS_KEPT = 200;
const patterns = new Map<string, Pattern>();

function patternOf({ source, flags }: MatchRequest): Pattern {
  const key = `${flags}/${source}`;
  const known = patterns.get(key);
  if (known) return known;
  const compiled = compilePattern(source, flags);
  if (!compiled.ok) throw new Error(compiled.refusal.message);
  const oldest = patterns.size >= PATTERNS_KEPT ? patterns.keys().next().value : undefined;
  if (oldest !== undefined) patterns.delete(oldest);
  patterns.set(key, compiled.pattern);
  return compiled.pattern;
}

answerTasks<MatchRequest, Match | undefined>((request) => patternOf(request).find(request.text));

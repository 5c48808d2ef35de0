import type { z } from 'zod';
import { wholeSecondsMs } from '../../core/duration.ts';
import { ifValid } from '../../core/errors.ts';
import { pairSpellings } from '../../core/pair.ts';
import type {
  NewSilence,
  Silence,
  SilenceChange,
  SilenceMatcher,
} from '../../registry/silences.ts';
import { named, wrongField } from '../http/field-errors.ts';
import { readMoment } from '../http/moment.ts';
import type { silencePatch, silenceWish } from './silence-schemas.ts';

type Wish = z.output<typeof silenceWish>;
type Patch = z.output<typeof silencePatch>;

const LONGEST_MS = 366 * 86_400_000;

/**
 * A silence that is wanted. What it names need not be there yet.
 * @throws TidemarkError `invalid` naming the field
 */
export function readSilenceWish(wish: Wish, nowMs: number): NewSilence {
  const { from, until, comment } = wish;
  const matcher = matcherOf(wish);
  if (matcher === undefined) {
    throw wrongField('alerts', 'what is to be silent: alerts, exchanges, pairs, monitors or kinds');
  }
  if (until === undefined) throw wrongField('until', 'a time, or a length such as 2h');
  const fromMs = from == null ? nowMs : timeOf('from', from, nowMs);
  const untilMs = untilOf(until, fromMs);
  return { matcher, comment: comment ?? null, fromMs, untilMs };
}

/** @throws as `readSilenceWish` does */
export function readSilencePatch(silence: Silence, patch: Patch, nowMs: number): SilenceChange {
  const { from, until, comment } = patch;
  const matcher = matcherOf(patch);
  const fromMs = from == null ? silence.fromMs : timeOf('from', from, nowMs);
  const untilMs = until === undefined ? silence.untilMs : untilOf(until, fromMs);
  checkRange(fromMs, untilMs);
  return {
    ...(matcher !== undefined && { matcher }),
    ...(comment !== undefined && { comment }),
    ...{ fromMs, untilMs },
  };
}

function matcherOf({ alerts, exchanges, pairs, monitors, kinds }: Patch) {
  const matcher: SilenceMatcher = {
    ...(alerts && { alerts }),
    ...(exchanges && { exchanges: exchanges.map((name) => name.toLowerCase()) }),
    // As they stand in the series: the joined spelling, and the separated one where there is one.
    ...(pairs && { pairs: [...new Set(pairs.flatMap(spellings))] }),
    ...(monitors && { monitors }),
    ...(kinds && { kinds }),
  };
  return Object.keys(matcher).length === 0 ? undefined : matcher;
}

function spellings(pair: string): readonly string[] {
  return named(() => pairSpellings(pair), 'pairs');
}

const TIME = 'a time such as 2026-01-20T16:33:00Z';

function untilOf(text: string, fromMs: number): number {
  const untilMs = fromMs + (wholeSecondsMs(text) ?? Number.NaN);
  const found = Number.isNaN(untilMs)
    ? timeOf('until', text, fromMs, `${TIME}, or a length such as 2h`)
    : untilMs;
  checkRange(fromMs, found);
  return Math.ceil(found);
}

function checkRange(fromMs: number, untilMs: number): void {
  if (untilMs > fromMs && untilMs - fromMs <= LONGEST_MS) return;
  throw wrongField('until', 'a time after from, within a year');
}

function timeOf(field: string, text: string, nowMs: number, expected = TIME): number {
  const ms = ifValid(() => readMoment(field, text, nowMs));
  if (ms !== undefined) return Math.floor(ms);
  throw wrongField(field, expected, text);
}

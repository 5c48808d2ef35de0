import type { z } from 'zod';
import { TidemarkError } from '../../core/errors.ts';
import type { NewRule, Rule, RuleChange, RuleSpec } from '../../registry/rules.ts';
import { HttpProblem } from '../http/errors.ts';
import { demandThere } from '../http/field-errors.ts';
import type { RuleDesk } from './rule-desk.ts';
import type { rulePatch, ruleTrial, ruleWish } from './rule-schemas.ts';

type Wish = z.output<typeof ruleWish>;
type Patch = z.output<typeof rulePatch>;
type Given = Omit<Wish, 'name'>;
type Judge = Pick<RuleDesk, 'checker' | 'missingFeeds'>;

const NOTHING: RuleSpec = { any: [], all: [], none: [], query: null };

/**
 * A rule that is wanted.
 * @throws TidemarkError `invalid` with the `field` and the `position` of the mistake in it,
 *   HttpProblem 422 for a feed that is not there
 */
export async function readRuleWish(desk: Judge, { name, ...given }: Wish): Promise<NewRule> {
  const feeds = distinct(given.feeds ?? null);
  const spec = checked(desk, specOf(NOTHING, given));
  await demandFeeds(desk, feeds);
  return { name, feeds, spec };
}

/**
 * What of a rule is to be changed; it fits to what stays.
 * @throws as `readRuleWish` does
 */
export async function readRulePatch(desk: Judge, rule: Rule, patch: Patch): Promise<RuleChange> {
  const { name, active, ...given } = patch;
  const { any, all, none, query } = given;
  const anew = [any, all, none, query].some((part) => part !== undefined);
  const spec = anew ? checked(desk, specOf(rule.spec, given)) : undefined;
  const feeds = given.feeds === undefined ? undefined : distinct(given.feeds);
  await demandFeeds(desk, feeds ?? null);
  return {
    ...(name !== undefined && { name }),
    ...(active !== undefined && { active }),
    ...(feeds !== undefined && { feeds }),
    ...(spec !== undefined && { spec }),
  };
}

/** A rule that is tried and not kept. @throws as `readRuleWish` does */
export async function readTrial(
  desk: Judge & Pick<RuleDesk, 'find'>,
  { id, rule: given, feeds }: z.output<typeof ruleTrial>,
): Promise<Rule> {
  const rule = given === undefined ? await kept(desk, id ?? 0) : await unkept(desk, given);
  const others = distinct(feeds ?? null);
  await demandFeeds(desk, others);
  return others === null ? rule : { ...rule, feeds: others };
}

async function kept(desk: Pick<RuleDesk, 'find'>, id: number): Promise<Rule> {
  const rule = await desk.find(id);
  if (rule !== undefined) return rule;
  throw new HttpProblem(422, 'unprocessable', `field id: no rule ${id}`, {
    details: { field: 'id' },
  });
}

async function unkept(desk: Judge, given: Given): Promise<Rule> {
  const { feeds, spec } = await readRuleWish(desk, { name: '', ...given });
  const never = { version: 0, createdMs: 0, changedMs: 0, matches: 0, leftOut: null };
  return { id: 0, name: '', feeds, spec, active: true, ...never };
}

function specOf(before: RuleSpec, { any: some, all, none, query }: Given): RuleSpec {
  return {
    any: some === undefined ? before.any : (some ?? []),
    all: all === undefined ? before.all : (all ?? []),
    none: none === undefined ? before.none : (none ?? []),
    query: query === undefined ? before.query : query,
  };
}

function checked({ checker }: Judge, spec: RuleSpec): RuleSpec {
  const found = checker.check(spec);
  if (found.ok) return spec;
  const { message, position, path } = found;
  if (path === '') {
    throw new TidemarkError('invalid', `the rule: ${message}`, {
      details: { allowed: Object.keys(NOTHING) },
    });
  }
  throw new TidemarkError('invalid', `field ${path}: ${message}, at ${position}`, {
    details: { field: path, position },
  });
}

async function demandFeeds(
  { missingFeeds }: Judge,
  feeds: readonly number[] | null,
): Promise<void> {
  demandThere('feeds', 'feed', feeds === null ? [] : await missingFeeds(feeds));
}

function distinct(ids: readonly number[] | null): number[] | null {
  return ids === null ? null : [...new Set(ids)].sort((a, b) => a - b);
}

/** The shapes of rules, of what is asked of them and what is told about them. */
import { z } from 'zod';
import { RULE_FIELDS } from '../../registry/rules.ts';
import { idText, label, lines, next, plain, said, time } from '../http/field-schemas.ts';
import { limitOf } from '../schemas.ts';

/** Longer ones get an answer of the checker, which says what is wrong with them. */
const TEXT_MAX = 20_000;
const TERMS_MAX = 1_000;
const FEEDS_MAX = 1_000;
const ARTICLES_MAX = 200;
const ARTICLES_USUAL = 100;

const fields = z.array(z.enum(RULE_FIELDS)).min(1).max(RULE_FIELDS.length);
const TERM =
  'expected a word or phrase, or an object with "text" or "pattern", and "in" (an array of ' +
  `${RULE_FIELDS.join(', ')}) and "matchCase" where they are wanted`;

const wholeTerm = z
  .strictObject({
    text: said(plain(TEXT_MAX).optional(), 'A word or phrase; `bit*`; `$SOL`.'),
    pattern: said(plain(TEXT_MAX).optional(), 'RE2: no look-around, no back-references.'),
    in: said(fields.optional(), 'Where it has to be. Default: title, summary and body.'),
    matchCase: said(z.boolean().optional(), 'Whether capitals count. Default false.'),
  })
  .meta({ id: 'RuleTerm' });

const terms = z
  .array(z.union([plain(TEXT_MAX).transform((text) => ({ text })), wholeTerm], { error: TERM }))
  .max(TERMS_MAX)
  .nullable()
  .optional();

const feedIds = z.array(z.int().min(1)).min(1).max(FEEDS_MAX);

const spec = {
  feeds: feedIds.nullable().optional().meta({ description: 'Only of these. Default: of all.' }),
  any: said(terms, 'One of them has to be there.'),
  all: said(terms, 'Each of them has to be there.'),
  none: said(terms, 'None of them may be there.'),
  query: lines(TEXT_MAX)
    .nullable()
    .optional()
    .meta({
      description: 'Has to hold as well: words, "phrases", AND, OR, NOT, ( ), `in:title`.',
      examples: ['(etf OR "spot fund") AND -rumor in:title'],
    }),
};

export const ruleWish = z
  .strictObject({ name: said(label(200), 'For people.'), ...spec })
  .meta({ id: 'RuleWish' });

/** Null is as if it had never been given; absent stays as it is. */
export const rulePatch = z
  .strictObject({
    name: label(200).optional().meta({ description: 'For people.' }),
    ...spec,
    active: z.boolean().optional().meta({ description: 'Whether articles are matched by it.' }),
  })
  .refine((change) => Object.keys(change).length > 0, { message: 'there is nothing to change' })
  .meta({ id: 'RuleChange', minProperties: 1 });

export const ruleTrial = z
  .strictObject({
    id: said(z.int().min(1).optional(), 'Of a rule that is there.'),
    rule: z
      .strictObject({ name: label(200).optional().meta({ description: 'For people.' }), ...spec })
      .optional()
      .meta({ description: 'Or one that is not kept.' }),
    feeds: said(feedIds.optional(), 'Of which feeds articles are tried. Default: its own.'),
    limit: z
      .int()
      .min(1)
      .max(ARTICLES_MAX)
      .default(ARTICLES_USUAL)
      .meta({ description: 'So many articles, the newest.' }),
  })
  .refine(({ id, rule }) => (id === undefined) !== (rule === undefined), {
    message: 'expected one of id and rule',
  })
  .meta({ id: 'RuleTrial' });

const shownTerms = (description: string) =>
  said(
    z.array(
      z.object({
        text: said(z.string().optional(), 'A word or phrase.'),
        pattern: said(z.string().optional(), 'RE2.'),
        in: said(fields.optional(), 'Where it has to be.'),
        matchCase: said(z.boolean().optional(), 'Whether capitals count.'),
      }),
    ),
    description,
  );

export const ruleAnswer = z
  .object({
    id: said(z.int(), 'Its number, for ever.'),
    name: said(z.string(), 'For people.'),
    feeds: said(z.array(z.int()).nullable(), 'Only of these; null: of all.'),
    any: shownTerms('One of them has to be there.'),
    all: shownTerms('Each of them has to be there.'),
    none: shownTerms('None of them may be there.'),
    query: said(z.string().nullable(), 'Has to hold as well.'),
    active: said(z.boolean(), 'Whether articles are matched by it.'),
    leftOut: said(
      z.string().nullable(),
      'Why it matches nothing although it is active, as when all rules are too many; null: it does.',
    ),
    matches: said(z.int(), 'How many articles it matched.'),
    created: time,
    changed: time,
  })
  .meta({ id: 'Rule' });

export const rulesQuery = z.strictObject({
  active: z.enum(['true', 'false']).optional().meta({ description: 'Only such.' }),
  limit: limitOf({ max: 1000, usual: 100 }),
  after: idText('The `next` of the page before.'),
});

export const rulesAnswer = z
  .object({ items: said(z.array(ruleAnswer), 'By number.'), next })
  .meta({ id: 'Rules' });

const clauseAnswer = z.object({
  clause: said(z.string(), 'A part of the rule.'),
  field: said(z.string(), 'Where it was found first.'),
  item: said(z.int().optional(), 'Of authors, categories and symbols: which one, from 0.'),
  at: said(z.array(z.int()), 'From where to before where, in UTF-16 units of that text.'),
  text: said(z.string().optional(), 'What stands there.'),
});

export const trialAnswer = z
  .object({
    tried: said(z.int(), 'How many articles.'),
    yes: said(z.int(), 'How many of them it matches.'),
    no: said(z.int(), 'How many it does not.'),
    needsText: said(z.int(), 'Of how many the page has to be read first.'),
    articles: said(
      z.array(
        z.object({
          id: said(z.int(), 'Its number.'),
          feed: said(z.int(), 'The number of its feed.'),
          title: said(z.string(), 'Plain text.'),
          url: said(z.string().nullable(), 'Its page.'),
          seen: time,
          verdict: said(z.enum(['yes', 'needs-text']), 'Whether it is matched.'),
          clauses: said(z.array(clauseAnswer), 'What was found where.'),
        }),
      ),
      'Those that it matches or may match, the newest first.',
    ),
  })
  .meta({ id: 'RuleTrialAnswer' });

import { z } from 'zod';
import { type Database, type Queries, rowsOf } from './database.ts';
import { jsonOf, msColumn, textOf } from './sql-values.ts';

/** Where a term looks; none named: title, summary and body. */
export const RULE_FIELDS = ['title', 'summary', 'body', 'author', 'category', 'symbol'] as const;

const term = z.object({
  text: z.string().optional(),
  pattern: z.string().optional(),
  in: z.array(z.enum(RULE_FIELDS)).optional(),
  matchCase: z.boolean().optional(),
});

/** A word, phrase or pattern: exactly one of `text` and `pattern`. */
export type RuleTerm = z.infer<typeof term>;

export const ruleSpec = z.object({
  any: z.array(term),
  all: z.array(term),
  none: z.array(term),
  query: z.string().nullable(),
});

/** What an article has to say. Checked by who makes rules, before it comes here. */
export type RuleSpec = z.infer<typeof ruleSpec>;

const rule = z.object({
  id: z.int(),
  name: z.string(),
  /** Only of these feeds; null: of all. */
  feeds: z.array(z.int()).nullable(),
  spec: ruleSpec,
  active: z.boolean(),
  /** One more with each change of what is matched. */
  version: z.int(),
  createdMs: z.number(),
  changedMs: z.number(),
  /** How many articles it matched. */
  matches: z.int(),
  /** Why articles are not judged by it although it is active; null: they are, as far as known. */
  leftOut: z.string().nullable(),
});

/** What articles are matched by. */
export type Rule = z.infer<typeof rule>;

export type NewRule = Pick<Rule, 'name' | 'feeds' | 'spec'>;

/** What may be changed; what is left out stays. */
export type RuleChange = Partial<NewRule & Pick<Rule, 'active'>>;

/** Notified with the id of a rule that is made or changed, so that workers take the new ones. */
export const RULES_CHANNEL = 'tidemark_rules';

const COLUMNS = `r.id, r.name, to_jsonb(r.feeds) as feeds, r.spec, r.active, r.version,
  case when r.active then r.left_out end as "leftOut",
  ${msColumn('r.created', 'createdMs')}, ${msColumn('r.changed', 'changedMs')},
  (select count(*) from article_rules a where a.rule = r.id) as matches`;

/** Makes a rule. It matches articles that are seen from now on. */
export async function addRule(database: Database, wanted: NewRule): Promise<Rule> {
  return database.transaction(async (transaction) => {
    const rows = await transaction.query(
      'insert into rules (name, feeds, spec) values ($1, $2::bigint[], $3::jsonb) returning id',
      [textOf(wanted.name), wanted.feeds, jsonOf(wanted.spec)],
    );
    const { id } = rowsOf(z.object({ id: z.int() }), rows)[0]!;
    await transaction.query('select pg_notify($1, $2)', [RULES_CHANNEL, String(id)]);
    return (await findRule(transaction, id))!;
  });
}

export async function findRule(queries: Queries, id: number): Promise<Rule | undefined> {
  const rows = await queries.query(`select ${COLUMNS} from rules r where r.id = $1`, [id]);
  return rowsOf(rule, rows)[0];
}

export interface RuleFilter {
  /** Ids above this one. */
  readonly after: number;
  readonly limit: number;
  readonly active?: boolean | undefined;
}

/** By id. */
export async function listRules(queries: Queries, filter: RuleFilter): Promise<Rule[]> {
  const { after, limit, active } = filter;
  const rows = await queries.query(
    `select ${COLUMNS} from rules r
     where r.id > $1 and ($3::boolean is null or r.active = $3) order by r.id limit $2`,
    [after, limit, active ?? null],
  );
  return rowsOf(rule, rows);
}

/** All that articles are matched by now, by id. Their `matches` are not counted: 0. */
export async function activeRules(queries: Queries): Promise<Rule[]> {
  const rows = await queries.query(
    `select id, name, to_jsonb(feeds) as feeds, spec, active, version, left_out as "leftOut",
       ${msColumn('created', 'createdMs')}, ${msColumn('changed', 'changedMs')}, 0 as matches
     from rules where active order by id`,
  );
  return rowsOf(rule, rows);
}

/** Changes a rule; undefined: there is none. What it matched stays matched. */
export async function changeRule(
  database: Database,
  id: number,
  change: RuleChange,
): Promise<Rule | undefined> {
  const { name, feeds, spec, active } = change;
  return database.transaction(async (transaction) => {
    await transaction.query(
      `update rules set name = coalesce($2, name),
         feeds = case when $3 then $4::bigint[] else feeds end,
         spec = coalesce($5::jsonb, spec), active = coalesce($6, active),
         version = version + (($3 and feeds is distinct from $4::bigint[])
           or ($5::jsonb is not null and spec <> $5::jsonb))::int,
         left_out = case when $5::jsonb is null and $6::boolean is null then left_out end,
         changed = now()
       where id = $1`,
      [
        id,
        name === undefined ? null : textOf(name),
        feeds !== undefined,
        feeds ?? null,
        spec === undefined ? null : jsonOf(spec),
        active ?? null,
      ],
    );
    await transaction.query('select pg_notify($1, $2)', [RULES_CHANNEL, String(id)]);
    return findRule(transaction, id);
  });
}

export interface LeftOutRule {
  readonly rule: number;
  /** Of the rule that was looked at. */
  readonly version: number;
  readonly why: string;
}

/** Of all active rules, these are left out by those who judge, and no others. */
export async function leaveOutRules(
  queries: Queries,
  leftOut: readonly LeftOutRule[],
): Promise<void> {
  await queries.query(
    `update rules r set left_out = n.why
     from (select a.id, g.why from rules a
       left join unnest($1::bigint[], $2::int[], $3::text[]) as g (id, version, why)
         on g.id = a.id and g.version = a.version
       where a.active) n
     where r.id = n.id and r.left_out is distinct from n.why`,
    [
      leftOut.map(({ rule: id }) => id),
      leftOut.map(({ version }) => version),
      leftOut.map(({ why }) => textOf(why)),
    ],
  );
}

/** Switches a rule off; undefined: there is none. */
export function removeRule(database: Database, id: number): Promise<Rule | undefined> {
  return changeRule(database, id, { active: false });
}

import type { Rule } from '../../registry/rules.ts';
import type { Dependencies } from '../app.ts';
import {
  ruleAnswer,
  rulePatch,
  rulesAnswer,
  rulesQuery,
  ruleTrial,
  ruleWish,
  trialAnswer,
} from '../articles/rule-schemas.ts';
import { tryRule } from '../articles/rule-trial.ts';
import { readRulePatch, readRuleWish, readTrial } from '../articles/rule-wish.ts';
import { createAdmission } from '../http/admission.ts';
import { demand, notThere, readId } from '../http/ids.ts';
import { isoOf } from '../http/moment.ts';
import { page } from '../http/page.ts';
import { alsoShort, defineRoute, type Route } from '../http/route.ts';
import { noQuery } from '../schemas.ts';

const TRIALS_MAX = 2;

const path = '/api/v1/rules';
const params = { id: 'The number of the rule.' };
const one = { schema: ruleAnswer };

/** What articles are matched by. Everything is also at the short address, `/rules`. */
export function ruleRoutes(dependencies: Dependencies): readonly Route[] {
  return alsoShort([...reading(dependencies), ...changing(dependencies), trialRoute(dependencies)]);
}

function shownRule({ id, name, feeds, spec, active, leftOut, matches, ...rule }: Rule) {
  const { any, all, none, query } = spec;
  const times = { created: isoOf(rule.createdMs), changed: isoOf(rule.changedMs) };
  return { id, name, feeds, any, all, none, query, active, leftOut, matches, ...times };
}

function reading({ rules: desk }: Dependencies): readonly Route[] {
  return [
    defineRoute({
      id: 'rules',
      method: 'get',
      path,
      summary: 'Rules that articles are matched by',
      access: 'read',
      query: rulesQuery,
      answers: { 200: { about: 'One page, by number', schema: rulesAnswer } },
      async handle({ query: { active, limit, after = 0 } }) {
        const found = await desk.list({
          ...{ after, limit: limit + 1 },
          active: active === undefined ? undefined : active === 'true',
        });
        const { items, next } = page(found, limit, ({ id }) => String(id));
        return { items: items.map(shownRule), next };
      },
    }),
    defineRoute({
      id: 'rule',
      method: 'get',
      path: `${path}/:id`,
      summary: 'One rule',
      access: 'read',
      query: noQuery,
      params,
      answers: { 200: { about: 'It', ...one } },
      handle: async ({ params: { id = '' } }) => shownRule(await demand('rule', id, desk.find)),
    }),
  ];
}

function changing({ rules: desk }: Dependencies): readonly Route[] {
  return [
    defineRoute({
      id: 'addRule',
      method: 'post',
      path,
      summary: 'Match articles from now on',
      access: 'write',
      query: noQuery,
      body: ruleWish,
      answers: { 201: { about: 'Made', ...one } },
      async handle({ ctx, body }) {
        const rule = await desk.add(await readRuleWish(desk, body));
        ctx.status = 201;
        ctx.set('Location', `${ctx.path.replace(/\/+$/, '')}/${rule.id}`);
        return shownRule(rule);
      },
    }),
    defineRoute({
      id: 'changeRule',
      method: 'patch',
      path: `${path}/:id`,
      summary: 'Change anything of a rule. What it matched stays matched',
      access: 'write',
      query: noQuery,
      params,
      body: rulePatch,
      answers: { 200: { about: 'It, as it is from now on', ...one } },
      async handle({ params: { id = '' }, body }) {
        const rule = await demand('rule', id, desk.find);
        const after = await desk.change(rule.id, await readRulePatch(desk, rule, body));
        if (after === undefined) throw notThere('rule', id);
        return shownRule(after);
      },
    }),
    defineRoute({
      id: 'deleteRule',
      method: 'delete',
      path: `${path}/:id`,
      summary: 'Switch a rule off. It stays in the list, and so does what it matched',
      access: 'write',
      query: noQuery,
      params,
      answers: { 200: { about: 'It, not active', ...one } },
      async handle({ params: { id = '' } }) {
        const after = await desk.change(readId('rule', id), { active: false });
        if (after === undefined) throw notThere('rule', id);
        return shownRule(after);
      },
    }),
  ];
}

function trialRoute({ rules: desk }: Dependencies): Route {
  const admitted = createAdmission(TRIALS_MAX);
  return defineRoute({
    id: 'testRule',
    method: 'post',
    path: `${path}/test`,
    summary: 'Try a rule on the newest articles; nothing is recorded',
    access: 'write',
    query: noQuery,
    body: ruleTrial,
    answers: { 200: { about: 'What it matches, and where', schema: trialAnswer } },
    handle: ({ body, signal }) =>
      admitted(async () => {
        const rule = await readTrial(desk, body);
        return tryRule(desk, rule, { limit: body.limit, signal });
      }),
  });
}

import type { Rule, RuleTrial, RuleTrialAnswer, RuleWish } from '../../client/types.ts';
import { patch, post, remove } from '../api.ts';
import { type Child, h } from '../dom.ts';
import { whole } from '../format.ts';
import { onEvents } from '../live.ts';
import type { PageContext } from '../pages/page.ts';
import { button } from '../parts/button.ts';
import { badge } from '../parts/figure.ts';
import { type Field, openDialog, type Values } from '../parts/form.ts';
import { type Paged, paged } from '../parts/paged.ts';
import { card } from '../parts/state.ts';
import { toast } from '../parts/toast.ts';
import { when } from '../parts/when.ts';
import { hashOf } from '../router.ts';
import { gently } from '../time.ts';
import { marked, placesIn } from './title.ts';

const LOOK_MS = 5_000;
const TRIED = 200;
const TOLD = 20;

export async function showRules(root: HTMLElement, context: PageContext): Promise<void> {
  const { signal, query } = context;
  const list: Paged<Rule> = paged<Rule>({
    caption: 'Rules',
    path: '/api/v1/rules',
    key: ({ id }) => id,
    href: ({ id }) => hashOf(['news'], { rule: String(id) }),
    empty: 'No rules. Add one, and see what it would have matched.',
    signal,
    columns: [
      {
        label: 'Rule',
        cell: ({ name }) => h('span', { class: 'clip' }, name),
        by: ({ name }) => name,
      },
      { label: 'Finds', cell: (rule) => h('code', { class: 'clip' }, textOf(rule)) },
      { label: 'State', cell: stateOf },
      {
        label: 'Matches',
        number: true,
        wide: 'roomy',
        cell: ({ matches }) => whole(matches),
        by: ({ matches }) => matches,
      },
      {
        label: 'Changed',
        wide: true,
        cell: ({ changed }) => when(changed),
        by: ({ changed }) => changed,
      },
      { label: 'Actions', cell: (rule) => actionsOf(rule, () => void list.refresh()) },
    ],
  });
  const add = async (start?: string): Promise<void> => {
    await openDialog({
      title: 'Add a rule',
      about: 'It matches articles that come from now on.',
      fields: [nameField(), ...wishFields(start)],
      action: 'Add',
      preview: { label: 'Try it', run: tryRule },
      async submit(values) {
        await post<Rule>('/api/v1/rules', { name: values.name, ...wishOf(values) });
        toast('The rule is there.');
        await list.refresh();
        return undefined;
      },
    });
  };
  const aside = h('button', { type: 'button', class: 'main', onclick: () => add() }, 'Add a rule');
  root.append(card({ title: 'Rules', aside }, list.element));
  onEvents(['article'], signal, gently(LOOK_MS, signal, list.refresh));
  await list.restart();
  if (query.add !== undefined) await add(query.add);
}

function nameField(value = ''): Field {
  return { kind: 'text', name: 'name', label: 'Name', value };
}

function queryField(value = ''): Field {
  return {
    ...{ kind: 'textarea', name: 'query', label: 'Query', value },
    placeholder: 'bitcoin AND (etf OR "spot fund") NOT rumor',
    hint: 'Words, "phrases", AND, OR, NOT, parentheses, $BTC, in:title.',
  };
}

function feedsField(value = ''): Field {
  return {
    kind: 'text',
    name: 'feeds',
    label: 'Only of the feeds',
    value,
    placeholder: 'numbers; empty: all',
  };
}

function wishFields(start?: string): Field[] {
  return [
    queryField(start),
    { kind: 'text', name: 'any', label: 'Any of', placeholder: 'words and phrases, with commas' },
    { kind: 'text', name: 'all', label: 'All of' },
    { kind: 'text', name: 'none', label: 'None of' },
    feedsField(),
  ];
}

function wishOf(values: Values): Omit<RuleWish, 'name'> {
  const list = (name: string) => {
    const found = String(values[name] ?? '').split(',');
    const words = found.map((word) => word.trim()).filter((word) => word !== '');
    return words.length === 0 ? undefined : words;
  };
  const query = String(values.query ?? '') || undefined;
  const feeds = list('feeds')?.map(Number);
  return { query, any: list('any'), all: list('all'), none: list('none'), feeds };
}

type Tried = RuleTrialAnswer['articles'][number];

async function tryRule(values: Values): Promise<Child> {
  const trial: RuleTrial = { rule: wishOf(values), limit: TRIED };
  const { tried, yes, needsText, articles } = await post<RuleTrialAnswer>(
    '/api/v1/rules/test',
    trial,
  );
  const more = needsText === 0 ? '' : `; of ${whole(needsText)} it takes the text of the page`;
  const line = ({ title, verdict, clauses }: Tried): HTMLElement => {
    const shown = marked(title, placesIn('title', clauses));
    return h('li', {}, shown, verdict === 'needs-text' && badge('needs the page', 'warn'));
  };
  return [
    h('p', {}, `Of the newest ${whole(tried)} articles it matches ${whole(yes)}${more}.`),
    h('ul', {}, articles.slice(0, TOLD).map(line)),
  ];
}

function textOf({ query, any, all, none }: Rule): string {
  const words = (terms: Rule['any']) =>
    terms.map(({ text, pattern }) => text ?? `/${pattern ?? ''}/`).join(', ');
  const part = (label: string, terms: Rule['any']) =>
    terms.length === 0 ? [] : [`${label} ${words(terms)}`];
  return [
    ...(query === null ? [] : [query]),
    ...part('any of', any),
    ...part('all of', all),
    ...part('none of', none),
  ].join('; ');
}

function stateOf({ active, leftOut }: Rule): Child {
  if (!active) return badge('off');
  return leftOut === null
    ? badge('on', 'good')
    : [badge('left out', 'bad'), h('span', { class: 'small soft' }, leftOut)];
}

function actionsOf(rule: Rule, done: () => void): HTMLElement {
  const { id, active } = rule;
  const path = `/api/v1/rules/${id}`;
  const edit = button({
    label: 'Edit',
    about: `Edit rule ${id}`,
    async act() {
      await editRule(rule);
      done();
      return undefined;
    },
  });
  const off = button({
    label: active ? 'Switch off' : 'Switch on',
    about: `Switch rule ${id} ${active ? 'off' : 'on'}`,
    async act() {
      if (active) await remove(path);
      else await patch<Rule>(path, { active: true });
      done();
      return active ? 'The rule is off; what it matched stays.' : 'The rule is on again.';
    },
  });
  return h('span', { class: 'row tight' }, edit, off);
}

/** Lists of words stay as they are: they may hold patterns, which the API takes. */
async function editRule({ id, name, query, feeds, any, all, none }: Rule): Promise<void> {
  const wish = (values: Values) => {
    const { query: text = null, feeds: only = null } = wishOf(values);
    return { query: text, feeds: only };
  };
  await openDialog({
    title: 'Change the rule',
    fields: [nameField(name), queryField(query ?? ''), feedsField(feeds?.join(', '))],
    action: 'Save',
    preview: {
      label: 'Try it',
      run: (values) => tryRule({ ...values, any: plain(any), all: plain(all), none: plain(none) }),
    },
    async submit(values) {
      await patch<Rule>(`/api/v1/rules/${id}`, { name: values.name, ...wish(values) });
      toast('The rule is changed.');
      return undefined;
    },
  });
}

function plain(terms: Rule['any']): string {
  return terms.flatMap(({ text }) => (text === undefined ? [] : [text])).join(', ');
}

/** The newest articles, live: what comes stands on top and never moves what is being read. */
import type { Article, Articles, Feed, Rule } from '../../client/types.ts';
import { all, get, type Query } from '../api.ts';
import { fill, h } from '../dom.ts';
import { onEvents } from '../live.ts';
import type { PageContext } from '../pages/page.ts';
import { searchBox, select } from '../parts/button.ts';
import { card, failure, isLeft, loading, nothing } from '../parts/state.ts';
import { gently } from '../time.ts';
import { storyList } from './story-list.ts';

const PAGE = 20;
/** However many articles come. */
const EVENTS_MS = 1_000;
const CHOICES_MAX = 500;

type Filter = Record<'feed' | 'rule' | 'symbol' | 'text' | 'matched', string>;

export async function showStream(root: HTMLElement, context: PageContext): Promise<void> {
  const { signal, setQuery, query } = context;
  const filter: Filter = { ...{ feed: '', rule: '', symbol: '', text: '', matched: '' } };
  for (const name of Object.keys(filter) as (keyof Filter)[]) filter[name] = query[name] ?? '';
  const stories = storyList(signal);
  const more = h('button', { type: 'button', onclick: () => void guarded(older) }, 'More');
  const foot = h('div', { class: 'more', hidden: true }, more);
  const place = h('div', {}, loading());
  let next: string | undefined;
  let asked = 0;

  /** Undefined when something else was asked for meanwhile. */
  async function page(cursor?: string): Promise<Articles | undefined> {
    const mine = asked;
    const query = { ...queryOf(filter), limit: PAGE, cursor };
    const found = await get<Articles>('/api/v1/articles', query, signal);
    return mine === asked ? found : undefined;
  }
  async function restart(): Promise<void> {
    asked += 1;
    const found = await page();
    if (found === undefined) return;
    stories.replace(found.items);
    end(found);
    const empty = found.items.length === 0;
    if (empty) fill(place, nothing('No articles here yet. They appear as they come.'));
    else fill(place, stories.element, foot);
  }
  async function older(): Promise<void> {
    const found = await page(next);
    if (found === undefined) return;
    stories.append(found.items);
    end(found);
  }
  async function newer(): Promise<void> {
    if (stories.size() === 0) return restart();
    const found = await page();
    if (found !== undefined) stories.offer(found.items);
  }
  function end(found: Articles): void {
    next = found.next ?? undefined;
    foot.hidden = next === undefined;
  }
  async function guarded(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!isLeft(error))
        fill(
          place,
          failure(error, () => void guarded(restart)),
        );
    }
  }
  const change = (part: Partial<Filter>): void => {
    Object.assign(filter, part);
    setQuery(filter);
    void guarded(restart);
  };
  const choices = h('div', { class: 'row filters' });
  root.append(card({ title: 'Articles', aside: choices }, place));
  onEvents(
    ['article'],
    signal,
    gently(EVENTS_MS, signal, () => guarded(newer)),
  );
  await Promise.all([guarded(restart), fillFilters(choices, { filter, change })]);
  const { article } = query;
  if (article === undefined) return;
  const path = `/api/v1/articles/${encodeURIComponent(article)}`;
  stories.open(await get<Article>(path, {}, signal));
}

function queryOf({ feed, rule, symbol, text, matched }: Filter): Query {
  return {
    feed,
    rule,
    symbol: symbol.toUpperCase(),
    text,
    matched: matched === 'true' || undefined,
  };
}

interface FilterOptions {
  readonly filter: Filter;
  change(part: Partial<Filter>): void;
}

async function fillFilters(place: HTMLElement, { filter, change }: FilterOptions): Promise<void> {
  const [feeds, rules] = await Promise.all([
    all<Feed>('/api/v1/feeds', {}, CHOICES_MAX),
    all<Rule>('/api/v1/rules', {}, CHOICES_MAX),
  ]);
  const feedChoices = feeds.map(
    ({ id, name, title, url }) => [String(id), short(name ?? title ?? url)] as const,
  );
  const ruleChoices = rules.map(({ id, name }) => [String(id), short(name)] as const);
  fill(
    place,
    select({ label: 'Feed', value: filter.feed, onChange: (feed) => change({ feed }) }, [
      ['', 'every feed'],
      ...feedChoices,
    ]),
    select(
      {
        label: 'Rule',
        value: filter.matched === 'true' ? 'any' : filter.rule,
        onChange: (rule) => {
          change(rule === 'any' ? { rule: '', matched: 'true' } : { rule, matched: '' });
        },
      },
      [['', 'matched or not'], ['any', 'matched by any rule'], ...ruleChoices],
    ),
    searchBox({
      ...{ label: 'Symbol', value: filter.symbol, placeholder: 'Symbol, as BTC' },
      onChange: (symbol) => change({ symbol }),
    }),
    searchBox({
      ...{ label: 'Words', value: filter.text, placeholder: 'Words, "a phrase", -without' },
      onChange: (text) => change({ text }),
    }),
  );
}

function short(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

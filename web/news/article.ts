/** One story: a line of the stream, and opened, all that is known of it. */
import type { Article, ArticleDetail } from '../../client/types.ts';
import { get } from '../api.ts';
import { type Child, fill, h } from '../dom.ts';
import { moment } from '../format.ts';
import { badge } from '../parts/figure.ts';
import { facts } from '../parts/show.ts';
import { failure, isLeft, loading } from '../parts/state.ts';
import { when } from '../parts/when.ts';
import { titleOf, webAddress } from './title.ts';

export interface Story {
  readonly element: HTMLElement;
  update(article: Article): void;
  open(): void;
}

let storyCount = 0;

export function story(first: Article, signal: AbortSignal): Story {
  storyCount += 1;
  let article = first;
  const body = h('div', { class: 'story-body', id: `story-${storyCount}`, hidden: true });
  const title = h('button', { class: 'story-title', type: 'button', onclick: toggle });
  title.setAttribute('aria-controls', body.id);
  const about = h('p', { class: 'story-about row tight' });
  const summary = h('p', { class: 'clip soft' });
  const element = h(
    'li',
    { class: 'story', 'data-article': article.id },
    title,
    about,
    summary,
    body,
  );
  function show(opened: boolean): void {
    title.setAttribute('aria-expanded', String(opened));
    body.hidden = !opened;
    element.classList.toggle('opened', opened);
  }
  function toggle(): void {
    show(body.hidden !== false);
    if (!body.hidden) void load();
  }
  async function load(): Promise<void> {
    if (body.childElementCount === 0) fill(body, loading());
    try {
      fill(body, bodyOf(await get<ArticleDetail>(`/api/v1/articles/${article.id}`, {}, signal)));
    } catch (error) {
      if (!isLeft(error))
        fill(
          body,
          failure(error, () => void load()),
        );
    }
  }
  function update(next: Article): void {
    article = next;
    fill(title, titleOf(next));
    fill(about, aboutOf(next));
    fill(summary, next.summary);
    summary.hidden = next.summary === '' || next.summary === next.title;
    if (!body.hidden) void load();
  }
  update(first);
  show(false);
  return {
    ...{ element, update },
    open() {
      if (body.hidden) toggle();
    },
  };
}

function aboutOf({ feed, feedName, seen, rules, symbols, bodyState, revision }: Article): Child {
  return [
    when(seen),
    h('span', { class: 'soft' }, feedName ?? `feed ${feed}`),
    rules.map(({ name }) => badge(name, 'good')),
    symbols.slice(0, 8).map((symbol) => badge(symbol)),
    revision > 1 && badge(`changed ${revision - 1}x`, 'warn'),
    bodyState === 'failed' && badge('page not read', 'bad'),
  ];
}

function bodyOf(article: ArticleDetail): Child {
  const { body, summary, job, authors, categories, published } = article;
  const text = body ?? summary;
  const address = webAddress(article.url);
  const paragraphs = text.split(/\n+/).filter((part) => part.trim() !== '');
  return [
    paragraphs.length === 0
      ? h('p', { class: 'soft' }, 'There is no text of it.')
      : paragraphs.map((part) => h('p', {}, part)),
    address !== undefined &&
      h(
        'p',
        {},
        h('a', { href: address, target: '_blank', rel: 'noopener noreferrer' }, 'To the page'),
      ),
    facts([
      ['Published', published && moment(published)],
      ['By', authors.join(', ')],
      ['Categories', categories.join(', ')],
      ...article.rules.map(({ name, clauses }) => [`Rule ${name}`, clausesText(clauses)] as const),
      ['Page', job && [job.state, job.message].filter(Boolean).join(': ')],
    ]),
  ];
}

function clausesText(clauses: readonly unknown[]): string {
  const told = clauses.map((one) => {
    const { clause, field } = (one ?? {}) as { clause?: unknown; field?: unknown };
    return `${String(clause)} in the ${String(field)}`;
  });
  return [...new Set(told)].join('; ');
}

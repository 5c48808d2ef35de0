/** Stories one below the other: new ones go on top, or wait there while somebody reads below. */
import type { Article } from '../../client/types.ts';
import { fill, h } from '../dom.ts';
import { whole } from '../format.ts';
import { type Story, story } from './article.ts';

/** Further down than this, somebody reads. */
const TOP_PX = 60;

export interface StoryList {
  readonly element: HTMLElement;
  readonly size: () => number;
  /** In the place of all that is there. */
  replace(articles: readonly Article[]): void;
  /** Older ones, below. */
  append(articles: readonly Article[]): void;
  /** The newest: known ones change where they stand. */
  offer(articles: readonly Article[]): void;
  open(article: Article): void;
}

export function storyList(signal: AbortSignal): StoryList {
  const list = h('ol', { class: 'stories' });
  const fresh = h('button', { class: 'main fresh', type: 'button', onclick: take });
  const stories = new Map<number, Story>();
  let waiting: readonly Article[] = [];
  function place(article: Article): HTMLElement {
    const one = story(article, signal);
    stories.set(article.id, one);
    return one.element;
  }
  function take(): void {
    for (const article of waiting.toReversed()) list.prepend(place(article));
    hold([]);
  }
  function hold(articles: readonly Article[]): void {
    waiting = articles;
    fresh.hidden = articles.length === 0;
    fill(fresh, `${whole(articles.length)} new`);
  }
  hold([]);
  return {
    element: h('div', {}, fresh, list),
    size: () => stories.size,
    replace(articles) {
      stories.clear();
      hold([]);
      list.replaceChildren(...articles.map(place));
    },
    append(articles) {
      list.append(...articles.filter(({ id }) => !stories.has(id)).map(place));
    },
    offer(articles) {
      for (const article of articles) stories.get(article.id)?.update(article);
      hold(articles.filter(({ id }) => !stories.has(id)));
      if (window.scrollY < TOP_PX && !list.contains(document.activeElement)) take();
    },
    open(article) {
      if (!stories.has(article.id)) list.prepend(place(article));
      const found = stories.get(article.id);
      found?.open();
      found?.element.scrollIntoView();
    },
  };
}

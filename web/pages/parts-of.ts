/** Pages of several parts: `#/news/feeds` is the part `feeds` of the page `news`. */
import { h } from '../dom.ts';
import { nothing } from '../parts/state.ts';
import { hashOf } from '../router.ts';
import type { Page, PageContext } from './page.ts';

export interface PagePart {
  /** '' is the first. */
  readonly word: string;
  readonly label: string;
  build(root: HTMLElement, context: PageContext): Promise<void>;
}

export interface PartsOptions {
  readonly word: string;
  readonly title: string;
  readonly parts: readonly PagePart[];
}

export function pageOfParts({ word: first, title, parts }: PartsOptions): Page {
  return {
    title,
    async build(root, context) {
      const [word = ''] = context.path;
      const links = parts.map((part) => {
        const href = hashOf(part.word === '' ? [first] : [first, part.word]);
        const current = part.word === word ? 'page' : undefined;
        return h('a', { href, 'aria-current': current }, part.label);
      });
      const nav = h('nav', { class: 'parts', 'aria-label': `Parts of ${title}` }, links);
      root.append(h('div', { class: 'head' }, h('h1', {}, title), nav));
      const found = parts.find((part) => part.word === word);
      if (found === undefined) root.append(nothing('There is no such part.'));
      else await found.build(root, context);
    },
  };
}

import { h } from '../dom.ts';
import { showFeeds } from '../news/feeds.ts';
import { showQueue } from '../news/queue.ts';
import { showRules } from '../news/rules.ts';
import { showStream } from '../news/stream.ts';
import { nothing } from '../parts/state.ts';
import { hashOf } from '../router.ts';
import type { Page } from './page.ts';

const PARTS = [
  { word: '', label: 'Stream', build: showStream },
  { word: 'feeds', label: 'Feeds', build: showFeeds },
  { word: 'rules', label: 'Rules', build: showRules },
  { word: 'queue', label: 'Queue', build: showQueue },
] as const;

export const page: Page = {
  title: 'News',
  async build(root, context) {
    const [word = ''] = context.path;
    const links = PARTS.map((part) => {
      const href = hashOf(part.word === '' ? ['news'] : ['news', part.word]);
      const current = part.word === word ? 'page' : undefined;
      return h('a', { href, 'aria-current': current }, part.label);
    });
    root.append(
      h(
        'div',
        { class: 'head' },
        h('h1', {}, 'News'),
        h('nav', { class: 'parts', 'aria-label': 'Parts of the news' }, links),
      ),
    );
    const found = PARTS.find((part) => part.word === word);
    if (found === undefined) root.append(nothing('There is no such part.'));
    else await found.build(root, context);
  },
};

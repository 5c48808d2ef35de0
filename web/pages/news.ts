import { showFeeds } from '../news/feeds.ts';
import { showQueue } from '../news/queue.ts';
import { showRules } from '../news/rules.ts';
import { showStream } from '../news/stream.ts';
import { pageOfParts } from './parts-of.ts';

export const page = pageOfParts({
  word: 'news',
  title: 'News',
  parts: [
    { word: '', label: 'Stream', build: showStream },
    { word: 'feeds', label: 'Feeds', build: showFeeds },
    { word: 'rules', label: 'Rules', build: showRules },
    { word: 'queue', label: 'Queue', build: showQueue },
  ],
});

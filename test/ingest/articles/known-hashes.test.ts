import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FeedItem } from '../../../ingest/articles/feed.ts';
import { hashContent } from '../../../ingest/articles/identity.ts';
import { KnownHashes } from '../../../ingest/articles/known-hashes.ts';

const item = (more: Partial<FeedItem>): FeedItem => ({
  ...{ id: undefined, idIsLink: false, link: undefined, title: 'T', authors: [], categories: [] },
  ...{ summary: '', summaryType: 'html', content: '', contentType: 'html', enclosures: [] },
  ...{ published: undefined, updated: undefined, comments: undefined, ...more },
});

test('hashes are those of the content, known or not', () => {
  const items = [
    ...[
      item({}),
      item({ title: 'U' }),
      item({ summary: '<p>a</p>' }),
      item({ content: '<p>a</p>' }),
    ],
    ...[item({ summary: '&lt;', summaryType: 'text' }), item({ summary: '&lt;' })],
    ...[item({ summary: 'x', content: 'y' }), item({ summary: 'z', content: 'y' })],
    ...[item({ content: '<b>a', contentType: 'text' }), item({ content: '<b>a' })],
  ];
  const hashes = new KnownHashes(100);
  for (const round of [1, 2]) {
    for (const one of items) assert.equal(hashes.of(one), hashContent(one), `round ${round}`);
  }
  assert.equal(hashes.size, 8, 'what plays no part in the hash is not looked at');
});

test('no more are kept than there is room for: those that were seen last', () => {
  const hashes = new KnownHashes(2);
  for (const title of ['a', 'b', 'a', 'c', 'd']) {
    assert.equal(hashes.of(item({ title })), hashContent(item({ title })));
    assert.ok(hashes.size <= 2);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FeedItem } from '../../../ingest/articles/feed.ts';
import {
  choosePolicy,
  hashContent,
  identify,
  identityOf,
} from '../../../ingest/articles/identity.ts';

const item = (fields: Partial<FeedItem>): FeedItem => ({
  id: undefined,
  idIsLink: false,
  link: undefined,
  title: 'Title',
  summary: '',
  summaryType: 'html',
  content: '',
  contentType: 'text',
  authors: [],
  categories: [],
  published: undefined,
  updated: undefined,
  enclosures: [],
  comments: undefined,
  ...fields,
});

test('an article that changes keeps its key and gets another content hash', () => {
  const before = identityOf(item({ id: 'g', summary: 'old' }));
  const after = identityOf(item({ id: 'g', summary: 'new', published: 5 }));
  assert.equal(after.key, before.key);
  assert.notEqual(after.contentHash, before.contentHash);
});

test('dates, markup, spaces and tracking do not change what a reader sees', () => {
  const one = item({ summary: '<p>a  b</p>', published: 1 });
  const two = item({ summary: '<div class="x">a\n<b>b</b></div>', published: 2 });
  assert.equal(hashContent(one), hashContent(two));
});

test('a site that moves to https has the same articles', () => {
  const key = (id: string) => identityOf(item({ id })).key;
  assert.equal(key('http://feeds.test/1'), key('https://feeds.test/1'));
  assert.notEqual(key('http://feeds.test/1'), key('http://feeds.test/2'));
  assert.notEqual(key('HTTP-1'), key('http-1'));
});

test('without a guid the link tells an item, without both its text', () => {
  assert.equal(identityOf(item({ link: 'https://feeds.test/' })).by, 'link');
  const bare = identityOf(item({ summary: 'only this' }));
  assert.equal(bare.by, 'content');
  assert.notEqual(bare.key, identityOf(item({ summary: 'only that' })).key);
});

test('a guid and a link of the same text are two articles', () => {
  const link = 'https://feeds.test/';
  assert.notEqual(identityOf(item({ id: link })).key, identityOf(item({ link })).key);
});

test('a policy degrades when more than one item in twenty defies it', () => {
  const good = (count: number) =>
    Array.from({ length: count }, (_, i) => item({ id: `g${i}`, title: `${i}` }));
  const same = (title: string) => item({ id: 'same', link: `https://feeds.test/${title}`, title });
  assert.equal(choosePolicy(good(100)), 'id');
  assert.equal(choosePolicy([...good(98), same('a'), same('b')]), 'id');
  assert.equal(choosePolicy([same('a'), same('b'), same('c')]), 'link');
  assert.equal(choosePolicy([same('a'), same('a'), same('a')]), 'id');
  const evergreen = (published: number) =>
    item({ link: 'https://feeds.test/today', title: `${published}`, published });
  assert.equal(choosePolicy([evergreen(1), evergreen(2)]), 'link+date');
  assert.equal(choosePolicy([item({ title: 'a' }), item({ title: 'b' })]), 'content');
  assert.equal(choosePolicy([]), 'id');
});

test('an item that is in a body twice is one article', () => {
  const found = identify(
    [item({ id: 'a', title: '1' }), item({ id: 'b' }), item({ id: 'a' })],
    'id',
  );
  assert.deepEqual(
    found.map((each) => each.item.title),
    ['1', 'Title'],
  );
});

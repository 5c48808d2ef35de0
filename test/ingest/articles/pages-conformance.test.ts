import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { median } from '../../../bench/median.ts';
import { projectRoot } from '../../../core/paths.ts';
import { readPage } from '../../../ingest/articles/pages/read-page.ts';
import { plainText } from '../../../ingest/articles/text.ts';
import { pagesFolder } from './pages-corpus.ts';
import { wordAgreement } from './pages-shapes.ts';

const folder = pagesFolder();
const skip =
  folder === undefined ? "no pages of Readability's tests in ../shared/data/feeds" : false;

/** Below 0.9, each with why. */
function listed(): Record<string, string> {
  const path = join(projectRoot, 'test/ingest/articles/pages-known-differences.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

test("articles are those that Readability's tests expect, but for what is listed", { skip }, () => {
  const root = folder ?? '';
  const agreed = new Map<string, number>();
  for (const name of readdirSync(root)) {
    const page = readPage({
      bytes: readFileSync(join(root, name, 'source.html')),
      contentType: 'text/html; charset=utf-8',
      url: 'http://fakehost/test/page.html',
    });
    const want = plainText(readFileSync(join(root, name, 'expected.html'), 'utf8'));
    agreed.set(name, page.ok ? wordAgreement(page.text, want) : 0);
  }
  assert.ok(agreed.size >= 100, `${agreed.size} pages found`);
  const middle = median([...agreed.values()]);
  assert.ok(middle >= 0.97, `median of agreement: ${middle}`);
  const low = [...agreed].filter(([, value]) => value < 0.9).map(([name]) => name);
  assert.deepEqual(low.toSorted(), Object.keys(listed()).toSorted());
});

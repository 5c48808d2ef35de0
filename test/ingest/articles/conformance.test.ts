import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../../../core/paths.ts';
import { type Check, feedparserChecks, gofeedChecks, skip } from './corpus.ts';
import { hardChecks } from './hard.ts';

const listed = new Map(
  Object.entries(
    JSON.parse(
      readFileSync(join(projectRoot, 'test/ingest/articles/known-differences.json'), 'utf8'),
    ) as Record<string, string>,
  ),
);

/** What differs is listed with its reason, and nothing that does not differ is. */
function assertListed(suite: string, checks: readonly Check[]): void {
  const wrong = new Set(checks.filter(({ right }) => !right).map(({ name }) => name));
  const known = [...listed.keys()].filter((name) => name.startsWith(`${suite}/`));
  const told = checks.filter(({ name, right }) => !right && !listed.has(name));
  assert.deepEqual(told, [], 'these differ and are not listed');
  const fixed = known.filter((name) => !wrong.has(name));
  assert.deepEqual(fixed, [], 'these are listed and do not differ: take them off the list');
}

const share = (checks: readonly Check[]) =>
  checks.filter(({ right }) => right).length / checks.length;

test('feeds read as feedparser expects, but for what is listed', { skip }, () => {
  const checks = feedparserChecks();
  assert.ok(checks.length >= 550, `${checks.length} expectations found`);
  const named = checks.filter(({ field }) => /^(title|link|id)$/.test(field));
  assert.ok(share(named) >= 0.95, `title, link and id: ${share(named)}`);
  assertListed('feedparser', checks);
});

test('feeds read as gofeed expects, but for what is listed', { skip }, () => {
  const checks = gofeedChecks();
  assert.ok(checks.length >= 70, `${checks.length} expectations found`);
  assertListed('gofeed', checks);
});

test('hostile and odd feeds have the outcome that their list says', { skip }, () => {
  const checks = hardChecks();
  const counts = checks.filter(({ field }) => field === 'items');
  assert.ok(counts.length >= 58, `${counts.length} item counts found`);
  assertListed('hard', checks);
});

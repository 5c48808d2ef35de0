import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { childAbort } from '../../../core/abort.ts';
import { HttpError } from '../../../core/http-error.ts';
import {
  type PageTools,
  type VisitedPage,
  visitPage,
} from '../../../ingest/articles/page-visit.ts';
import { ItemsRefused } from '../../../ingest/articles/preparer.ts';
import type { PageVisit } from '../../../registry/visits.ts';
import {
  feedSettings,
  type VisitStage as Stage,
  VisitStage,
  type WebAnswer,
} from './visit-stage.ts';

const URL_A = 'https://a.test/page';
const html = { 'content-type': 'text/html; charset=utf-8' };
const paragraph = 'The price of bitcoin rose today, said somebody who knows all of it well.';
const article = `<!doctype html><html lang="en"><head><title>The page</title></head><body><article>
<h1>The page</h1>${`<p>${paragraph} The secret sauce was found.</p>`.repeat(10)}
<script>alert(1)</script></article></body></html>`;

let stage: Stage;
beforeEach(() => {
  stage = new VisitStage();
});

async function visit(answer: WebAnswer, change: Partial<PageVisit> = {}): Promise<VisitedPage> {
  stage.set(URL_A, answer);
  const page = stage.page(change);
  return visitPage(page, stage.tools(page));
}

function failure({ result }: VisitedPage) {
  assert.ok(!result.ok);
  return result;
}

/** As it is on the stage, with parts that behave otherwise. */
function visitWith(change: Partial<PageTools>): Promise<VisitedPage> {
  stage.set(URL_A, { headers: html, body: article });
  const page = stage.page();
  return visitPage(page, { ...stage.tools(page), ...change });
}

describe('a visit to a page', () => {
  it('reads its article, and judges it anew by its text', async () => {
    stage.rule(7, '"secret sauce"');
    const { result, reason } = await visit({ headers: html, body: article });
    assert.ok(result.ok);
    assert.equal(reason, 'ok');
    assert.match(result.body, /price of bitcoin/);
    assert.doesNotMatch(result.content, /script|alert/);
    assert.deepEqual(result.symbols, ['BTC']);
    assert.deepEqual(
      result.matches.map(({ rule }) => rule),
      [7],
    );
    assert.deepEqual([result.url, result.language, result.status], [URL_A, 'en', 200]);
  });

  it('fails when its text is too much for who judges it', async () => {
    const judgePage = () => Promise.reject(new ItemsRefused('slow', 'took 20 s'));
    const visited = await visitWith({ preparer: { judgePage } });
    const { reason, status, again } = failure(visited);
    assert.deepEqual([reason, status, again], ['slow', 200, null]);
  });

  it('says nothing of a page that is given up while it is read or judged', async () => {
    const { signal, release } = childAbort(undefined);
    const giveUp = async () => {
      release();
      return { ok: false, reason: 'failed', message: 'was not waited for' } as const;
    };
    const pages = { read: giveUp, close: async () => undefined };
    await assert.rejects(visitWith({ pages, signal }), { code: 'cancelled' });
    const judging = childAbort(undefined);
    const judgePage = () => {
      judging.release();
      return Promise.reject(new ItemsRefused('internal', 'was not waited for'));
    };
    const { signal: other } = judging;
    await assert.rejects(visitWith({ preparer: { judgePage }, signal: other }), ItemsRefused);
  });

  it('says where the page was in the end', async () => {
    stage.set('https://b.test/x', { headers: html, body: article });
    const { result } = await visit({ status: 302, headers: { location: 'https://b.test/x' } });
    assert.ok(result.ok);
    assert.equal(result.url, 'https://b.test/x');
  });

  it('sends nothing that was meant for the feed', async () => {
    const settings = { ...feedSettings, headers: { 'x-key': 'k' }, authorization: 'Basic abc' };
    await visit({ headers: html, body: article }, { settings });
    assert.deepEqual(Object.keys(stage.requests[0]?.headers ?? {}), ['accept']);
  });

  it('is made again later where that may help, and the fifth time not any more', async () => {
    const nowMs = stage.clock.nowMs();
    for (const answer of [{ status: 503 }, { error: new HttpError('deadline', 'late') }]) {
      const failed = failure(await visit(answer));
      assert.equal(failed.again?.dueMs, nowMs + 60_000);
    }
    assert.equal(failure(await visit({ status: 503 }, { attempts: 4 })).again?.dueMs, nowMs + 72e5);
    assert.equal(failure(await visit({ status: 503 }, { attempts: 5 })).again, null);
    const headers = { 'retry-after': '600' };
    const told = failure(await visit({ status: 429, headers }));
    assert.equal(told.again?.dueMs, nowMs + 600_000);
  });

  it('is over at once where there is nothing to be had', async () => {
    const answers: [WebAnswer, string][] = [
      [{ status: 404 }, 'not-found'],
      [{ status: 410 }, 'gone'],
      [{ headers: { 'content-type': 'application/pdf' }, body: '%PDF-1.7' }, 'not-html'],
      [{ headers: html, body: '<!doctype html><html></html>' }, 'no-article'],
      [{ error: new HttpError('target', 'not public') }, 'target'],
    ];
    for (const [answer, reason] of answers) {
      const failed = failure(await visit(answer));
      assert.deepEqual([failed.reason, failed.again], [reason, null]);
    }
  });
});

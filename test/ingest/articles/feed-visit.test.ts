import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { HttpError } from '../../../core/http-error.ts';
import { type CheckedFeed, visitFeed } from '../../../ingest/articles/feed-visit.ts';
import { HostBusy } from '../../../ingest/articles/host-hold.ts';
import { ItemsRefused } from '../../../ingest/articles/preparer.ts';
import type { FeedVisit } from '../../../registry/visits.ts';
import { feedSettings, rss, VisitStage } from './visit-stage.ts';

const URL_A = 'https://a.test/feed';
const MINUTE_MS = 60_000;

let stage: VisitStage;
beforeEach(() => {
  stage = new VisitStage();
});

/** Lets the clock run until the visit is over. */
async function check(change: Partial<FeedVisit> = {}): Promise<CheckedFeed> {
  const visit = stage.feed(change);
  let over = false;
  const checked = visitFeed(visit, stage.tools(visit)).finally(() => {
    over = true;
  });
  checked.catch(() => 'told by whoever waits for it');
  for (let step = 0; step < 1_000 && !over; step += 1) await stage.clock.advance(100);
  return checked;
}

/** What is known after a first check. */
async function checkedOnce(headers: Record<string, string> = {}): Promise<Partial<FeedVisit>> {
  stage.set(URL_A, { headers, body: rss([{ id: '1' }]) });
  const { etag, lastModified, bodyHash, policy, pace } = (await check()).check;
  for (const { key, contentHash } of (await check()).check.articles) {
    stage.known.set(key, { id: 1, hashes: [contentHash] });
  }
  stage.requests.length = 0;
  return { etag, lastModified, bodyHash, policy, pace, state: 'ok' };
}

describe('a check of a feed', () => {
  it('finds its articles and says what the feed is', async () => {
    const text = '<p>Some <b>text</b></p><script>alert(1)</script>';
    const date = 'Wed, 31 Dec 2025 10:00:00 GMT';
    stage.set(URL_A, { body: rss([{ id: '1', text, date }, { id: '2' }]) });
    const { check: first, reason } = await check();
    assert.equal(reason, 'ok');
    const { state, title, link, format, items, initial, changed, status } = first;
    assert.deepEqual(
      { state, title, link, format, items, initial, changed, status },
      {
        ...{ state: 'ok', title: 'A feed', link: 'https://a.test/', format: 'rss', items: 2 },
        ...{ initial: true, changed: true, status: 200 },
      },
    );
    const [one, two] = first.articles;
    assert.equal(one?.summary, 'Some text');
    assert.equal(one?.publishedMs, Date.parse(date));
    assert.deepEqual([two?.guid, two?.url, two?.title], ['2', 'https://a.test/2', 'Title 2']);
  });

  it('asks with the validators that it was given, a weak one as it is', async () => {
    const headers = { etag: 'W/"a"', 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' };
    const known = await checkedOnce(headers);
    stage.set(URL_A, { status: 304, headers: { etag: 'W/"b"' } });
    const { check: second, reason } = await check(known);
    const sent = stage.requests[0]?.headers ?? {};
    assert.equal(sent['if-none-match'], 'W/"a"');
    assert.equal(sent['if-modified-since'], 'Thu, 01 Jan 2026 00:00:00 GMT');
    assert.deepEqual([reason, second.changed, second.articles.length], ['not-modified', false, 0]);
    assert.deepEqual([second.etag, second.items], ['W/"b"', null]);
    assert.equal(second.lastModified, headers['last-modified']);
  });

  it('takes the same body for unchanged, whatever its ETag', async () => {
    const known = await checkedOnce({ etag: '"a"' });
    stage.set(URL_A, { headers: { etag: '"b"' }, body: rss([{ id: '1' }]) });
    const { check: second, reason } = await check(known);
    assert.deepEqual([reason, second.etag, second.bodyHash], ['same', '"b"', known.bodyHash]);
  });

  it('reads another body under the same ETag, and tells what is new and what is changed', async () => {
    const known = await checkedOnce({ etag: '"a"' });
    const body = rss([{ id: '1', text: 'corrected' }, { id: '2' }]);
    stage.set(URL_A, { headers: { etag: '"a"' }, body });
    const { check: second } = await check(known);
    assert.deepEqual(
      second.articles.map(({ guid }) => guid),
      ['1', '2'],
    );
    assert.equal(second.initial, false);
    stage.set(URL_A, { body: rss([{ id: '1' }]) });
    assert.equal((await check({ ...known, bodyHash: 'other' })).check.articles.length, 0);
  });

  it('takes a 304 that nobody asked for as a failure', async () => {
    stage.set(URL_A, { status: 304 });
    const { check: failed, reason } = await check();
    assert.deepEqual([reason, failed.state, failed.failures], ['status', 'failing', 1]);
  });
});

describe('redirects of a feed', () => {
  const body = rss([{ id: '1' }]);
  const to = (status: number, location: string) => ({ status, headers: { location } });

  it('are paid for by the host they land on, one host at a time', async () => {
    stage.set(URL_A, to(302, 'https://b.test/x'));
    stage.set('https://b.test/x', { body });
    await check();
    assert.deepEqual(stage.hosts, [
      `ask ${URL_A}`,
      'free a.test 5000',
      'take b.test',
      'ask https://b.test/x',
      'free b.test 5000',
    ]);
  });

  it('wait for one spacing of the same host, which nobody else gets meanwhile', async () => {
    stage.set(URL_A, to(301, '/new'));
    stage.set('https://a.test/new', { body });
    const startMs = stage.clock.nowMs();
    const { check: moved } = await check();
    const tookMs = stage.clock.nowMs() - startMs;
    assert.ok(tookMs >= 5_000 && tookMs < 5_200, `${tookMs} ms`);
    assert.equal(moved.fetchUrl, 'https://a.test/new');
    assert.deepEqual(stage.hosts, [`ask ${URL_A}`, `ask ${moved.fetchUrl}`, 'free a.test 5000']);
  });

  it('are remembered when they are permanent and lead to a feed', async () => {
    for (const status of [301, 308]) {
      stage = new VisitStage();
      stage.set(URL_A, to(status, 'https://b.test/x'));
      stage.set('https://b.test/x', { body });
      const { check: moved } = await check();
      assert.deepEqual([moved.fetchUrl, moved.host], ['https://b.test/x', 'b.test']);
    }
    stage = new VisitStage();
    stage.set(URL_A, to(301, 'https://b.test/x'));
    stage.set('https://b.test/x', { body: 'sold to somebody' });
    assert.equal((await check()).check.fetchUrl, URL_A);
  });

  it('are not remembered when one of them is temporary, from there on', async () => {
    for (const status of [302, 303, 307]) {
      stage = new VisitStage();
      stage.set(URL_A, to(status, 'https://b.test/x'));
      stage.set('https://b.test/x', { body });
      assert.equal((await check()).check.fetchUrl, URL_A);
    }
    stage = new VisitStage();
    stage.set(URL_A, to(301, 'https://b.test/x'));
    stage.set('https://b.test/x', to(302, 'https://c.test/y'));
    stage.set('https://c.test/y', { body });
    assert.equal((await check()).check.fetchUrl, 'https://b.test/x');
  });

  it('are never remembered where they lead out of https', async () => {
    stage.set(URL_A, to(301, 'http://a.test/plain'));
    stage.set('http://a.test/plain', { body });
    assert.equal((await check()).check.fetchUrl, URL_A);
  });

  it('take nothing along that was meant for the first site, now or the next time', async () => {
    const settings = { ...feedSettings, headers: { 'x-key': 'k' }, authorization: 'Basic abc' };
    stage.set(URL_A, to(301, 'https://b.test/x'));
    stage.set('https://b.test/x', { body });
    const { check: moved } = await check({ settings });
    assert.equal(stage.requests[0]?.headers?.authorization, 'Basic abc');
    assert.equal(stage.requests[0]?.headers?.['x-key'], 'k');
    assert.equal(stage.requests[1]?.headers?.authorization, undefined);
    assert.equal(stage.requests[1]?.headers?.['x-key'], undefined);
    assert.equal(moved.fetchUrl, URL_A);
    stage.set('http://a.test/feed', to(301, URL_A));
    stage.set(URL_A, { body });
    const { check: better } = await check({ url: 'http://a.test/feed', settings });
    assert.equal(better.fetchUrl, URL_A);
    assert.equal(stage.requests.at(-1)?.headers?.authorization, 'Basic abc');
  });

  it('end when they go in a circle, too far, or nowhere', async () => {
    stage.set(URL_A, to(301, '/b'));
    stage.set('https://a.test/b', to(301, '/feed'));
    assert.equal((await check()).reason, 'redirect');
    stage.set(URL_A, to(301, 'file:///etc/passwd'));
    assert.equal((await check()).reason, 'redirect');
    for (let n = 0; n < 9; n += 1)
      stage.set(`https://h${n}.test/`, to(302, `https://h${n + 1}.test/`));
    stage.requests.length = 0;
    assert.equal((await check({ url: 'https://h0.test/' })).reason, 'redirect');
    assert.equal(stage.requests.length, 6);
    assert.equal(stage.hosts.at(-1), 'free h5.test 5000');
  });

  it('put the check off when their host is busy for long: that is no failure', async () => {
    stage.set(URL_A, to(302, 'https://b.test/x'));
    const freeMs = stage.clock.nowMs() + 60_000;
    stage.busy.set('b.test', freeMs);
    await assert.rejects(check(), (error) => error instanceof HostBusy && error.freeMs === freeMs);
    stage.busy.set('b.test', stage.clock.nowMs() + 4_000);
    stage.set('https://b.test/x', { body });
    assert.equal((await check()).reason, 'ok');
  });
});

describe('a feed that fails', () => {
  const outcome = async (answer: Parameters<VisitStage['set']>[1], change?: Partial<FeedVisit>) => {
    stage.set(URL_A, answer);
    return check(change);
  };

  it('has a reason of a closed set for each way to fail', async () => {
    const answers: [Parameters<VisitStage['set']>[1], string][] = [
      [{ status: 404 }, 'not-found'],
      [{ status: 401 }, 'refused'],
      [{ status: 403 }, 'refused'],
      [{ status: 403, headers: { 'cf-mitigated': 'challenge' } }, 'challenge'],
      [{ status: 429 }, 'rate-limited'],
      [{ status: 503 }, 'unavailable'],
      [{ status: 418 }, 'status'],
      [{ body: '' }, 'empty'],
      [{ body: '<!doctype html><p>hello' }, 'html'],
      [{ body: '{"error":"no"}' }, 'not-a-feed'],
      [{ error: new HttpError('deadline', 'late') }, 'timeout'],
      [{ error: new HttpError('dns', 'no') }, 'dns'],
      [{ error: new HttpError('target', 'not public') }, 'target'],
      [{ error: new HttpError('too-large', 'more') }, 'too-large'],
      [{ error: new HttpError('truncated', 'cut') }, 'truncated'],
    ];
    for (const [answer, reason] of answers) {
      stage = new VisitStage();
      const failed = await outcome(answer, { failures: 2, bodyHash: 'x' });
      assert.equal(failed.reason, reason);
      assert.deepEqual([failed.check.state, failed.check.failures], ['failing', 3]);
      assert.equal(failed.check.bodyHash, 'x');
    }
  });

  it('is refused for items that no articles can be made of', async () => {
    stage.set(URL_A, { body: rss([{ id: '1' }]) });
    const visit = stage.feed();
    const tools = stage.tools(visit);
    const preparer = { prepare: () => Promise.reject(new ItemsRefused('slow', 'took 20 s')) };
    const { reason, check: failed } = await visitFeed(visit, { ...tools, preparer });
    assert.deepEqual([reason, failed.state, failed.bodyHash], ['slow', 'failing', null]);
  });

  it('is asked no more when it is gone for good', async () => {
    const { check: gone } = await outcome({ status: 410 });
    assert.equal(gone.state, 'gone');
    assert.match(gone.why ?? '', /410/);
  });

  it('is asked once more, by the budget, when its connection was just closed', async () => {
    const reset = { error: new HttpError('reset', 'closed') };
    stage.set(URL_A, reset, { body: rss([]) });
    const startMs = stage.clock.nowMs();
    assert.equal((await check()).reason, 'ok');
    assert.ok(stage.clock.nowMs() - startMs >= 5_000);
    stage.set(URL_A, reset);
    assert.equal((await check()).reason, 'reset');
  });

  it('leaves the server alone for as long as it says, and its host too', async () => {
    for (const status of [429, 503]) {
      stage = new VisitStage();
      const { check: told } = await outcome({ status, headers: { 'retry-after': '600' } });
      assert.ok(told.dueMs - stage.clock.nowMs() >= 10 * MINUTE_MS - 10_000);
      assert.deepEqual(stage.hosts.at(-1), 'free a.test 600000');
    }
  });

  it('takes no pause of years, and none of more than an hour for the whole host', async () => {
    const headers = { 'retry-after': '99999999999999999999' };
    const { check: told } = await outcome({ status: 503, headers });
    assert.ok(told.intervalMs >= 24 * 60 * MINUTE_MS && told.intervalMs < 27 * 60 * MINUTE_MS);
    assert.deepEqual(stage.hosts.at(-1), 'free a.test 3600000');
  });
});

describe('a web page instead of a feed', () => {
  const page = (...links: string[]) =>
    `<!doctype html><html><head>${links
      .map((href) => `<link rel="alternate" type="application/rss+xml" href="${href}">`)
      .join('')}</head></html>`;

  it('leads to the first feed that it names, which is asked from then on', async () => {
    stage.set(URL_A, { body: page('/gone.xml', '/real.xml') });
    stage.set('https://a.test/real.xml', { body: rss([{ id: '1' }]) });
    const { check: found } = await check();
    assert.equal(found.fetchUrl, 'https://a.test/real.xml');
    assert.equal(found.articles.length, 1);
  });

  it('is followed once: a page that names a page is no feed', async () => {
    stage.set(URL_A, { body: page('/b') });
    stage.set('https://a.test/b', { body: page('/c') });
    stage.set('https://a.test/c', { body: rss([]) });
    assert.equal((await check()).reason, 'html');
    assert.equal(stage.requests.length, 2);
  });
});

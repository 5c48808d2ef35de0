/** What feeds and pages do to whoever reads them, through a whole worker with its threads. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Database } from '../../../registry/database.ts';
import type { Feed } from '../../../registry/feeds.ts';
import type { Handler } from '../../helpers/article-site.ts';
import { eventually } from '../../helpers/eventually.ts';
import { forEachDatabase } from '../../helpers/registry.ts';
import { rss } from './visit-stage.ts';
import { WorkerStage } from './worker-stage.ts';

const WAIT_MS = 90_000;
/** Longer than the test: nothing but what never ends may run into it. */
const DEADLINE_MS = 60_000;
/** Of workers that have nothing to visit but what never ends. */
const SHORT_MS = 300;
const METADATA = 'http://169.254.169.254/latest/meta-data/';

const letters = [...'abcdefghi'];
const laughs = letters.map((name, n) => {
  const text = n === 0 ? 'lol' : `&${letters[n - 1]};`.repeat(10);
  return `<!ENTITY ${name} "${text}">`;
});
const channel = (title: string) =>
  `<rss><channel><title>${title}</title><item><guid>1</guid><title>${title}</title></item>` +
  '</channel></rss>';
const bomb = gzipSync(Buffer.alloc(50_000_000));
const gzip = { 'content-encoding': 'gzip' };
const html = { 'content-type': 'text/html' };

/** One byte a second is more than most time-outs of silence allow. */
const drip: Handler = (_request, response) => {
  response.writeHead(200);
  const timer = setInterval(() => response.write('<'), 1_000);
  response.on('close', () => clearInterval(timer));
};
const away: Handler = (_request, response) =>
  void response.writeHead(302, { location: METADATA }).end();

forEachDatabase((fixture) => {
  describe('workers of articles are not hurt', () => {
    let database: Database;
    let stage: WorkerStage;

    beforeEach(async () => {
      database = await fixture.fresh();
      stage = await WorkerStage.on(database);
    });
    afterEach(() => stage.close());
    const soon = (check: () => Promise<void>) => eventually(check, WAIT_MS);

    it('by a feed: each has its reason, and the others are read', async () => {
      const { site } = stage;
      site.serve(/^\/laughs/, `<!DOCTYPE r [${laughs.join('')}]>${channel('&i;')}`);
      const secret = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]>';
      site.serve(/^\/external/, `${secret}${channel('[&x;]')}`);
      const outside = `<!DOCTYPE r SYSTEM "${site.url('127.0.7.99', '/dtd')}">`;
      site.serve(/^\/doctype/, `${outside}${channel('outside')}`);
      const item = '{"id":"1","title":"t","__proto__":{"url":"http://polluted.example/"}}';
      const json = `{"version":"https://jsonfeed.org/version/1.1","title":"t","items":[${item}]}`;
      site.serve(/^\/proto/, json, { 'content-type': 'application/feed+json' });
      const names = '<__proto__><polluted>1</polluted></__proto__><constructor>1</constructor>';
      const named = channel('names').replace('<item>', `${names}<item>${names}`);
      site.serve(/^\/names/, named);
      site.serve(/^\/bomb/, bomb, gzip);
      site.serve(/^\/deep/, `<rss><channel>${'<a>'.repeat(5_000)}</channel></rss>`);
      site.on(/^\/metadata/, away);
      site.serve(/^\/good/, rss([{ id: '1' }]));
      // Nothing of an entity is expanded or fetched, and a name is no more than a name.
      const wanted = {
        ...{ '/laughs': 'ok', '/external': 'ok', '/doctype': 'ok', '/proto': 'ok' },
        ...{ '/names': 'ok', '/bomb': 'too-large', '/deep': 'too-deep' },
        ...{ '/metadata': 'target', '/good': 'ok' },
      };
      const feeds: Feed[] = [];
      for (const [n, path] of Object.keys(wanted).entries()) {
        feeds.push(await stage.feed(`127.0.7.${n + 1}`, path, { bodyBytesMax: 20_000_000 }));
      }
      stage.worker({ deadlineMs: DEADLINE_MS });
      const states = () => Promise.all(feeds.map((feed) => stage.stateOf(feed)));
      await soon(async () => {
        const reasons = (await states()).map(({ reason }) => reason);
        assert.deepEqual(reasons, Object.values(wanted));
      });
      const [laughed, external, , , , , , metadata, good] = await states();
      assert.ok((laughed?.title?.length ?? 0) < 100, 'not expanded');
      assert.doesNotMatch(external?.title ?? '', /\[[a-z0-9-]+\]/, 'no file was read');
      assert.equal(site.asks(/^\/dtd/).length, 0, 'nothing that a body names is fetched');
      assert.equal(await stage.count("select count(*) from articles where url ~ 'polluted'"), 0);
      assert.equal(Reflect.get({}, 'polluted'), undefined);
      assert.match(metadata?.message ?? '', /169\.254\.169\.254/);
      assert.deepEqual([good?.state, good?.articles, good?.failures], ['ok', 1, 0]);
    });

    it('by a page: each has its reason, and the others are read', async () => {
      const { site } = stage;
      const text = '<p>The price of bitcoin rose today, said somebody who knows it well.</p>';
      site.serve(/^\/page\/good/, `<body><article>${text.repeat(8)}</article></body>`, html);
      site.serve(/^\/page\/bomb/, bomb, { ...gzip, ...html });
      site.serve(/^\/page\/deep/, `<body>${'<div>'.repeat(50_000)}</body>`, html);
      site.on(/^\/page\/metadata/, away);
      const pages = ['good', 'bomb', 'deep', 'metadata'];
      const items = pages.map((id, n) => ({
        id,
        link: site.url(`127.0.8.${n + 1}`, `/page/${id}`),
      }));
      site.serve(/^\/feed/, rss(items));
      const feed = await stage.feed('127.0.8.99', '/feed', { fetch: 'always' });
      stage.worker({ deadlineMs: DEADLINE_MS });
      const ends = async () => {
        const rows = await database.query(
          `select a.guid, j.state, j.reason
           from article_jobs j join articles a on a.id = j.article`,
        );
        const find = (id: string) => rows.find(({ guid }) => guid === id);
        return pages.map((id) => `${id} ${find(id)?.reason ?? find(id)?.state}`);
      };
      await soon(async () => {
        assert.deepEqual(await ends(), [
          ...['good done', 'bomb too-large', 'deep too-complex', 'metadata target'],
        ]);
      });
      assert.equal((await stage.stateOf(feed)).reason, 'ok');
      assert.equal(site.asks(/meta-data/).length, 0);
    });

    it('by a feed that never ends', async () => {
      stage.site.on(/^\/drip/, drip);
      const feed = await stage.feed('127.0.9.1', '/drip');
      stage.worker({ deadlineMs: SHORT_MS });
      await soon(async () => {
        const { reason, message } = await stage.stateOf(feed);
        assert.equal(reason, 'timeout');
        assert.match(message ?? '', /300 ms/);
      });
    });

    it('by a page that never ends', async () => {
      const { site } = stage;
      site.on(/^\/page\/drip/, drip);
      const host = '127.0.9.2';
      site.serve(/^\/feed/, rss([{ id: '1', link: site.url(host, '/page/drip') }]));
      const feed = await stage.feed(host, '/feed', { fetch: 'always' });
      // One that reads the feed, and would ask the host again in an hour.
      const first = stage.worker({ deadlineMs: DEADLINE_MS, spacingMs: 3_600_000 });
      await soon(async () => assert.equal((await stage.stateOf(feed)).reason, 'ok'));
      await first.close();
      await database.query('update article_hosts set free_ms = 0');
      stage.worker({ deadlineMs: SHORT_MS });
      await soon(async () => {
        const [job] = await database.query('select reason, message from article_jobs');
        assert.equal(job?.reason, 'timeout');
        assert.match(String(job?.message), /300 ms/);
      });
    });
  });
});

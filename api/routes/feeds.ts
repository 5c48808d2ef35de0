import type { Dependencies } from '../app.ts';
import { exportFeeds, importFeeds, listTypes } from '../articles/feed-lists.ts';
import {
  checkAnswer,
  feedAnswer,
  feedPatch,
  feedsAnswer,
  feedsQuery,
  feedWish,
  importAnswer,
} from '../articles/feed-schemas.ts';
import { shownFeeds, shownOne } from '../articles/feed-views.ts';
import { readFeedPatch, readFeedWish } from '../articles/feed-wish.ts';
import { createAdmission } from '../http/admission.ts';
import { readUpload } from '../http/body.ts';
import { tagOf } from '../http/field-schemas.ts';
import { demand, notThere, readId } from '../http/ids.ts';
import { isoOrNull } from '../http/moment.ts';
import { page } from '../http/page.ts';
import { alsoShort, defineRoute, type Route } from '../http/route.ts';
import { noQuery } from '../schemas.ts';

const LISTS_MAX = 2;

const path = '/api/v1/feeds';
const params = { id: 'The number of the feed.' };
const changed = { schema: feedAnswer };

/** Feeds that are watched. Everything is also at the short address, `/feeds`. */
export function feedRoutes(dependencies: Dependencies): readonly Route[] {
  return alsoShort([
    // Before the feeds: `opml` is the number of none.
    ...lists(dependencies),
    ...reading(dependencies),
    ...changing(dependencies),
    checkRoute(dependencies),
  ]);
}

function lists({ feeds: desk, clock }: Dependencies): readonly Route[] {
  const admitted = createAdmission(LISTS_MAX);
  return [
    defineRoute({
      id: 'exportFeeds',
      method: 'get',
      path: `${path}/opml`,
      summary: 'All feeds that are watched, as a list that other programs read',
      access: 'read',
      query: noQuery,
      answers: { 200: { about: 'OPML 2.0', media: [listTypes[0]] } },
      handle: ({ ctx }) =>
        admitted(async () => {
          const list = await exportFeeds(desk, clock.nowMs());
          ctx.set('Content-Type', `${listTypes[0]}; charset=utf-8`);
          ctx.set('Content-Disposition', 'attachment; filename="tidemark.opml"');
          return list;
        }),
    }),
    defineRoute({
      id: 'importFeeds',
      method: 'post',
      path: `${path}/opml`,
      summary: 'Watch the feeds of a list, with every setting at its default',
      access: 'write',
      query: noQuery,
      uploads: listTypes,
      answers: { 200: { about: 'What became of them', schema: importAnswer } },
      handle: ({ ctx }) =>
        admitted(async () => {
          const { type, bytes } = await readUpload(ctx.req, listTypes);
          return importFeeds(desk, bytes, type);
        }),
    }),
  ];
}

function reading({ feeds: desk }: Dependencies): readonly Route[] {
  return [
    defineRoute({
      id: 'feeds',
      method: 'get',
      path,
      summary: 'Feeds that are watched, and how they stand',
      access: 'read',
      query: feedsQuery,
      answers: { 200: { about: 'One page, by number', schema: feedsAnswer } },
      async handle({ query: { active, state, host, text, tag, limit, after = 0 } }) {
        const found = await desk.list({
          ...{ after, state, text, limit: limit + 1 },
          host: host?.toLowerCase(),
          active: active === undefined ? undefined : active === 'true',
          tag: tag === undefined ? undefined : tagOf(tag),
        });
        const { items, next } = page(found, limit, ({ id }) => String(id));
        return { items: await shownFeeds(desk, items), next };
      },
    }),
    defineRoute({
      id: 'feed',
      method: 'get',
      path: `${path}/:id`,
      summary: 'One feed, how it stands, and why it waits',
      access: 'read',
      query: noQuery,
      params,
      answers: { 200: { about: 'It', ...changed } },
      async handle({ params: { id = '' } }) {
        const feed = await demand('feed', id, desk.find);
        return shownOne(desk, feed);
      },
    }),
  ];
}

function changing({ feeds: desk }: Dependencies): readonly Route[] {
  return [
    defineRoute({
      id: 'addFeed',
      method: 'post',
      path,
      summary: 'Watch a feed from now on. The same URL is the same feed',
      access: 'write',
      query: noQuery,
      body: feedWish,
      answers: {
        201: { about: 'Made; it is checked at once', ...changed },
        200: { about: 'It was there: switched on, what was given is changed', ...changed },
      },
      async handle({ ctx, body }) {
        const { wanted, given } = await readFeedWish(desk, body);
        const { feed, made } = await desk.ensure(wanted, given);
        ctx.status = made ? 201 : 200;
        ctx.set('Location', `${ctx.path.replace(/\/+$/, '')}/${feed.id}`);
        return shownOne(desk, feed);
      },
    }),
    defineRoute({
      id: 'changeFeed',
      method: 'patch',
      path: `${path}/:id`,
      summary: 'Change anything of a feed but its URL; null: the default',
      access: 'write',
      query: noQuery,
      params,
      body: feedPatch,
      answers: { 200: { about: 'It, as it is from now on', ...changed } },
      async handle({ params: { id = '' }, body }) {
        const feed = await demand('feed', id, desk.find);
        const after = await desk.change(feed.id, readFeedPatch(desk, feed, body));
        if (after === undefined) throw notThere('feed', id);
        return shownOne(desk, after);
      },
    }),
    defineRoute({
      id: 'deleteFeed',
      method: 'delete',
      path: `${path}/:id`,
      summary: 'Switch a feed off. It stays in the list, and so do its articles',
      access: 'write',
      query: noQuery,
      params,
      answers: { 200: { about: 'It, not active', schema: feedAnswer } },
      async handle({ params: { id = '' } }) {
        const after = await desk.change(readId('feed', id), { active: false });
        if (after === undefined) throw notThere('feed', id);
        return shownOne(desk, after);
      },
    }),
  ];
}

function checkRoute({ feeds: desk }: Dependencies): Route {
  return defineRoute({
    id: 'checkFeed',
    method: 'post',
    path: `${path}/:id/check`,
    summary: 'Check a feed as soon as its host may be asked',
    access: 'write',
    query: noQuery,
    params,
    answers: { 202: { about: 'When', schema: checkAnswer } },
    async handle({ ctx, params: { id = '' } }) {
      const feed = await demand('feed', id, desk.checkNow);
      ctx.status = 202;
      return { feed: feed.id, due: isoOrNull(feed.dueMs), checking: feed.checking };
    },
  });
}

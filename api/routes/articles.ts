import type { Dependencies } from '../app.ts';
import { readArticles, readAsked, shownWhole, streamArticles } from '../articles/list.ts';
import { articleDetail, articlesAnswer, articlesQuery } from '../articles/schemas.ts';
import { createAdmission } from '../http/admission.ts';
import { demand } from '../http/ids.ts';
import { mediaOf } from '../http/media.ts';
import { sendPage } from '../http/page.ts';
import { alsoShort, defineRoute, type Route } from '../http/route.ts';
import { noQuery } from '../schemas.ts';

const ANSWERS_MAX = 64;
const LIMIT = 100;

const path = '/api/v1/articles';
const media = ['application/json', 'application/x-ndjson'] as const;

/** Articles of feeds. Everything is also at the short address, `/articles`. */
export function articleRoutes({ articles: desk, clock }: Dependencies): readonly Route[] {
  const admitted = createAdmission(ANSWERS_MAX);
  return alsoShort([
    defineRoute({
      id: 'articles',
      method: 'get',
      path,
      summary: 'Articles, the newest first',
      access: 'read',
      query: articlesQuery,
      answers: { 200: { about: 'One page; of NDJSON a line each', schema: articlesAnswer, media } },
      handle: ({ ctx, query, signal: leaving }) =>
        admitted(async () => {
          const type = mediaOf(ctx, query.format, media);
          const asked = readAsked(query, clock.nowMs());
          const { limit } = query;
          ctx.vary('Accept');
          if (type === 'application/json') return readArticles(desk, asked, limit ?? LIMIT);
          await sendPage({ ctx, leaving, type }, (signal) =>
            streamArticles(desk, asked, { limit, signal }),
          );
          return undefined;
        }),
    }),
    defineRoute({
      id: 'article',
      method: 'get',
      path: `${path}/:id`,
      summary: 'One article with its text and the job of its page',
      access: 'read',
      query: noQuery,
      params: { id: 'The number of the article.' },
      answers: { 200: { about: 'It', schema: articleDetail } },
      handle: async ({ params: { id = '' } }) => shownWhole(await demand('article', id, desk.find)),
    }),
  ]);
}

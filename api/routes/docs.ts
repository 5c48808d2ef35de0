import { TidemarkError } from '../../core/errors.ts';
import type { Dependencies } from '../app.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { noQuery } from '../schemas.ts';
import { sendAsset } from './assets.ts';

/** The reference for people: a page that reads `/openapi.json`. It holds no secret. */
export function docsRoutes({ assets }: Dependencies): readonly Route[] {
  return [
    defineRoute({
      id: 'docs',
      method: 'get',
      path: '/docs',
      summary: 'The reference of the API, as a page',
      access: 'open',
      hidden: true,
      query: noQuery,
      answers: {},
      async handle({ ctx }) {
        const page = assets.get('docs/index.html');
        if (page === undefined) throw new TidemarkError('not-found', 'this process has no pages');
        sendAsset(ctx, page);
        return undefined;
      },
    }),
  ];
}

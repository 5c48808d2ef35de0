import type { Context } from 'koa';
import { TidemarkError } from '../../core/errors.ts';
import type { Dependencies } from '../app.ts';
import type { Asset } from '../assets.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { noQuery } from '../schemas.ts';

/** Scripts, styles and data of this origin alone, nothing inline, in nobody else's frame. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The files of the dashboard. They hold no secret: whoever may not read sees empty pages. */
export function assetRoutes({ assets }: Dependencies): readonly Route[] {
  return [
    defineRoute({
      id: 'assets',
      method: 'get',
      path: '/assets/*name',
      summary: 'Scripts and styles of the dashboard',
      access: 'open',
      hidden: true,
      query: noQuery,
      answers: {},
      async handle({ ctx, params: { name = '' } }) {
        const asset = assets.get(name);
        if (asset === undefined) throw new TidemarkError('not-found', `no file ${name}`);
        sendAsset(ctx, asset);
        return undefined;
      },
    }),
    defineRoute({
      id: 'favicon',
      method: 'get',
      path: '/favicon.ico',
      summary: 'The icon, where browsers look for it by themselves',
      access: 'open',
      hidden: true,
      query: noQuery,
      answers: {},
      async handle({ ctx }) {
        const icon = assets.get('icon.svg');
        if (icon === undefined) throw new TidemarkError('not-found', 'no icon');
        sendAsset(ctx, icon);
        return undefined;
      },
    }),
  ];
}

/** Whether a person's browser asks, and not a program. */
export function asksForPage(ctx: Context): boolean {
  ctx.vary('Accept');
  return ctx.accepts(['application/json', 'text/html']) === 'text/html';
}

/** A file whole: kept by browsers, which ask each time whether it is still the same. */
export function sendAsset(ctx: Context, asset: Asset): void {
  ctx.vary('Accept-Encoding');
  ctx.set({
    'Content-Type': asset.type,
    'Cache-Control': 'no-cache',
    ETag: asset.etag,
    'Content-Security-Policy': PAGE_POLICY,
  });
  ctx.status = 200;
  if (ctx.fresh) {
    ctx.status = 304;
    return;
  }
  const packed = ctx.acceptsEncodings('gzip', 'identity') === 'gzip';
  if (packed) ctx.set('Content-Encoding', 'gzip');
  ctx.body = packed ? asset.packed : asset.body;
}

import { createHash } from 'node:crypto';
import type { Context } from 'koa';

/**
 * Sends a whole body that is at hand. Caches may keep it but must ask each time; who has it already
 * gets a 304.
 */
export function conditional(ctx: Context, body: unknown): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  if (typeof body !== 'string') ctx.type = 'application/json';
  ctx.set('Cache-Control', 'no-cache');
  ctx.vary('Authorization');
  const status = ctx.status === 404 ? 200 : ctx.status;
  ctx.status = status;
  ctx.body = text;
  if (status !== 200 || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) return;
  ctx.set('ETag', etagOf(text));
  if (ctx.fresh) ctx.status = 304;
}

/** The same for the same body, and no other. */
export function etagOf(body: string | Buffer): string {
  return `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
}

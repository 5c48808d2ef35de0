/** The small pages behind the links in e-mails: no script, nothing from elsewhere. */
import type { Context } from 'koa';
import { escapeHtml } from '../../core/html.ts';

export interface PageText {
  /** What is asked, before the address. */
  readonly question: string;
  readonly button: string;
}

export interface Page {
  readonly status: number;
  readonly html: string;
}

/** The form goes to the address of the page, which has the token. */
export function askPage({ question, button }: PageText, shown: string): Page {
  const form = `<form method="post"><button autofocus>${escapeHtml(button)}</button></form>`;
  return { status: 200, html: pageOf(`${line(question, shown)}${form}`) };
}

export function donePage(done: string, shown: string): Page {
  return { status: 200, html: pageOf(line(done, shown)) };
}

export function lostPage(): Page {
  const text = 'This link is not valid, or not any more. The newest message has the newest link.';
  return { status: 404, html: pageOf(`<p>${text}</p>`) };
}

export function sendPageText(ctx: Context, { status, html }: Page): void {
  ctx.status = status;
  ctx.set({
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    // The address has a token.
    'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy':
      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
  });
  ctx.body = html;
}

function line(text: string, shown: string): string {
  return `<p>${escapeHtml(text)} <b>${escapeHtml(shown)}</b>.</p>`;
}

const STYLE =
  'body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem}' +
  'button{font:inherit;padding:.5rem 1rem}:root{color-scheme:light dark}';

function pageOf(body: string): string {
  return (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Tidemark</title>' +
    '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">' +
    `<style>${STYLE}</style><main><h1>Tidemark</h1>${body}</main></html>\n`
  );
}

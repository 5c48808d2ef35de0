/** A site of the test's own: pages that are scanned, a feed, and a receiver of messages. */
import type { ServerResponse } from 'node:http';
import { Receiver } from '../helpers/receiver.ts';

export interface Site {
  readonly place: string;
  readonly url: string;
  readonly received: Receiver['received'];
  /** What `/page` answers with. */
  status: number;
  /** Titles of the feed at `/feed`, the newest first. */
  titles: readonly string[];
  close(): Promise<void>;
}

/** Of titles that want to be more than text. */
export const HOSTILE = '<img src=x onerror="document.title=`taken`"><script>alert(1)</script>';

export async function startSite(): Promise<Site> {
  const receiver = await Receiver.start();
  const site: Site = {
    ...{ place: receiver.place, url: receiver.url, received: receiver.received },
    ...{ status: 200, titles: [], close: () => receiver.close() },
  };
  receiver.answer = (response, { path }) => {
    if (path === '/page') answer(response, site.status, '<p>price: 42.5</p>');
    else if (path === '/feed') answer(response, 200, feedOf(site), 'application/rss+xml');
    else if (path.startsWith('/hook')) answer(response, 204, '');
    else answer(response, 200, '<p>A page that says little.</p>');
  };
  return site;
}

function answer(response: ServerResponse, status: number, body: string, type = 'text/html'): void {
  response.writeHead(status, { 'content-type': type }).end(body);
}

function feedOf({ titles, url }: Site): string {
  const items = titles.map((title, at) => {
    const id = titles.length - at;
    return `<item><guid>${id}</guid><title>${escaped(title)}</title><link>${url}/a/${id}</link></item>`;
  });
  return `<rss version="2.0"><channel><title>Own</title>${items.join('')}</channel></rss>`;
}

/** Twice: a title is markup in most feeds, and this one says the markup as text. */
function escaped(text: string): string {
  const once = (part: string) => part.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return once(once(text));
}

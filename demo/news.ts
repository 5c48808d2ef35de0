import { chance, hashOf } from './noise.ts';

/** What a path of the demo's own site answers. */
export interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** How long the answer takes, in ms. */
  readonly delayMs?: number;
}

const MINUTE_MS = 60_000;
/** Each feed has a new article this often. */
const ARTICLE_MS = 5 * MINUTE_MS;
const ARTICLES_SHOWN = 20;
const SLOW_MS = 3_000;

const WHO = [
  'Exchange',
  'Miner',
  'Regulator',
  'Bank',
  'Wallet maker',
  'Court',
  'Fund',
  'Developer',
];
const DID = ['lists', 'halts', 'audits', 'buys', 'questions', 'upgrades', 'sues over', 'opens'];
const WHAT = ['Bitcoin reserves', 'an Ether desk', 'stablecoin rules', 'a data centre', 'Solana'];
const WHY = ['after a calm week', 'as volumes rise', 'despite the outage', 'in a surprise move'];

interface Article {
  readonly number: number;
  readonly title: string;
  readonly atMs: number;
}

/** The site of one seed: every page is a function of its path and the time. */
export function pageOf(
  path: string,
  options: { seed: number; origin: string; nowMs: number },
): Page {
  const { seed, origin, nowMs } = options;
  const article = /^\/articles\/(news|changes)\/(\d{1,12})$/.exec(path);
  if (article) return articlePage(seed, article[1] ?? '', Number(article[2]));
  switch (path) {
    case '/feeds/news.rss':
      return { status: 200, type: 'application/rss+xml', body: rss(options) };
    case '/feeds/changes.atom':
      return { status: 200, type: 'application/atom+xml', body: atom(options) };
    case '/pages/ok':
      return html('All systems are up', '<p id="status">All systems are up.</p>');
    case '/pages/gold':
      return goldPage(seed, nowMs);
    case '/pages/moody':
      return moodyPage(seed, nowMs);
    case '/':
      return html('Demo site', links(origin));
    default:
      return { ...html('Not here', '<p>There is no such page.</p>'), status: 404 };
  }
}

/** The newest articles of a feed, the newest first. */
export function articlesOf(seed: number, feed: string, nowMs: number): readonly Article[] {
  const newest = Math.floor(nowMs / ARTICLE_MS);
  return Array.from({ length: ARTICLES_SHOWN }, (_, age) => {
    const number = newest - age;
    return { number, title: titleOf(seed, feed, number), atMs: number * ARTICLE_MS };
  });
}

function titleOf(seed: number, feed: string, number: number): string {
  const hash = hashOf(`${seed} ${feed}`);
  const pick = (words: readonly string[], salt: number): string =>
    words[Math.floor(chance(hash + salt, number) * words.length)] ?? '';
  return [pick(WHO, 1), pick(DID, 2), pick(WHAT, 3), pick(WHY, 4)].join(' ');
}

type Site = { readonly seed: number; readonly origin: string; readonly nowMs: number };

function rss({ seed, origin, nowMs }: Site): string {
  const items = articlesOf(seed, 'news', nowMs).map(
    ({ number, title, atMs }) => `    <item>
      <title>${title}</title>
      <link>${origin}/articles/news/${number}</link>
      <guid isPermaLink="false">news-${number}</guid>
      <pubDate>${new Date(atMs).toUTCString()}</pubDate>
      <description><![CDATA[<p>${title}: what is known so far.</p>]]></description>
    </item>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0">
  <channel>
    <title>Demo market news</title>
    <link>${origin}/</link>
    <description>Headlines that nobody wrote</description>
    <ttl>5</ttl>
${items.join('\n')}
  </channel>
</rss>
`;
}

function atom({ seed, origin, nowMs }: Site): string {
  const articles = articlesOf(seed, 'changes', nowMs);
  const entries = articles.map(
    ({ number, title, atMs }) => `  <entry>
    <id>urn:demo:changes:${number}</id>
    <title>${title}</title>
    <link href="${origin}/articles/changes/${number}"/>
    <updated>${new Date(atMs).toISOString()}</updated>
    <summary>${title}: the change in short.</summary>
  </entry>`,
  );
  return `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <id>urn:demo:changes</id>
  <title>Demo market changes</title>
  <link href="${origin}/feeds/changes.atom" rel="self"/>
  <updated>${new Date(articles[0]?.atMs ?? 0).toISOString()}</updated>
${entries.join('\n')}
</feed>
`;
}

function articlePage(seed: number, feed: string, number: number): Page {
  const title = titleOf(seed, feed, number);
  const lines = WHY.map((why) => `<p>${title}. It comes ${why}, people who watch markets say.</p>`);
  return html(title, `<article><h1>${title}</h1>${lines.join('')}</article>`);
}

function goldPage(seed: number, nowMs: number): Page {
  const step = Math.floor(nowMs / MINUTE_MS);
  const price = 1_900 + 100 * chance(hashOf(`${seed} gold`), step);
  return html('Gold', `<p>Gold: <b id="gold">${price.toFixed(2)}</b> USD per ounce</p>`);
}

/** Well in most minutes; slow in one of eight, away in one of eight. */
function moodyPage(seed: number, nowMs: number): Page {
  const mood = chance(hashOf(`${seed} mood`), Math.floor(nowMs / MINUTE_MS));
  if (mood < 1 / 8) {
    const away = html('Away', '<p>Back in a minute.</p>');
    return { ...away, status: 503, headers: { 'retry-after': '60' } };
  }
  const well = html('Moody', '<p>Fine, thank you.</p>');
  return mood < 2 / 8 ? { ...well, delayMs: SLOW_MS } : well;
}

function links(origin: string): string {
  const paths = [
    '/feeds/news.rss',
    '/feeds/changes.atom',
    '/pages/ok',
    '/pages/gold',
    '/pages/moody',
  ];
  return paths.map((path) => `<p><a href="${origin}${path}">${path}</a></p>`).join('');
}

function html(title: string, body: string): Page {
  return {
    status: 200,
    type: 'text/html; charset=utf-8',
    body: `<!doctype html>\n<html lang="en"><title>${title}</title><body>${body}</body></html>\n`,
  };
}

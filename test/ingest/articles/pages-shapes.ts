/** Pages in the shapes that publishers' systems make, each with the article that is in it. */
export interface PageShape {
  readonly name: string;
  readonly html: string;
  /** Its paragraphs. */
  readonly article: readonly string[];
  readonly title: string;
}

const WORDS =
  'bitcoin ether market traders volume price exchange miners analysts regulators funds custody ' +
  'stablecoin liquidity futures spot ledger network protocol upgrade wallet token report quarter';

/** Sentences that differ from page to page, the same in each run. */
function paragraphs(seed: number, count: number): string[] {
  const words = WORDS.split(' ');
  let state = seed * 7919 + 17;
  const next = (below: number): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
  return Array.from({ length: count }, () => {
    const sentences = Array.from({ length: 3 + next(3) }, () => {
      const line = Array.from({ length: 9 + next(9) }, () => words[next(words.length)]).join(' ');
      return `The ${line}, said people who follow it.`;
    });
    return sentences.join(' ');
  });
}

const links = (count: number, of: string): string =>
  Array.from({ length: count }, (_, n) => `<li><a href="/${of}/${n}">${of} ${n}</a></li>`).join('');
const nav = `<nav class="menu"><ul>${links(24, 'section')}</ul></nav>`;
const footer = `<footer class="site-footer"><ul>${links(30, 'legal')}</ul><p>All rights reserved</p></footer>`;
const related = `<aside class="related sidebar"><h3>Read more</h3><ul>${links(12, 'story')}</ul></aside>`;
const noise = `<script>window.data=${JSON.stringify({ html: '</p><p>not text' })}</script><style>p{color:red}</style>`;
const p = (all: readonly string[], between = ''): string =>
  all.map((text) => `<p>${text}</p>`).join(between);

const page = (head: string, body: string, title: string): string =>
  `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>${title} | Daily Coin</title>${head}</head><body>${body}</body></html>`;

type Make = (article: readonly string[], title: string) => string;

const SYSTEMS: Readonly<Record<string, Make>> = {
  blog: (article, title) =>
    page(
      noise,
      `<div id="page"><header>${nav}</header><div id="content"><article class="post entry hentry">
<h1 class="entry-title">${title}</h1><div class="entry-meta">by <a rel="author" href="/a/jane">Jane Doe</a></div>
<div class="entry-content">${p(article, noise)}</div></article>${related}</div>${footer}</div>`,
      title,
    ),
  'single page application': (article, title) =>
    page(
      `<meta property="og:title" content="${title}"><script type="application/ld+json">${JSON.stringify(
        { '@context': 'https://schema.org', '@type': 'NewsArticle', headline: title },
      )}</script>`,
      `<div id="__next">${nav}<main><div class="css-1x2"><h1>${title}</h1><section class="css-9z">${article
        .map((text) => `<div class="css-77"><p><span>${text}</span></p></div>`)
        .join(
          '<div class="ad-slot ad"><iframe src="https://ads.test/"></iframe></div>',
        )}</section></div></main>${related}${footer}</div>`,
      title,
    ),
  'old tables': (article, title) =>
    `<HTML><HEAD><TITLE>${title} | Daily Coin</TITLE></HEAD><BODY bgcolor=white><table width=100%><tr><td>${nav}</td>
<td valign=top><font size=2><b>${title}</b><br><br>${article.join('<br><br>')}</font></td></tr></table>${footer}</BODY></HTML>`,
  'head and body left out': (article, title) =>
    `<!doctype html><meta charset=utf-8><title>${title} | Daily Coin</title><link rel=stylesheet href=x.css>
<ul>${links(10, 'top')}</ul><article><h1>${title}</h1>${article.map((text) => `<p>${text}`).join('\n')}</article>${footer}`,
  'lazy pictures': (article, title) =>
    page(
      '<noscript><img src="https://count.test/1.gif"></noscript>',
      `${nav}<article><h1>${title}</h1>${p(
        article,
        `<figure><img class="lazy" src="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP" data-src="/chart.png" alt="A chart">
<noscript><img src="/chart.png" alt="A chart"></noscript></figure>`,
      )}</article>${related}${footer}`,
      title,
    ),
  'shares and comments': (article, title) =>
    page(
      '',
      `${nav}<div class="article-body"><h1>${title}</h1><ul class="share social">${links(6, 'share')}</ul>${p(article)}
<div class="newsletter promo"><form><input name=email><button>Subscribe</button></form></div></div>
<div id="comments" class="comments"><ol>${links(20, 'comment')}</ol></div>${footer}`,
      title,
    ),
};

/** `rounds` pages of each system. */
export function pageShapes(rounds = 1): PageShape[] {
  return Object.entries(SYSTEMS).flatMap(([name, make], at) =>
    Array.from({ length: rounds }, (_, round) => {
      const seed = at + round * 31 + 1;
      const article = paragraphs(seed, 6 + (seed % 20));
      const title = `Bitcoin and the report of quarter ${seed}`;
      return { name, html: make(article, title), article, title };
    }),
  );
}

/** Agreement of two texts by their words, counted: 1 is the same words (Rajpurkar et al., 2016). */
export function wordAgreement(got: string, want: string): number {
  const words = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const left = new Map<string, number>();
  const wanted = words(want);
  const given = words(got);
  if (wanted.length === 0 && given.length === 0) return 1;
  for (const word of wanted) left.set(word, (left.get(word) ?? 0) + 1);
  let common = 0;
  for (const word of given) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    common += 1;
  }
  return (2 * common) / (wanted.length + given.length);
}

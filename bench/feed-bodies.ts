/** Bodies of feeds as they are on the web: 50 items of 2 kB each. */
export const ITEMS = 50;

export const paragraph =
  '<p>The price of <a href="https://news.test/btc">bitcoin</a> rose &amp; fell by 5 % today.</p>';
export const escaped = paragraph.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

export interface RssOptions {
  readonly text?: string;
  readonly many?: number;
  /** How many items came since the feed began: they are on top, and the oldest ones are gone. */
  readonly first?: number;
}

export function rssBody(feed: number, options: RssOptions = {}): Buffer {
  const { text = paragraph, many = ITEMS, first = 0 } = options;
  let items = '';
  for (let place = 0; place < many; place += 1) {
    const n = first + many - 1 - place;
    items += `<item><title><![CDATA[Story ${n} of feed ${feed}]]></title>
<link>https://news${feed}.test/${n}?utm_source=rss</link><guid isPermaLink="false">${feed}-${n}</guid>
<pubDate>Wed, 30 Sep 2026 17:${10 + (n % 50)}:54 +0000</pubDate><dc:creator>Jane Doe</dc:creator>
<category>Markets</category><category>Bitcoin</category><description>${escaped}</description>
<content:encoded><![CDATA[${text.repeat(20)}]]></content:encoded></item>`;
  }
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"
xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>Feed ${feed}</title><link>https://news${feed}.test/</link>${items}</channel></rss>`);
}

/** Parameters that say who sent a reader, and nothing about what is read. */
const TRACKING = /^(utm_\w+|fbclid|gclid|mc_cid|mc_eid)$/i;

/** An address as the publisher spelled it, where that needs nothing done. */
const PLAIN = /^https?:\/\/[!#-;=?-[\]_a-z~]+$/;

/**
 * An http(s) address of a feed, made absolute; undefined if it is none. Spaces and line breaks
 * around and line breaks within are left out. `javascript:`, `data:`, `file:` are no addresses.
 */
export function resolveUrl(value: string | undefined, base: string | undefined) {
  if (value === undefined) return undefined;
  const text = value.trim().replace(/[\t\r\n]+\s*/g, '');
  if (text === '' || text.length > 8_192) return undefined;
  if (PLAIN.test(text) && URL.canParse(text)) return text;
  if (!URL.canParse(text, base)) return undefined;
  const url = new URL(text, base);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined;
}

/** The same without tracking parameters; everything else as it was. */
export function withoutTracking(url: string): string {
  const query = url.indexOf('?');
  if (query === -1) return url;
  const hash = url.indexOf('#', query);
  const end = hash === -1 ? url.length : hash;
  const parts = url.slice(query + 1, end).split('&');
  const kept = parts.filter((part) => !TRACKING.test(part.split('=', 1)[0] ?? ''));
  if (kept.length === parts.length) return url;
  const rest = kept.length > 0 ? `?${kept.join('&')}` : '';
  return url.slice(0, query) + rest + url.slice(end);
}

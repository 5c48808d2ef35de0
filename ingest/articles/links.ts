/** Parameters that say who sent a reader, and nothing about what is read. */
const TRACKING = /^(utm_\w+|fbclid|gclid|mc_cid|mc_eid)$/i;

/**
 * An address as the publisher spelled it, where that needs nothing done. Names that end in a digit
 * may be numbers, and those in Punycode wrong: they are looked at more closely.
 */
const PLAIN = new RegExp(
  '^https?://(?!xn--)[a-z0-9-]+(?:\\.(?!xn--)[a-z0-9-]+)*\\.[a-z]+(?::\\d{1,4})?' +
    '(?:[/?][!#-;=?-[\\]_a-z~]*)?$',
);

/**
 * An http(s) address of a feed, made absolute; undefined if it is none. Spaces and line breaks
 * around and line breaks within are left out. `javascript:`, `data:`, `file:` are no addresses.
 */
export function resolveUrl(value: string | undefined, base: string | undefined) {
  if (value === undefined) return undefined;
  const text = value.trim().replace(/[\t\r\n]+\s*/g, '');
  if (text === '' || text.length > 8_192) return undefined;
  if (PLAIN.test(text)) return text;
  const url = parsedUrl(text, base);
  if (!url) return undefined;
  // An absolute one in ASCII stays as it is spelled.
  if (/^https?:\/\/[!#-;=?-[\]_a-z~]+$/.test(text)) return text;
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined;
}

/** Undefined where it is none. */
export function parsedUrl(text: string, base: string | undefined): URL | undefined {
  return URL.canParse(text, base) ? new URL(text, base) : undefined;
}

/** A path from the root that is as it will be. */
const ROOTED = /^\/(?![/.])(?!.*\/\.)[!#-;=?-Z_a-z~]*$/;

/** Makes references absolute: most are paths from the root, which need no parser. */
export class Resolver {
  readonly #base: string;
  #origin: string | undefined;

  constructor(base: string) {
    this.#base = base;
  }

  /** Undefined where it stays as it is. */
  resolve(reference: string): string | undefined {
    if (!ROOTED.test(reference)) return parsedUrl(reference, this.#base)?.href;
    this.#origin ??= parsedUrl(this.#base, undefined)?.origin;
    return this.#origin === undefined ? undefined : this.#origin + reference;
  }
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

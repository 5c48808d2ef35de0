import { decodeHTMLAttribute, escapeAttribute } from 'entities';
import { Resolver } from '../links.ts';

/** An attribute that refers to something, within a tag. */
const REFERENCE =
  /(\s(?:href|src|cite|action|longdesc|background|poster|data|usemap|codebase|classid|profile)\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)/gi;
const TAG = /<[a-z][^<>]{0,8000}>/gi;
/** Something that is not absolute stands where an address does. */
const RELATIVE =
  /\s(?:href|src|cite|action|longdesc|background|poster|data|usemap|codebase|classid|profile)\s*=\s*["']?(?![a-z][a-z0-9+.-]*:|["'#])/i;

/** Markup whose relative addresses are made absolute; all else stays as it was. */
export function absoluteReferences(markup: string, base: string | undefined): string {
  if (base === undefined || !RELATIVE.test(markup)) return markup;
  const resolver = new Resolver(base);
  return markup.replace(TAG, (tag) => {
    if (!tag.includes('=')) return tag;
    return tag.replace(REFERENCE, (whole, before: string, quoted: string) => {
      const bare = /^["']/.test(quoted) ? quoted.slice(1, -1) : quoted;
      const value = (bare.includes('&') ? decodeHTMLAttribute(bare) : bare).trim();
      const stays = value === '' || value.startsWith('#') || /^[a-z][a-z0-9+.-]*:/i.test(value);
      const resolved = stays ? undefined : resolver.resolve(value);
      return resolved === undefined ? whole : `${before}"${escapeAttribute(resolved)}"`;
    });
  });
}

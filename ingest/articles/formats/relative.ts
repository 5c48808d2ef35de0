import { decodeHTMLAttribute, escapeAttribute } from 'entities';

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
  return markup.replace(TAG, (tag) =>
    tag.replace(REFERENCE, (whole, before: string, quoted: string) => {
      const bare = /^["']/.test(quoted) ? quoted.slice(1, -1) : quoted;
      const value = decodeHTMLAttribute(bare).trim();
      const stays = value === '' || value.startsWith('#') || /^[a-z][a-z0-9+.-]*:/i.test(value);
      if (stays || !URL.canParse(value, base)) return whole;
      return `${before}"${escapeAttribute(new URL(value, base).href)}"`;
    }),
  );
}

import { decodeHTML, decodeHTMLStrict } from 'entities';

const HIDDEN = /^(script|style|template|noscript)$/;
/** Within a line: no space stands where they begin and end. */
const INLINE = new Set(
  (
    'a abbr acronym b bdi bdo big cite code del em font i ins kbd mark q s samp small span strike ' +
    'strong sub sup tt u var wbr'
  ).split(' '),
);

/**
 * The text of markup, on one line, in time linear in its length. Scripts and styles are left out.
 * Only for reading and comparing: what is shown as HTML has to be sanitised instead.
 */
export function plainText(markup: string): string {
  if (!markup.includes('<')) return oneLine(decoded(markup));
  let text = '';
  let at = 0;
  while (at < markup.length) {
    const open = markup.indexOf('<', at);
    if (open === -1) break;
    text += markup.slice(at, open);
    const tag = readTag(markup, open);
    if (tag === undefined) {
      text += '<';
      at = open + 1;
      continue;
    }
    if (tag.end === -1) return oneLine(decoded(text));
    if (!INLINE.has(tag.name)) text += ' ';
    at = tag.end;
  }
  return oneLine(decoded(text + markup.slice(at)));
}

/** One tag or comment, with what it hides; undefined where `<` is just a sign. End -1: cut. */
function readTag(markup: string, open: number): { name: string; end: number } | undefined {
  if (markup.startsWith('<!--', open)) return { name: '!', end: after(markup, '-->', open + 4) };
  SIMPLE.lastIndex = open;
  const simple = SIMPLE.exec(markup);
  if (simple && (simple[1] === '/' || !HIDDEN.test(simple[2] ?? ''))) {
    return { name: simple[2] ?? '!', end: SIMPLE.lastIndex };
  }
  const found = TAG.exec(markup.slice(open, open + 40));
  if (!found) return undefined;
  const name = (found[2] ?? '!').toLowerCase();
  const end = QUOTING.exec(markup.slice(open, open + TAG_CHARS))?.[0].length;
  return { name, end: hiddenEnd(markup, end ? open + end : after(markup, '>', open), found) };
}

/** The end of a tag, or of what a script or style hides. */
function hiddenEnd(markup: string, end: number, [, slash, name]: RegExpExecArray): number {
  if (slash === '/' || end === -1 || !HIDDEN.test(name?.toLowerCase() ?? '')) return end;
  const closing = new RegExp(`</${name}[^a-z]`, 'gi');
  closing.lastIndex = end;
  const closed = closing.exec(markup);
  return closed ? after(markup, '>', closed.index) : -1;
}

/** A tag as most are: short, and nothing in it is like the end of one. */
const SIMPLE = /<(\/)?([a-z][a-z0-9]{0,20})(?:[ \n][^<>"']{0,20}"[^<>"']{0,400}"){0,2}[ \n]?>/y;
/** A tag whose attributes may hold `>`; in a longer one the first `>` ends it. */
const QUOTING = /^<\/?[a-z](?:[^<>"']|"[^"]*"|'[^']*')*>/i;
const TAG_CHARS = 1_000;
const TAG = /^<(?:(\/)?([a-z][a-z0-9]*)|[!?])/i;

function after(text: string, sign: string, from: number): number {
  const at = text.indexOf(sign, from);
  return at === -1 ? -1 : at + sign.length;
}

/** Its references decoded, as a browser reads them. */
export function decoded(text: string): string {
  if (!text.includes('&')) return text;
  if (RARE.test(text)) return decodeHTML(text);
  let rest = text;
  // Far faster than a decoder is; what they write begins no reference.
  for (const [reference, sign] of COMMON) {
    if (rest.includes(reference)) rest = rest.replaceAll(reference, sign);
  }
  return rest.replaceAll('&amp;', '&');
}

/** A reference that is not one of `COMMON`, nor `&amp;`. */
const RARE = /&(?!(?:amp|lt|gt|quot|#39);)[a-z#]/i;

/** One line without spaces around or twice; a no-break space stays what it is. */
export function oneLine(text: string): string {
  return text.replace(/[ \t\r\n\f\v]{2,}|[\t\r\n\f\v]/g, ' ').trim();
}

/**
 * A title of RSS, where nobody says whether it is text or markup: markup if there are tags in it.
 * Entities that were escaped twice are decoded, but for those that make markup.
 */
export function looseTitle(text: string): string {
  if (/<\/?[a-z!]/i.test(text)) return plainText(text);
  if (!text.includes('&')) return oneLine(text);
  const once = text.replace(/&(?!amp;|lt;|gt;|#38;|#60;|#62;)#?\w{1,31};/g, (one) =>
    decodeHTML(one),
  );
  return oneLine(once);
}

/** References that markup is escaped with; `&amp;` is the last, for it may begin another. */
const COMMON = [
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&quot;', '"'],
  ['&#39;', "'"],
] as const;

/** Text of XML with its references decoded, those of HTML too: many feeds use them undeclared. */
export function xmlText(text: string): string {
  if (!text.includes('&')) return text;
  let rest = text;
  // Far faster than a decoder is; what they write begins no reference.
  for (const [reference, sign] of COMMON) rest = rest.replaceAll(reference, sign);
  if (/&(?!amp;)[a-z#]/i.test(rest)) return decodeHTMLStrict(rest);
  return rest.replaceAll('&amp;', '&');
}

import type { PatternRefusal } from './pattern.ts';

/** What people write and RE2 does not have, in words. */
const UNSUPPORTED: readonly (readonly [RegExp, string])[] = [
  [/^\(\?<?[=!]/, 'look-around is not supported: it cannot be matched in linear time'],
  [/^\(\?>/, 'atomic groups are not supported'],
  [/^\\[1-9]|^\\k/, 'back-references are not supported: they cannot be matched in linear time'],
];

/**
 * Where in `source` the compiler's complaint is. The compiler names the piece alone, so the pattern
 * is read here once more, as far as escapes, classes and parentheses go.
 */
export function placeOf(source: string, message: string, piece?: string): PatternRefusal {
  const tokens = tokensOf(source);
  for (const { at, text } of tokens) {
    const words = UNSUPPORTED.find(([start]) => start.test(text))?.[1];
    if (words) return { at, message: words };
  }
  if (message.startsWith('missing closing )')) return { at: lastOpen(tokens), message };
  if (message.startsWith('unexpected )')) return { at: firstStray(tokens), message };
  if (message.startsWith('missing closing ]')) {
    return { at: tokens.findLast(({ text }) => text.startsWith('['))?.at ?? 0, message };
  }
  if (message.startsWith('trailing backslash')) return { at: source.length - 1, message };
  const at = piece === undefined || piece === '' ? -1 : placeOfPiece(tokens, source, piece);
  const what = piece === undefined || at < 0 ? '' : `: ${piece.slice(0, 40)}`;
  return { ...(at < 0 ? {} : { at }), message: `${message}${what}` };
}

interface Token {
  readonly at: number;
  readonly text: string;
}

const TOKEN = new RegExp(
  [
    String.raw`\\Q[\s\S]*?(?:\\E|$)`, // quoted text
    String.raw`\\(?:[pP](?:\{[^}]*\}?|.)|x\{[^}]*\}?|[\s\S])?`, // an escape
    String.raw`\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]?`, // a class
    String.raw`\(\?(?:<?[=!]|>|P?<[^>]*>?|[a-zA-Z-]*[:)]?)`, // what opens a special group
    String.raw`\{\d+(?:,\d*)?\}`, // a count
    String.raw`[\s\S]`,
  ].join('|'),
  'g',
);

/** Escapes, groups, classes and quoted text as one token each; every other character as one. */
function tokensOf(source: string): Token[] {
  return [...source.matchAll(TOKEN)].map((found) => ({ at: found.index, text: found[0] }));
}

function parentheses(tokens: readonly Token[]): { open: number[]; stray: number[] } {
  const open: number[] = [];
  const stray: number[] = [];
  for (const { at, text } of tokens) {
    // `(?i)` sets flags and opens nothing.
    if (text.startsWith('(') && !/^\(\?[a-zA-Z-]*\)$/.test(text)) open.push(at);
    else if (text === ')' && open.pop() === undefined) stray.push(at);
  }
  return { open, stray };
}

function lastOpen(tokens: readonly Token[]): number {
  return parentheses(tokens).open.at(-1) ?? 0;
}

function firstStray(tokens: readonly Token[]): number {
  return parentheses(tokens).stray[0] ?? 0;
}

/** The first place of the piece that begins at a token, or lies in one. */
function placeOfPiece(tokens: readonly Token[], source: string, piece: string): number {
  const begins = tokens.find(({ at }) => source.startsWith(piece, at));
  return begins?.at ?? source.indexOf(piece);
}

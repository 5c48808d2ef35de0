import { wellFormed } from '../../../core/charset.ts';
import { oneLine } from '../text.ts';
import { type MarkupHandler, walkMarkup } from './markup.ts';
import { CONTROL } from './sanitize.ts';

/** A line of its own for each. */
export const BLOCKS = new Set(
  (
    'p div h1 h2 h3 h4 h5 h6 blockquote pre ul ol li dl dt dd figure figcaption table caption thead ' +
    'tbody tfoot tr br hr'
  ).split(' '),
);
const CELLS = new Set(['td', 'th']);

/**
 * The plain text of sanitised markup: a line for each paragraph, heading, list item and row; lines
 * of `pre` stay lines. No empty lines, no spaces twice or at the ends of lines.
 */
export function linesOf(html: string, charsMax: number): string {
  const lines: string[] = [];
  let chars = 0;
  let line = '';
  let pre = 0;
  const end = (): void => {
    const whole = oneLine(line);
    line = '';
    if (whole === '') return;
    lines.push(whole);
    chars += whole.length + 1;
  };
  const handler: MarkupHandler = {
    open(name) {
      if (name === 'pre') pre += 1;
      if (BLOCKS.has(name)) end();
      else if (CELLS.has(name)) line += ' ';
    },
    close(name) {
      if (name === 'pre') pre -= 1;
      if (BLOCKS.has(name)) end();
    },
    text(text) {
      const [first = '', ...rest] = pre > 0 ? text.split('\n') : [text];
      line += first;
      for (const next of rest) {
        end();
        line = next;
      }
    },
  };
  walkMarkup(html, handler, { without: new Set(), ended: () => chars > charsMax });
  end();
  return cutAt(lines.join('\n'), charsMax);
}

/** At most `chars` UTF-16 units of a text, no half of a character at its end. */
export function cutAt(text: string, chars: number): string {
  if (text.length <= chars) return text;
  const half = /[\ud800-\udbff]/.test(text.charAt(chars - 1));
  return text.slice(0, half ? chars - 1 : chars);
}

/** A word that is longer than this is cut. */
const WORD_CHARS = 40;

/** The beginning of a text on one line, at most `chars` long, cut between words. */
export function excerptOf(text: string, chars: number): string {
  // Spaces that are left out make it shorter, seldom to a third.
  const line = oneLine(cutAt(text, chars * 4));
  if (line.length <= chars) return line;
  const cut = cutAt(line, chars - 1);
  const space = cut.lastIndexOf(' ');
  const whole = line.charAt(cut.length) === ' ' || space <= Math.max(0, cut.length - WORD_CHARS);
  return `${(whole ? cut : cut.slice(0, space)).trimEnd()}…`;
}

/** Text of anywhere, fit to be kept: on one line, nothing in it that is no text. */
export function cleanLine(text: string, charsMax: number): string {
  return excerptOf(wellFormed(text.replace(CONTROL, '')), charsMax);
}

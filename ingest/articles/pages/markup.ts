import { Parser } from 'htmlparser2';

export type Attributes = Readonly<Record<string, string>>;

/** Tags in pairs: for each `open` there is one `close`, void elements included. */
export interface MarkupHandler {
  open(name: string, attributes: Attributes): void;
  close(name: string): void;
  /** References are decoded; one text may come in pieces. */
  text(text: string): void;
}

export interface WalkOptions {
  /** Left out with all that is in them. */
  readonly without: ReadonlySet<string>;
  /** True ends the walk; what is still open is closed. Asked before each tag and text. */
  readonly ended?: () => boolean;
}

/** As deep as browsers nest; the parser takes time by depth times tags. */
export const DEPTH_MAX = 512;

/** How a walk ended: at the end, or before, where tags were nested deeper than `DEPTH_MAX`. */
export type WalkEnd = 'complete' | 'too-deep' | 'ended';

/** Goes through markup that may be damaged or hostile. No entity but those of HTML is known. */
export function walkMarkup(html: string, handler: MarkupHandler, options: WalkOptions): WalkEnd {
  const opened: string[] = [];
  /** How many are open outside of what is left out. */
  let hidden: number | undefined;
  let end: WalkEnd = 'complete';
  const stop = (why: WalkEnd): void => {
    end = why;
    parser.pause();
  };
  const close = (): void => {
    const name = opened.pop() ?? '';
    if (hidden === undefined) handler.close(name);
    else if (hidden === opened.length) hidden = undefined;
  };
  const parser = new Parser({
    onopentag(name, attributes) {
      if (end !== 'complete') return;
      if (options.ended?.()) return stop('ended');
      if (opened.length === DEPTH_MAX) return stop('too-deep');
      if (hidden === undefined) {
        if (options.without.has(name)) hidden = opened.length;
        else handler.open(name, attributes);
      }
      opened.push(name);
    },
    onclosetag(name) {
      // A tag that the end of the text cuts is closed without having been opened.
      if (end === 'complete' && opened.at(-1) === name) close();
    },
    ontext(text) {
      if (end !== 'complete' || hidden !== undefined) return;
      if (options.ended?.()) stop('ended');
      else handler.text(text);
    },
  });
  parser.write(html);
  if (end === 'complete') parser.end();
  while (opened.length > 0) close();
  return end;
}

export function escapeText(text: string): string {
  if (!/[&<>]/.test(text)) return text;
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

export function escapeAttribute(text: string): string {
  return /[&<>"]/.test(text) ? text.replace(/[&<>"]/g, (sign) => SIGNS[sign] ?? '') : text;
}

const SIGNS: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

/** Elements that have no content and no end tag. */
export const VOID = new Set(
  (
    'area base basefont br col command embed frame hr img input isindex keygen link meta param ' +
    'source track wbr'
  ).split(' '),
);

/** A text area that shows colours, line numbers and mistakes: the colours lie under its text. */
import { fill, h } from '../dom.ts';
import { type Complaint, placeAt, rangeOf, tokensOf } from './tokens.ts';

/** Longer scripts stay without colours, so that typing stays quick. */
const COLOURED_MAX = 30_000;

export interface Editor {
  readonly element: HTMLElement;
  readonly input: HTMLTextAreaElement;
  value(): string;
  /** Replaces the whole text; the way back stays. */
  set(text: string): void;
  /** The text to begin with: takes no focus. */
  fill(text: string): void;
  /** Puts `text` in the place of what is there from `from` to `to`, or to the cursor. */
  insert(text: string, from: number, to?: number): void;
  complain(complaints: readonly Complaint[]): void;
  /** Puts the cursor where the complaint is. */
  jump(complaint: Complaint): void;
  /** Where a character stands, in pixels from the editor's corner. */
  at(offset: number): { readonly left: number; readonly top: number };
}

interface EditorOptions {
  readonly value: string;
  onInput(): void;
}

export function editor({ value, onInput }: EditorOptions): Editor {
  const input = h('textarea', {
    class: 'flux-input',
    'aria-label': 'Flux script',
    spellcheck: 'false',
    autocapitalize: 'off',
    autocomplete: 'off',
    wrap: 'off',
    rows: 12,
  });
  const under = h('pre', { class: 'flux-under', 'aria-hidden': 'true' });
  const numbers = h('div', { class: 'flux-numbers', 'aria-hidden': 'true' });
  const box = h('div', { class: 'flux-box' }, under, input);
  const element = h('div', { class: 'flux-editor' }, numbers, box);
  let complaints: readonly Complaint[] = [];

  function draw(): void {
    const text = input.value;
    fill(under, coloured(text, complaints), '\n');
    const count = text.split('\n').length;
    const bad = new Set(complaints.map(({ line }) => line));
    if (numbers.childElementCount !== count || bad.size > 0 || numbers.dataset.bad === 'true') {
      numbers.dataset.bad = String(bad.size > 0);
      fill(numbers, linesOf(count, bad));
    }
    follow();
  }
  function follow(): void {
    under.scrollTop = input.scrollTop;
    under.scrollLeft = input.scrollLeft;
    numbers.scrollTop = input.scrollTop;
  }
  function write(text: string, from: number, to: number): void {
    input.focus();
    input.setSelectionRange(from, to);
    // The only way that the browser's undo keeps; where it is gone, the text is set as it is.
    if (!document.execCommand('insertText', false, text)) {
      input.setRangeText(text, from, to, 'end');
      changed();
    }
  }
  function changed(): void {
    complaints = [];
    draw();
    onInput();
  }
  input.value = value;
  input.addEventListener('input', changed);
  input.addEventListener('scroll', follow);
  draw();
  return {
    element,
    input,
    value: () => input.value,
    set: (text) => write(text, 0, input.value.length),
    fill(text) {
      input.value = text;
      changed();
    },
    insert: (text, from, to = input.selectionStart) => write(text, from, to),
    complain(found) {
      complaints = found;
      draw();
    },
    jump(complaint) {
      const [from, to] = rangeOf(input.value, complaint);
      input.focus();
      input.setSelectionRange(from, to);
      show(input, from);
    },
    at(offset) {
      const { line, column } = placeAt(input.value, offset);
      const { width, height } = sizeOf(under);
      return {
        left: box.offsetLeft + (column - 1) * width - input.scrollLeft + PADDING_PX,
        top: line * height - input.scrollTop + PADDING_PX,
      };
    },
  };
}

const PADDING_PX = 8;

/** Scrolls the line into view: browsers do so only for what is typed. */
function show(input: HTMLTextAreaElement, offset: number): void {
  const { line } = placeAt(input.value, offset);
  const height = Number.parseFloat(getComputedStyle(input).lineHeight);
  const top = (line - 1) * height;
  const seen = top >= input.scrollTop && top + height <= input.scrollTop + input.clientHeight;
  if (!seen) input.scrollTop = Math.max(0, top - input.clientHeight / 3);
}

/** Of one character; all have the same. */
function sizeOf(like: HTMLElement): { readonly width: number; readonly height: number } {
  const probe = h('span', {}, '0'.repeat(20));
  like.append(probe);
  const width = probe.getBoundingClientRect().width / 20;
  probe.remove();
  return { width, height: Number.parseFloat(getComputedStyle(like).lineHeight) };
}

function linesOf(count: number, bad: ReadonlySet<number | undefined>): HTMLElement[] {
  return Array.from({ length: count }, (_, at) =>
    h('span', { class: bad.has(at + 1) ? 'bad' : undefined }, at + 1),
  );
}

/** Tokens as elements, cut where a complaint begins or ends. */
function coloured(text: string, complaints: readonly Complaint[]): (Node | string)[] {
  if (text.length > COLOURED_MAX) return [text];
  const ranges = complaints
    .filter(({ line }) => line !== undefined)
    .map((complaint) => rangeOf(text, complaint));
  const cuts = ranges.flat();
  const parts: (Node | string)[] = [];
  let from = 0;
  for (const token of tokensOf(text)) {
    const to = from + token.text.length;
    const inside = cuts.filter((cut) => cut > from && cut < to).sort((a, b) => a - b);
    let start = from;
    for (const end of [...inside, to]) {
      const wrong = ranges.some(([low, high]) => start >= low && start < high);
      const piece = text.slice(start, end);
      const kind = token.kind === 'plain' ? '' : `t-${token.kind}`;
      const names = [kind, wrong && 'wrong'].filter(Boolean).join(' ');
      parts.push(names === '' ? piece : h('span', { class: names }, piece));
      start = end;
    }
    from = to;
  }
  return parts;
}

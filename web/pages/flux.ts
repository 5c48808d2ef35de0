/** The Flux console: a script, its mistakes, its rows as lines over time and as a table. */
import { get, send } from '../api.ts';
import { append, fill, h } from '../dom.ts';
import { type Answer, type Failure, failureOf, run } from '../flux/answer.ts';
import { Completion } from '../flux/completion.ts';
import { type Editor, editor } from '../flux/editor.ts';
import { keepScript, recentScripts, titleOf, withRange } from '../flux/recent.ts';
import { resultOf } from '../flux/result.ts';
import type { Complaint } from '../flux/tokens.ts';
import { span, whole } from '../format.ts';
import { isLeft } from '../parts/state.ts';
import { later, nowMs } from '../time.ts';
import type { Page, PageContext } from './page.ts';

interface Example {
  readonly name: string;
  readonly about: string;
  readonly query: string;
}

interface Check {
  readonly errors: readonly Complaint[];
  readonly needs: 'read' | 'admin';
}

const RANGES = ['-15m', '-1h', '-6h', '-24h', '-7d', '-30d'];
const CHECK_MS = 500;
/** Longer scripts stay out of the address. */
const ADDRESS_CHARS_MAX = 6_000;
/** What stands there for those who come for the first time. */
const FIRST = 'price-of-a-pair';

export const page: Page = {
  title: 'Flux',
  build(root, context) {
    const console = new FluxConsole(context);
    append(root, [console.head, console.desk, console.result]);
    void console.loadExamples();
    console.begin();
  },
};

class FluxConsole {
  readonly head: HTMLElement;
  readonly desk: HTMLElement;
  readonly result = h('div', { class: 'flux-result page' });
  readonly #context: PageContext;
  readonly #editor: Editor;
  readonly #status = h('p', { class: 'flux-status', role: 'status', 'aria-live': 'polite' });
  readonly #needs = h('span', { class: 'badge' });
  readonly #mistakes = h('ul', { class: 'flux-mistakes', 'aria-label': 'Mistakes' });
  readonly #start = h('button', { type: 'button', class: 'main' }, 'Run');
  readonly #stop = h('button', { type: 'button', disabled: true }, 'Cancel');
  readonly #examples = h('select', { 'aria-label': 'Examples' });
  readonly #recent = h('select', { 'aria-label': 'Recent scripts' });
  #running: AbortController | undefined;
  #drawn: AbortController | undefined;
  #callOff = () => {};

  constructor(context: PageContext) {
    this.#context = context;
    const value = context.query.q ?? recentScripts()[0] ?? '';
    this.#editor = editor({ value, onInput: () => this.#changed() });
    const proposals = new Completion(this.#editor, context.signal);
    const { input } = this.#editor;
    input.addEventListener('input', () => proposals.typed());
    input.addEventListener('keydown', (event) => {
      if (proposals.key(event)) event.preventDefault();
      else this.#key(event);
    });
    this.#editor.element.append(proposals.element);
    this.#start.addEventListener('click', () => void this.#run());
    this.#stop.addEventListener('click', () => this.#running?.abort());
    this.head = h('div', { class: 'head' }, h('h1', {}, 'Flux'), this.#choices());
    this.desk = h(
      'section',
      { class: 'card flux-desk', 'aria-label': 'Script' },
      this.#editor.element,
      h('div', { class: 'row flux-actions' }, this.#start, this.#stop, this.#needs, this.#status),
      this.#mistakes,
    );
    context.signal.addEventListener('abort', () => this.#end(), { once: true });
  }

  begin(): void {
    this.#say('Ctrl+Enter runs it, Ctrl+Space proposes.');
    void this.#check();
  }

  async loadExamples(): Promise<void> {
    try {
      const { items } = await get<{ items: Example[] }>('/api/v1/flux/examples');
      const options = items.map(({ name, about }, at) =>
        h('option', { value: at, title: about }, name.replaceAll('-', ' ')),
      );
      append(this.#examples, options);
      const first = items.find(({ name }) => name === FIRST);
      if (this.#editor.value() === '' && first !== undefined) this.#editor.fill(first.query);
      this.#examples.addEventListener('change', () => {
        const example = items[Number(this.#examples.value)];
        if (this.#examples.value !== '' && example !== undefined) this.#open(example.query);
        this.#examples.value = '';
      });
    } catch (error) {
      if (!isLeft(error)) this.#say(failureOf(error).message);
    }
  }

  #choices(): HTMLElement {
    append(this.#examples, [h('option', { value: '' }, 'Examples…')]);
    const ranges = h('select', { 'aria-label': 'Time range' });
    append(ranges, [h('option', { value: '' }, 'Range…')]);
    append(
      ranges,
      RANGES.map((start) => h('option', { value: start }, `last ${start.slice(1)}`)),
    );
    ranges.addEventListener('change', () => {
      if (ranges.value !== '') this.#editor.set(withRange(this.#editor.value(), ranges.value));
      ranges.value = '';
    });
    this.#fillRecent();
    this.#recent.addEventListener('change', () => {
      const script = recentScripts()[Number(this.#recent.value)];
      if (this.#recent.value !== '' && script !== undefined) this.#open(script);
      this.#recent.value = '';
    });
    return h('div', { class: 'row' }, this.#examples, ranges, this.#recent);
  }

  #fillRecent(): void {
    const options = recentScripts().map((script, at) =>
      h('option', { value: at }, titleOf(script)),
    );
    fill(this.#recent, h('option', { value: '' }, 'Recent…'), options);
    this.#recent.hidden = options.length === 0;
  }

  #open(script: string): void {
    this.#editor.set(script);
    void this.#run();
  }

  #key(event: KeyboardEvent): void {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) void this.#run();
    else {
      const { input } = this.#editor;
      const line = input.value.slice(0, input.selectionStart).split('\n').at(-1) ?? '';
      this.#editor.insert(`\n${/^\s*/.exec(line)?.[0] ?? ''}`, input.selectionStart);
    }
  }

  #changed(): void {
    fill(this.#mistakes);
    this.#callOff();
    this.#callOff = later(CHECK_MS, () => void this.#check());
  }

  /** Says who may run it, and what is wrong before it is run. */
  async #check(complain = true): Promise<void> {
    const query = this.#editor.value();
    if (query.trim() === '') return;
    try {
      const { signal } = this.#context;
      const answer = await send('POST', '/api/v1/flux/check', { body: { query }, signal });
      const { errors, needs } = (await answer.json()) as Check;
      if (query !== this.#editor.value()) return;
      this.#tellNeeds(errors.length === 0 ? needs : undefined);
      if (complain && this.#running === undefined) this.#complain(errors);
    } catch (error) {
      // What cannot be checked can be run all the same, and then says more.
      if (!isLeft(error)) this.#tellNeeds(undefined);
    }
  }

  #tellNeeds(needs: Check['needs'] | undefined): void {
    const texts = { admin: 'needs an admin key', read: 'only reads' };
    this.#needs.textContent = needs === undefined ? '' : texts[needs];
    this.#needs.className = `badge ${needs === 'admin' ? 'warn' : ''}`;
  }

  #complain(errors: readonly Complaint[]): void {
    this.#editor.complain(errors);
    const items = errors.map((error) => {
      const place = error.line === undefined ? '' : `Line ${error.line}, column ${error.column}: `;
      const jump = (): void => this.#editor.jump(error);
      const inside = [h('b', {}, place), error.message];
      return h('li', {}, h('button', { type: 'button', class: 'quiet', onclick: jump }, inside));
    });
    fill(this.#mistakes, items);
  }

  async #run(): Promise<void> {
    this.#running?.abort();
    this.#callOff();
    const query = this.#editor.value();
    const mine = new AbortController();
    this.#running = mine;
    const began = nowMs();
    this.#stop.disabled = false;
    this.#say('Running…');
    // What the run says of mistakes stays.
    void this.#check(false);
    this.#remember(query);
    try {
      let told = began;
      const answer = await run(query, {
        signal: mine.signal,
        onRows: ({ rows }) => {
          if (nowMs() - told < 250) return;
          told = nowMs();
          this.#say(`Running… ${whole(rows)} rows`);
        },
      });
      if (this.#running === mine) this.#show(answer, nowMs() - began);
    } catch (error) {
      if (this.#running === mine) this.#fail(error);
    } finally {
      if (this.#running === mine) {
        this.#running = undefined;
        this.#stop.disabled = true;
      }
    }
  }

  #remember(query: string): void {
    keepScript(query);
    this.#fillRecent();
    this.#context.setQuery(query.length > ADDRESS_CHARS_MAX ? {} : { q: query });
  }

  #show(answer: Answer, tookMs: number): void {
    const { rows, blocks, cut, failure } = answer;
    this.#drawn?.abort();
    this.#drawn = new AbortController();
    this.result.replaceChildren();
    append(this.result, resultOf(answer, this.#drawn.signal));
    const count = rows === 1 ? '1 row' : `${whole(rows)} rows`;
    const kinds = blocks.length > 1 ? ` of ${blocks.length} kinds` : '';
    const more = cut ? ' Cut: there are more.' : '';
    this.#say(`${rows === 0 ? 'No rows' : count + kinds} in ${span(tookMs)}.${more}`, cut);
    if (failure === undefined) this.#complain([]);
    else this.#tell(failure, `After ${count}, which are not all: `);
  }

  #fail(error: unknown): void {
    if (isLeft(error)) this.#say('Cancelled.');
    else this.#tell(failureOf(error), '');
  }

  #tell({ message, errors }: Failure, before: string): void {
    this.#complain(errors);
    this.#say(`${before}${message}`, true);
  }

  #say(text: string, bad = false): void {
    this.#status.textContent = text;
    this.#status.classList.toggle('bad', bad);
  }

  #end(): void {
    this.#callOff();
    this.#running?.abort();
    this.#drawn?.abort();
  }
}

/** "Try it": a form that sends a request to the API of this page, and shows what came. */
import { fill, h } from '../dom.ts';
import { readKey } from '../key.ts';
import { type Asked, curlOf } from './curl.ts';
import type { Parameter, Place } from './document.ts';
import { plainText } from './schema-view.ts';

const SHOWN_CHARS_MAX = 100_000;
const JSON_TYPE = 'application/json';

/** The form of one operation. */
export function attemptView(place: Place): HTMLElement {
  const { operation } = place;
  const inputs = operation.parameters
    .filter(({ name }) => name !== 'key')
    .map((parameter) => ({ parameter, input: inputOf(place, parameter) }));
  const [type, content] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const body = type === undefined ? undefined : bodyOf(place, content?.example);
  const accept = acceptOf(place);
  const output = h('div', { class: 'output', 'aria-live': 'polite' });
  const asked = (): Asked => ({
    method: place.method,
    url: location.origin + addressOf(place, inputs),
    accept: accept?.value,
    type,
    body: body?.value,
    hasKey: readKey() !== undefined,
  });
  const form = h(
    'form',
    { class: 'attempt' },
    inputs.map(({ parameter, input }) => field(parameter.name, parameter.required, input)),
    accept && field('Accept', true, accept),
    body && field(`Body (${type})`, true, body),
    h(
      'p',
      { class: 'row' },
      h('button', { class: 'main', type: 'submit' }, 'Send'),
      h('button', { type: 'button', onClick: () => copy(curlOf(asked()), output) }, 'Copy as curl'),
    ),
    output,
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void sendAndShow(asked(), output);
  });
  return form;
}

interface Filled {
  readonly parameter: Parameter;
  readonly input: HTMLInputElement | HTMLSelectElement;
}

/** With what was filled in; what was left empty is left out. */
function addressOf({ path }: Place, inputs: readonly Filled[]): string {
  const query = new URLSearchParams();
  let address = path;
  for (const { parameter, input } of inputs) {
    const { name } = parameter;
    if (parameter.in === 'path')
      address = address.replace(`{${name}}`, encodeURIComponent(input.value));
    else if (input.value !== '') query.set(name, input.value);
  }
  const text = query.toString();
  return text === '' ? address : `${address}?${text}`;
}

function inputOf(place: Place, parameter: Parameter): HTMLInputElement | HTMLSelectElement {
  const { name, required, schema } = parameter;
  const id = `${place.operation.operationId}-${name}`;
  if (schema.enum !== undefined) {
    const values = schema.enum.map((value) => h('option', { value: String(value) }, String(value)));
    const select = h(
      'select',
      { id, required },
      required ? null : h('option', { value: '' }),
      values,
    );
    return select;
  }
  const usual = schema.default === undefined ? '' : String(schema.default);
  const value = parameter.in === 'path' ? exampleOf(place, name) : '';
  const number = schema.type === 'integer';
  return h('input', {
    ...{ id, required, value, placeholder: usual, autocomplete: 'off', spellcheck: 'false' },
    type: number ? 'number' : 'text',
    ...(number && { min: schema.minimum, max: schema.maximum }),
  });
}

/** As the example of the operation has it. */
function exampleOf({ path, operation }: Place, name: string): string {
  const usual = { pair: 'btcusd', exchange: 'kraken' }[name] ?? '1';
  const [, address] = / '(http[^']+)'$/.exec(operation['x-example'] ?? '') ?? [];
  if (address === undefined) return usual;
  const pattern = path.replace(/^\/api\/v1/, '').replace(/\{(\w+)\}/g, '(?<$1>[^/]+)');
  const { pathname } = new URL(address);
  const found = new RegExp(`^(?:/api/v1)?${pattern}$`).exec(pathname)?.groups?.[name];
  return found === undefined ? usual : decodeURIComponent(found);
}

function bodyOf({ operation }: Place, example: unknown): HTMLTextAreaElement {
  const text = example === undefined ? '' : JSON.stringify(example, null, 2);
  const rows = Math.min(14, Math.max(4, text.split('\n').length));
  return h(
    'textarea',
    { id: `${operation.operationId}-body`, class: 'mono', rows, spellcheck: 'false' },
    text,
  );
}

/** In which format, where there is a choice. */
function acceptOf({ operation }: Place): HTMLSelectElement | undefined {
  const types = Object.keys(operation.responses['200']?.content ?? {});
  if (types.length < 2) return undefined;
  const options = types.map((type) => h('option', { value: type }, type));
  return h('select', { id: `${operation.operationId}-accept` }, options);
}

function field(name: string, required: boolean, input: HTMLElement): HTMLElement {
  const mark = required ? null : h('span', { class: 'soft' }, ' optional');
  return h('p', {}, h('label', { for: input.id }, name, mark), input);
}

async function copy(text: string, output: HTMLElement): Promise<void> {
  const shown = h('pre', { tabindex: 0 }, text);
  try {
    await navigator.clipboard.writeText(text);
    fill(output, h('p', { class: 'soft' }, 'Copied:'), shown);
  } catch {
    // Only pages of https and of this machine may write there.
    fill(output, h('p', { class: 'soft' }, 'This browser does not let a page copy:'), shown);
  }
}

async function sendAndShow(asked: Asked, output: HTMLElement): Promise<void> {
  const { method, url, accept = JSON_TYPE, type, body } = asked;
  const key = readKey();
  fill(output, h('p', { class: 'soft' }, 'Sending…'));
  try {
    const answer = await fetch(url, {
      method,
      headers: {
        Accept: `${accept}, */*;q=0.1`,
        ...(key !== undefined && { Authorization: `Bearer ${key}` }),
        ...(body !== undefined && type !== undefined && { 'Content-Type': type }),
      },
      ...(body !== undefined && { body }),
    });
    const text = await beginOf(answer);
    fill(
      output,
      h(
        'p',
        {},
        h('b', { class: answer.ok ? 'up' : 'down' }, `${answer.status} ${answer.statusText}`),
      ),
      h('pre', { tabindex: 0, 'aria-label': 'The answer' }, pretty(text, answer)),
    );
  } catch (error) {
    fill(output, h('p', { class: 'trouble' }, `No answer: ${(error as Error).message}`));
  }
}

/** Some of a text: an answer may be of any length, and a stream has no end. */
async function beginOf(answer: Response): Promise<string> {
  if (answer.body === null) return '';
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream') === true;
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    text += decoder.decode(value, { stream: !done });
    if (done) return text;
    if (isStream || text.length > SHOWN_CHARS_MAX) break;
  }
  await reader.cancel();
  return `${text.slice(0, SHOWN_CHARS_MAX)}\n…`;
}

function pretty(text: string, answer: Response): string {
  if (answer.headers.get('content-type')?.startsWith(JSON_TYPE) !== true) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    // Cut off: as it came.
    return plainText(text);
  }
}

/** What is seen, to take away: files, and the command that fetches the same. */
import { addressOf, send } from '../api.ts';
import { fill, h } from '../dom.ts';
import { readKey } from '../key.ts';
import { button } from '../parts/button.ts';
import { later } from '../time.ts';

const FORGET_MS = 60_000;

export interface Wanted {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Of the file, without its ending. */
  readonly name: string;
}

export function exportRow() {
  const element = h('div', { class: 'row export' });
  return {
    element,
    show(wanted: Wanted): void {
      const command = curlOf(wanted);
      fill(
        element,
        h('span', { class: 'soft' }, 'What is seen as'),
        fileLink(wanted, 'csv', 'CSV'),
        fileLink(wanted, 'ndjson', 'NDJSON'),
        button({
          label: 'Copy as curl',
          async act() {
            await navigator.clipboard.writeText(command);
            return 'The command is in the clipboard.';
          },
        }),
        h('details', {}, h('summary', {}, 'Show the command'), h('pre', {}, command)),
      );
    },
  };
}

export function curlOf({ path, query }: Wanted, key = readKey()): string {
  const address = `${location.origin}${addressOf(path, { ...query, format: 'csv' })}`;
  // The key itself stays out of what people paste.
  const header = key === undefined ? '' : `-H "Authorization: Bearer $TIDEMARK_KEY" `;
  return `curl ${header}'${address}'`;
}

/** A plain link; with a key, which links cannot send, the file is fetched first. */
function fileLink({ path, query, name }: Wanted, format: string, label: string): HTMLElement {
  const href = addressOf(path, { ...query, format });
  const download = `${name}.${format}`;
  if (readKey() === undefined) return h('a', { href, download, class: 'file' }, label);
  return button({
    label,
    async act() {
      const response = await send('GET', path, { query: { ...query, format } });
      const url = URL.createObjectURL(await response.blob());
      h('a', { href: url, download }).click();
      later(FORGET_MS, () => URL.revokeObjectURL(url));
      return undefined;
    },
  });
}

/** What a script answered: as lines over time where it has times, and as a table. */
import { append, h } from '../dom.ts';
import { exact, whole } from '../format.ts';
import { chart } from '../parts/chart.ts';
import { card } from '../parts/state.ts';
import { toast } from '../parts/toast.ts';
import { later } from '../time.ts';
import { type Answer, type Block, csvOf } from './answer.ts';
import { type Grid, grid } from './grid.ts';
import { LINES_MAX, seriesOf } from './series.ts';

const FILE = 'tidemark-flux.csv';

/** Its parts, in the order in which they are read. Charts end with the signal. */
export function resultOf({ blocks }: Answer, signal: AbortSignal): HTMLElement[] {
  const parts: HTMLElement[] = [];
  const series = seriesOf(blocks);
  if (series !== undefined && series.times.length > 1) {
    const { times, lines, all } = series;
    const more = all > lines.length && `${whole(lines.length)} of ${whole(all)} series are drawn.`;
    const why =
      all > LINES_MAX ? ` At most ${LINES_MAX}: narrow it down by filter() or limit().` : '';
    const label = `${lines.length} series over time`;
    const plot = chart({ label, times, lines, signal, formatValue: exact });
    const note = more && h('p', { class: 'hint flux-more' }, more, why);
    parts.push(card({ title: 'Plot', class: 'flux-plot' }, note, plot.element));
  }
  if (blocks.length > 0) parts.push(tableCard(blocks));
  return parts;
}

/** One block at a time, with a choice where there are several. */
function tableCard(blocks: readonly Block[]): HTMLElement {
  const place = h('div');
  let shown: { readonly block: Block; readonly grid: Grid };
  const show = (at: number): void => {
    const block = blocks[at]!;
    shown = { block, grid: grid(block, `Table ${at + 1}: ${whole(block.rows.length)} rows`) };
    place.replaceChildren(shown.grid.element);
  };
  const choose = h('select', {
    'aria-label': 'Which columns',
    onchange: () => show(Number(choose.value)),
  });
  append(
    choose,
    blocks.map((block, at) => h('option', { value: at }, nameOf(block, at))),
  );
  const text = (): string => csvOf(shown.block, shown.grid.order());
  const copyButton = h('button', { type: 'button', onclick: () => copy(text()) }, 'Copy CSV');
  const saveButton = h('button', { type: 'button', onclick: () => save(text()) }, 'Download CSV');
  const aside = h('div', { class: 'row' }, blocks.length > 1 && choose, copyButton, saveButton);
  show(0);
  return card({ title: 'Table', class: 'flux-table', aside }, place);
}

function nameOf({ columns, rows }: Block, at: number): string {
  const own = columns.map(({ name }) => name).filter((name) => !['result', 'table'].includes(name));
  return `${at + 1}: ${own.slice(0, 4).join(', ')} (${whole(rows.length)} rows)`;
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast('Copied.');
  } catch {
    // Without https, and where the browser forbids it.
    toast('The browser does not let this page copy: download it instead.', 'bad');
  }
}

function save(text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  h('a', { href: address, download: FILE }).click();
  later(1000, () => URL.revokeObjectURL(address));
}

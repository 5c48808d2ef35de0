/** One pair: its prices on every exchange, what happened meanwhile, its rank and volume. */
import { Problem } from '../api.ts';
import { fill, h } from '../dom.ts';
import { percent, price } from '../format.ts';
import { onEvents } from '../live.ts';
import { change } from '../overview/movers.ts';
import { switchPair } from '../overview/recorded.ts';
import { exportRow } from '../pair/export.ts';
import { happeningsList, readHappenings } from '../pair/happened.ts';
import { rankCard, volumeCard } from '../pair/history.ts';
import { newestRows, newestTable } from '../pair/newest.ts';
import { nameOf, readSubject, type Subject } from '../pair/pair.ts';
import { priceView } from '../pair/view.ts';
import { addAlert, addRule } from '../pair/watch.ts';
import { figure } from '../parts/figure.ts';
import { card, failure, isLeft, loading, nothing } from '../parts/state.ts';
import { hashOf } from '../router.ts';
import type { Page, PageContext } from './page.ts';

export const page: Page = {
  title: 'Pair',
  async build(root, context) {
    const [spelling = ''] = context.path;
    root.append(loading());
    let subject: Subject;
    try {
      // A pair may be written with a slash: `#/pair/btc/usd`.
      subject = await readSubject(context.path.slice(0, 2).join(''), context.signal);
    } catch (error) {
      if (isLeft(error)) return;
      root.replaceChildren(unknown(error, spelling));
      return;
    }
    root.replaceChildren();
    show(root, subject, context);
  },
};

function unknown(error: unknown, spelling: string): HTMLElement {
  if (!(error instanceof Problem) || error.code !== 'not-found') return failure(error);
  const near = Array.isArray(error.details.near) ? error.details.near.map(String) : [];
  const links = near.map((pair) => [' ', h('a', { href: hashOf(['pair', pair]) }, pair)]);
  return nothing(
    `No exchange lists ${spelling}.`,
    near.length > 0 ? [' Did you mean', links, '?'] : [' ', h('a', { href: '#/' }, 'All markets')],
  );
}

function show(root: HTMLElement, subject: Subject, context: PageContext): void {
  const { signal } = context;
  const figures = h('div', { class: 'figures' });
  const newest = newestTable();
  const happened = happeningsList();
  const exported = exportRow();
  const rank = rankCard(subject, signal);
  const volume = volumeCard(subject, signal);
  const view = priceView(subject, context, {
    onSeen(seen, wanted) {
      exported.show(wanted);
      void rank.load(seen);
      void volume.load(seen);
      void tellHappened();
    },
    onNewest(prices, part) {
      const rows = newestRows(prices);
      newest.update(rows);
      fill(figures, figuresOf(subject, rows, part));
    },
  });
  async function tellHappened(): Promise<void> {
    try {
      const found = await readHappenings(subject, view.seen(), signal);
      happened.show(found);
      view.marks(happened.marks(found));
    } catch (error) {
      if (!isLeft(error))
        fill(
          happened.element,
          failure(error, () => void tellHappened()),
        );
    }
  }
  onEvents(['article', 'alert'], signal, () => void tellHappened());
  fill(figures, figuresOf(subject, [], undefined));
  root.append(
    headOf(subject),
    h('section', { class: 'card', 'aria-label': 'Price' }, figures, view.element, exported.element),
    h(
      'div',
      { class: 'grid' },
      card({ title: 'Newest prices' }, newest.element),
      card({ title: 'News and alerts', class: 'happened' }, happened.element),
      rank.element,
      volume.element,
    ),
  );
  view.start();
}

function headOf(subject: Subject): HTMLElement {
  const act = (label: string, run: () => Promise<unknown>, about?: string): HTMLElement =>
    h('button', { type: 'button', onclick: () => void run(), 'aria-label': about }, label);
  return h(
    'div',
    { class: 'head' },
    h('h1', {}, nameOf(subject)),
    h(
      'div',
      { class: 'row' },
      act('Add an alert', () => addAlert(subject)),
      act(`Add a rule for ${subject.base.toUpperCase()}`, () => addRule(subject)),
      act('On or off', () => switchPair(nameOf(subject)), `Switch ${nameOf(subject)} on or off`),
    ),
  );
}

type Rows = ReturnType<typeof newestRows>;

function figuresOf(subject: Subject, rows: Rows, part: number | undefined): readonly HTMLElement[] {
  const middle = rows.length === 0 ? null : rows[0]!.price / (1 + rows[0]!.spread);
  const spreads = rows.map(({ spread }) => spread);
  const apart = rows.length < 2 ? undefined : Math.max(...spreads) - Math.min(...spreads);
  return [
    figure(price(middle), `${subject.quote.toUpperCase()}, median of ${rows.length} exchanges`),
    figure(part === undefined ? '–' : change(part), 'over the time seen'),
    figure(apart === undefined ? '–' : percent(apart, 3).replace('+', ''), 'exchanges apart'),
    figure(subject.rank ?? '–', 'rank by volatility, 24 h'),
  ];
}

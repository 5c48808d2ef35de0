/** The market at a glance: what moves, and how fresh the prices of each exchange are. */
import { h } from '../dom.ts';
import { exchangesCard } from '../overview/exchanges.ts';
import { moversCard } from '../overview/movers.ts';
import { ranksCard } from '../overview/ranks.ts';
import { addExchange, switchPair } from '../overview/recorded.ts';
import { choice, searchBox } from '../parts/button.ts';
import type { Page } from './page.ts';

const WINDOWS = [
  ['1h', '1 h'],
  ['24h', '24 h'],
  ['7d', '7 d'],
] as const;

export const page: Page = {
  title: 'Overview',
  build(root, { query, setQuery, signal }) {
    let asked: Record<string, string> = { ...query };
    const keep = (change: Record<string, string>): void => {
      asked = { ...asked, ...change };
      setQuery(asked);
    };
    const state = {
      window: WINDOWS.some(([value]) => value === query.window) ? String(query.window) : '1h',
      quote: query.quote ?? '',
    };
    const add = async (): Promise<void> => {
      if (await addExchange()) await exchanges.load();
    };
    const exchanges = exchangesCard({
      signal,
      aside: h(
        'div',
        { class: 'row' },
        small('Add an exchange', add),
        small('Switch a pair on or off', switchPair),
      ),
      opened: query.exchange,
      onOpen: (exchange) => keep({ exchange: exchange ?? '' }),
    });
    const movers = moversCard(state, signal);
    const ranks = ranksCard(state, signal);
    const again = (): void => {
      keep({ window: state.window, quote: state.quote });
      void movers.load();
      void ranks.load();
    };
    root.append(
      h(
        'div',
        { class: 'head' },
        h('h1', {}, 'Markets'),
        h(
          'div',
          { class: 'row' },
          choice({
            label: 'How far back',
            choices: WINDOWS,
            value: state.window,
            onChoose(window) {
              state.window = window;
              again();
            },
          }),
          searchBox({
            label: 'Quoted in',
            placeholder: 'Quoted in: any',
            value: state.quote,
            onChange(quote) {
              state.quote = quote.toLowerCase();
              again();
            },
          }),
        ),
      ),
      exchanges.figures,
      h('div', { class: 'grid tops' }, movers.element, ranks.element),
      exchanges.element,
    );
  },
};

function small(label: string, act: () => Promise<unknown>): HTMLElement {
  return h('button', { type: 'button', class: 'small', onclick: () => void act() }, label);
}

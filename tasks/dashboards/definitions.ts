/** What is shown in the InfluxDB UI and in Grafana, once for both. The queries: flux/dashboards. */

/** `line`: a series a line; `bar`: stacked steps; `table`: rows as they are. */
export type PanelKind = 'line' | 'bar' | 'table';

export interface Panel {
  readonly title: string;
  readonly kind: PanelKind;
  /** A file of flux/dashboards. */
  readonly query: string;
  /** As InfluxDB's UI and Grafana name it: `ms`; empty: just a number. */
  readonly unit: '' | 'ms' | 'part';
  /** The column that tells series apart; empty for tables. */
  readonly series: string;
  /** Of twelve columns. */
  readonly width: 6 | 12;
}

export interface Dashboard {
  /** Of its file in Grafana, and part of its address there. */
  readonly id: string;
  readonly title: string;
  readonly about: string;
  /** Those of `variables` that its queries read. */
  readonly variables: readonly VariableName[];
  readonly panels: readonly Panel[];
}

export type VariableName = 'pair' | 'monitor';

/** A query of flux/dashboards gives the values in `_value`. */
export const variables: Readonly<Record<VariableName, { readonly query: string }>> = {
  pair: { query: 'variable-pair' },
  monitor: { query: 'variable-monitor' },
};

const panel = (
  title: string,
  query: string,
  rest: Partial<Pick<Panel, 'kind' | 'unit' | 'width' | 'series'>> = {},
): Panel => ({ kind: 'line', unit: '', width: 6, series: '', ...rest, title, query });

export const dashboards: readonly Dashboard[] = [
  {
    id: 'tidemark-markets',
    title: 'Markets',
    about: 'Prices of a pair over its exchanges, its volume and its place by volatility.',
    variables: ['pair'],
    panels: [
      panel('Price by exchange', 'market-price', { width: 12, series: 'exchange' }),
      panel('Volume of the last 24 h by exchange', 'market-volume', { series: 'exchange' }),
      panel('Rank by volatility, 1 is the most volatile', 'market-rank', { series: 'window' }),
      panel('Most volatile pairs of 24 h', 'market-leaders', { kind: 'table' }),
      panel('Markets with a price, by exchange', 'exchange-rows', { series: 'exchange' }),
      panel('How late polls begin, by exchange', 'exchange-delay', {
        unit: 'ms',
        width: 12,
        series: 'exchange',
      }),
    ],
  },
  {
    id: 'tidemark-scans',
    title: 'Scans',
    about: 'Watched pages: how they answer, how fast, and where the time goes.',
    variables: ['monitor'],
    panels: [
      panel('Scans that ended as expected, by monitor', 'scan-uptime', {
        unit: 'part',
        series: 'monitor',
      }),
      panel('Time of a scan, by monitor', 'scan-time', { unit: 'ms', series: 'monitor' }),
      panel('Phases of one monitor', 'scan-phases', {
        kind: 'bar',
        unit: 'ms',
        width: 12,
        series: '_field',
      }),
      panel('How scans ended', 'scan-reasons', { kind: 'table' }),
    ],
  },
  {
    id: 'tidemark-news',
    title: 'News',
    about: 'Articles of the feeds, what rules found, and which currencies are spoken of.',
    variables: [],
    panels: [
      panel('New articles, by feed', 'news-articles', { kind: 'bar', series: 'feed' }),
      panel('Articles that rules matched', 'news-rules', { kind: 'bar', series: 'rule' }),
      panel('Newest articles', 'news-latest', { kind: 'table', width: 12 }),
      panel('Currencies that are spoken of', 'news-symbols', { kind: 'table' }),
      panel('Time of a check, by feed', 'news-checks', { unit: 'ms', series: 'feed' }),
    ],
  },
];

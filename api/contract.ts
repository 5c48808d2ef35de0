import type { RowBatch } from '../core/influx/tables.ts';
import type { RecentArticle } from '../registry/articles.ts';
import type { ExchangeChange } from '../registry/exchange-choices.ts';
import type { AddedMetric, MetricEntry, MetricFilter, MetricKind } from '../registry/metrics.ts';
import type { Rule, RuleSpec } from '../registry/rules.ts';

/**
 * What the API needs from the other parts, and no more, beside the registry's `Catalog`. `main.ts`
 * passes the real ones; tests pass fakes. Every method may throw TidemarkError `unavailable`, which
 * becomes a 503.
 */

/** The query side of core/influx. Aborting `signal` cancels the query on the server. */
export interface Influx {
  /**
   * The annotated CSV of a Flux script as it arrives, cut anywhere. Reads on only when asked to.
   */
  queryCsv(
    flux: string,
    options: { readonly signal: AbortSignal },
  ): AsyncIterable<Uint8Array, void, undefined>;
  /** The rows of a Flux script in batches. */
  queryRows(
    flux: string,
    options: { readonly signal: AbortSignal },
  ): AsyncIterable<RowBatch, void, undefined>;
}

/** What is chosen at run time, kept in the registry; ingest hears of it. */
export interface Choices {
  changeExchange(exchange: string, change: ExchangeChange): Promise<void>;
  listMetrics(filter: MetricFilter): Promise<readonly MetricEntry[]>;
  findMetric(id: number): Promise<MetricEntry | undefined>;
  /** Throws `conflict` for another metric of a pair whose price is off. */
  addMetric(metric: { readonly pair: string; readonly metric: MetricKind }): Promise<AddedMetric>;
  /** False: there is none. */
  removeMetric(id: number): Promise<boolean>;
}

/** The exchanges that this program can take prices from. */
export interface KnownExchanges {
  /** Those that can be listed, for suggestions. */
  readonly ids: readonly string[];
  /** Whether its prices can come by a stream. */
  streams(id: string): boolean;
  /**
   * The id under which an exchange is kept, from the name that somebody gave it (`ccxt:lbank` is
   * kept as `lbank`); undefined: nobody knows it. Throws `invalid` where there is more to say.
   */
  find(name: string): Promise<string | undefined>;
}

/** Where a part of a rule was found: the first time in that field. */
export interface FoundClause {
  /** The part, as it is written. */
  readonly clause: string;
  readonly field: string;
  /** Of authors, categories and symbols: which one, from 0. */
  readonly item?: number;
  /** From where to before where, in UTF-16 units of that text. */
  readonly at: readonly [start: number, end: number];
  /** What stands there. */
  readonly text?: string;
}

/** `needs-text`: it depends on the page. */
export interface RuleVerdict {
  readonly verdict: 'yes' | 'no' | 'needs-text';
  readonly clauses: readonly FoundClause[];
}

/** Judges rules, and articles by them. */
export interface RuleChecker {
  /** `position` in the text that `path` names (`query`, `any.0.pattern`); empty: in none. */
  check(spec: RuleSpec):
    | { readonly ok: true }
    | {
        readonly ok: false;
        readonly message: string;
        readonly position: number;
        readonly path: string;
      };
  /** Of a rule that was checked. @throws TidemarkError `invalid`: it takes too much by itself */
  tester(rule: Rule): (article: RecentArticle) => RuleVerdict;
}

/** One thing that must work before the process counts as ready. */
export interface Probe {
  readonly name: string;
  check(signal: AbortSignal): Promise<ProbeResult>;
}

export type ProbeResult =
  | { readonly ok: true }
  /** `reason` is what is wrong, `fix` what the operator can do about it. */
  | { readonly ok: false; readonly reason: string; readonly fix?: string };

export type Role = 'read' | 'write' | 'admin';

export interface ApiKey {
  readonly name: string;
  readonly role: Role;
  readonly secret: string;
}

/** Why a place may not be reached. */
export interface UrlRefusal {
  readonly why: string;
  /** What would be taken, where no setting could let this one be reached. */
  readonly expected?: string;
}

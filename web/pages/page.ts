/** What a page is given, and what the frame expects of it. */

export interface PageContext {
  /** What follows the page's own word in the address: `#/pair/btcusd` gives ['btcusd']. */
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
  /** Aborts when the page is left: end timers, requests, listeners and charts with it. */
  readonly signal: AbortSignal;
  /** Writes the query into the address without loading the page again. */
  setQuery(query: Readonly<Record<string, string>>): void;
}

/** A page builds itself in `root`, shows its frame at once, and fills it as answers come. */
export interface Page {
  readonly title: string;
  build(root: HTMLElement, context: PageContext): Promise<void> | void;
}

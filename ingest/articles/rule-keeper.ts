import { childAbort } from '../../core/abort.ts';
import { messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { LeftOutRule, Rule } from '../../registry/rules.ts';
import type { ArticleLedger } from './ledger.ts';
import type { Preparer } from './preparer.ts';
import type { RefusedRule } from './rules/compiled.ts';

export interface RuleKeeperOptions {
  readonly ledger: Pick<ArticleLedger, 'rules' | 'leaveOutRules'>;
  readonly preparer: Pick<Preparer, 'useRules'>;
  readonly log: Log;
}

/** Of many rules that are left out, so many are named in the log: all of them say so themselves. */
const NAMED_MAX = 5;

/** Sees to it that articles are judged by the rules that count, and that those left out say so. */
export class RuleKeeper {
  readonly #options: RuleKeeperOptions;
  readonly #cut = childAbort(undefined);
  #old = true;
  /** As the log was told. */
  #logged = '';
  #telling: Promise<void> = Promise.resolve();

  constructor(options: RuleKeeperOptions) {
    this.#options = options;
  }

  /** Rules may be others than before. */
  changed(): void {
    this.#old = true;
  }

  /**
   * Reads the rules where they may be others, or `anyway`. What is judged after it is judged by
   * these; that they are compiled is not waited for.
   * @throws TidemarkErrors of the registry; then they are read the next time.
   */
  async keepUp({ anyway }: { readonly anyway: boolean }): Promise<void> {
    if (!this.#old && !anyway) return;
    this.#old = false;
    let rules: readonly Rule[];
    try {
      rules = await this.#options.ledger.rules();
    } catch (error) {
      this.#old = true;
      throw error;
    }
    const compiled = this.#options.preparer.useRules(rules, { signal: this.#cut.signal });
    this.#telling = this.#tell(rules, compiled, this.#telling);
  }

  /** Nothing of it is under way any more. */
  async close(): Promise<void> {
    this.#cut.release();
    await this.#telling;
  }

  /** In the order of the rules: what is known of newer ones is told last. */
  async #tell(
    rules: readonly Rule[],
    compiled: Promise<readonly RefusedRule[]>,
    before: Promise<void>,
  ): Promise<void> {
    const { ledger, log } = this.#options;
    try {
      const [refused] = await Promise.all([compiled, before]);
      const leftOut = leftOutOf(rules, refused);
      this.#warn(leftOut);
      await ledger.leaveOutRules(leftOut);
    } catch (error) {
      // Tried again with the next look at the rules, which is soon.
      if (this.#cut.signal.aborted) return;
      log.warn({ error: messageOf(error) }, 'it is not known which rules can be used');
    }
  }

  #warn(leftOut: readonly LeftOutRule[]): void {
    const now = leftOut.map(({ rule, version }) => `${rule}.${version}`).join();
    if (now !== this.#logged && now !== '') {
      const named = leftOut.slice(0, NAMED_MAX).map(({ rule, why }) => ({ rule, why }));
      this.#options.log.warn({ leftOut: leftOut.length, named }, 'rules that match nothing');
    }
    this.#logged = now;
  }
}

function leftOutOf(rules: readonly Rule[], refused: readonly RefusedRule[]): LeftOutRule[] {
  const versions = new Map(rules.map(({ id, version }) => [id, version]));
  return refused.flatMap(({ rule, message, path, position }) => {
    const version = versions.get(rule);
    const why = path === '' ? message : `${path}, at ${position}: ${message}`;
    return version === undefined ? [] : [{ rule, version, why }];
  });
}

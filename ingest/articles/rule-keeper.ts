import { childAbort } from '../../core/abort.ts';
import { messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Rule } from '../../registry/rules.ts';
import type { ArticleLedger } from './ledger.ts';
import type { Preparer } from './preparer.ts';

export interface RuleKeeperOptions {
  readonly ledger: Pick<ArticleLedger, 'rules'>;
  readonly preparer: Pick<Preparer, 'useRules'>;
  readonly log: Log;
}

/** Keeps those who judge by the rules that count. */
export class RuleKeeper {
  readonly #options: RuleKeeperOptions;
  readonly #cut = childAbort(undefined);
  #old = true;
  #left = '';
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
    const { ledger, preparer } = this.#options;
    if (!this.#old && !anyway) return;
    this.#old = false;
    let rules: readonly Rule[];
    try {
      rules = await ledger.rules();
    } catch (error) {
      this.#old = true;
      throw error;
    }
    const { signal } = this.#cut;
    const compiled = preparer.useRules(rules, { signal });
    const before = this.#telling;
    this.#telling = compiled.then(
      async (refused) => {
        await before;
        this.#tell(refused.map(({ rule, message }) => ({ rule, message })));
      },
      (error: unknown) => this.#failed(error),
    );
  }

  /** Nothing of it is under way any more. */
  async close(): Promise<void> {
    this.#cut.release();
    await this.#telling;
  }

  #tell(refused: readonly { readonly rule: number; readonly message: string }[]): void {
    const left = refused.map(({ rule }) => rule).join();
    if (left !== '' && left !== this.#left) {
      this.#options.log.warn({ rules: refused.slice(0, 10) }, 'rules are left out');
    }
    this.#left = left;
  }

  #failed(error: unknown): void {
    if (this.#cut.signal.aborted) return;
    this.#options.log.warn({ error: messageOf(error) }, 'rules could not be compiled');
  }
}

import type { ParseArgsConfig } from 'node:util';
import type { Config } from '../../core/config.ts';

/** What a command is given: everything from outside is passed in. */
export interface CommandContext {
  readonly config: Config;
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  /** For people and pipes; the log goes to the same place as lines of JSON. */
  readonly print: (text: string) => void;
  /** Aborts at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Everything after `tidemark`, and what it means; examples. */
  readonly help: string;
  readonly options: NonNullable<ParseArgsConfig['options']>;
  /** Most words besides options. */
  readonly positionalsMax: number;
  /** Resolves with the exit code. Throws TidemarkError for what went wrong. */
  run(context: CommandContext): Promise<number>;
}

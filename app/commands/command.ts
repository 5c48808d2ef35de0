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
  /** Whether the output may be coloured: it is a terminal, and NO_COLOR is not set. */
  readonly colour: boolean;
  /** What is wrong with settings; empty where the command does not take them. */
  readonly mistakes: readonly string[];
  /** What is set and only looks like a setting: `INFLUX_ULR: did you mean INFLUX_URL?` */
  readonly strangers: readonly string[];
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
  /** Runs although settings are wrong: those are as if they were not set. */
  readonly takesMistakes?: boolean;
  /** Resolves with the exit code. Throws TidemarkError for what went wrong. */
  run(context: CommandContext): Promise<number>;
}

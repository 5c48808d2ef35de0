#!/usr/bin/env node
/** The command line: reads it, checks it, calls the command, turns errors into an exit code. */
import { parseArgs } from 'node:util';
import type { Command } from './app/commands/command.ts';
import { commands } from './app/commands/commands.ts';
import { readConfig } from './core/config.ts';
import { messageOf, TidemarkError } from './core/errors.ts';

/** Exit codes, as sysexits.h has them where one fits. */
const EXIT = { failed: 1, usage: 64, unavailable: 69, internal: 70, interrupted: 130 } as const;

function usage(): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 1;
  const list = commands.map(({ name, summary }) => `  tidemark ${name.padEnd(width)} ${summary}`);
  return [
    "Tidemark: every market's price, the pages you depend on and the news, as time series you own.",
    '',
    ...list,
    '',
    '"tidemark COMMAND --help" tells more. Settings are environment variables:',
    'docs/configuration.md lists them.',
  ].join('\n');
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function fail(message: string, code: number): number {
  process.stderr.write(`tidemark: ${message}\n`);
  return code;
}

/** The first signal asks to stop; a second one does not wait. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(EXIT.interrupted);
      controller.abort(new TidemarkError('cancelled', `stopped by ${name}`));
    });
  }
  return controller.signal;
}

function readLine(command: Command, args: readonly string[]) {
  try {
    const line = parseArgs({
      args: [...args],
      options: { ...command.options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
    if (line.positionals.length > command.positionalsMax) {
      const extra = line.positionals[command.positionalsMax];
      throw new TidemarkError('invalid', `${command.name}: did not expect "${extra}"`);
    }
    return line;
  } catch (error) {
    const { message } = error as Error;
    throw new TidemarkError('invalid', `${message}\nTry: tidemark ${command.name} --help`);
  }
}

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    print(usage());
    return name === undefined ? EXIT.usage : 0;
  }
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) return fail(`no command "${name}"\n\n${usage()}`, EXIT.usage);
  try {
    const line = readLine(command, args);
    if (line.values.help === true) {
      print(command.help);
      return 0;
    }
    return await command.run({
      config: readConfig(),
      positionals: line.positionals,
      options: line.values as Record<string, string | boolean | undefined>,
      print,
      signal: stopSignal(),
    });
  } catch (error) {
    return failure(error);
  }
}

function failure(error: unknown): number {
  if (!(error instanceof TidemarkError)) {
    const stack = error instanceof Error ? error.stack : undefined;
    return fail(`a bug of ours: ${stack ?? messageOf(error)}`, EXIT.internal);
  }
  if (error.code === 'cancelled') return EXIT.interrupted;
  const list = Array.isArray(error.details) ? error.details.map((line) => `\n  ${line}`) : [];
  const message = list.length > 0 ? error.message.split(':')[0] : error.message + expected(error);
  const code = error.code === 'invalid' ? EXIT.usage : EXIT.failed;
  return fail(`${message}${list.join('')}`, error.retryable ? EXIT.unavailable : code);
}

/** What would have been right, where the error knows it. */
function expected({ details }: TidemarkError): string {
  if (typeof details !== 'object' || details === null || !('expected' in details)) return '';
  const { expected } = details;
  return `; expected ${Array.isArray(expected) ? expected.join(', ') : expected}`;
}

process.exitCode = await main(process.argv.slice(2));
// A part that was not stopped would keep the process alive: that is a bug, but not the user's wait.
if (process.exitCode !== undefined) setTimeout(() => process.exit(), 2_000).unref();

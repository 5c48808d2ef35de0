#!/usr/bin/env node
/** The command line: reads it, checks it, calls the command, turns errors into an exit code. */
import { parseArgs } from 'node:util';
import type { Command } from './app/commands/command.ts';
import { commands } from './app/commands/commands.ts';
import { EXIT, helpOf, hintOf, strangersAmong, usage } from './app/commands/help.ts';
import { otherNames, readConfig, readSettings, settings, wantsColour } from './core/config.ts';
import { messageOf, TidemarkError } from './core/errors.ts';
import { version } from './core/paths.ts';

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function complain(message: string): void {
  process.stderr.write(`tidemark: ${message}\n`);
}

function fail(message: string, code: number): number {
  complain(message);
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
  const names = [...Object.keys(command.options), 'help'].map((name) => `--${name}`);
  // Said by the name as it was typed, before the parser says less.
  const typed = args.find((arg) => /^--[a-z]/.test(arg) && !names.includes(arg.split('=')[0]!));
  try {
    if (typed !== undefined && args.slice(0, args.indexOf(typed)).every((arg) => arg !== '--')) {
      const name = typed.split('=')[0]!;
      throw new Error(`${command.name}: no option ${name}.${hintOf(name, names)}`);
    }
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
    throw new TidemarkError('invalid', `${messageOf(error)}\nTry: tidemark help ${command.name}`);
  }
}

const ASKS_HELP: ReadonlySet<string | undefined> = new Set(['help', '--help', '-h']);

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === '--version' || name === '-V' || name === 'version') {
    print(`tidemark ${version}`);
    return EXIT.done;
  }
  const wanted = ASKS_HELP.has(name) ? args[0] : name;
  if (wanted === undefined) {
    print(usage(commands));
    return name === undefined ? EXIT.usage : EXIT.done;
  }
  const command = commands.find((candidate) => candidate.name === wanted);
  if (command === undefined) {
    const names = commands.map((one) => one.name);
    return fail(`no command "${wanted}".${hintOf(wanted, names)}\nTry: tidemark help`, EXIT.usage);
  }
  if (wanted !== name) {
    print(helpOf(command));
    return EXIT.done;
  }
  try {
    return await run(command, args);
  } catch (error) {
    return failure(error);
  }
}

async function run(command: Command, args: readonly string[]): Promise<number> {
  const line = readLine(command, args);
  if (line.values.help === true) {
    print(helpOf(command));
    return EXIT.done;
  }
  const own = Object.values(settings).map((one) => one.name);
  const strangers = strangersAmong(otherNames(), own);
  // Said first: a mistyped name is often why another setting is missing.
  if (!command.takesMistakes) {
    for (const stranger of strangers) complain(`no setting of that name: ${stranger}`);
  }
  const { config, mistakes } = command.takesMistakes
    ? readSettings()
    : { config: readConfig(), mistakes: [] };
  return command.run({
    config,
    ...{ mistakes, strangers, print },
    positionals: line.positionals,
    options: line.values as Record<string, string | boolean | undefined>,
    signal: stopSignal(),
    colour: process.stdout.isTTY === true && wantsColour(),
  });
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

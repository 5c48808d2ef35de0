import { systemClock } from '../../core/clock.ts';
import type { Config } from '../../core/config.ts';
import { createLog, type Log } from '../../core/log.ts';
import { secretsOf } from '../../core/secrets.ts';
import { createSteps, type Steps, type StepsOptions } from '../steps.ts';

export interface Screen {
  readonly log: Log;
  readonly steps: Steps;
}

/**
 * The log on standard output and, while something takes long, how far it is on standard error:
 * where both are one terminal, each line of the log goes above the bar.
 */
export function openScreen(config: Config, line?: StepsOptions['line']): Screen {
  const terminal = process.stderr.isTTY === true;
  const readable = process.stdout.isTTY === true;
  const above = (text: string) => steps.aside(() => void process.stdout.write(text));
  const log = createLog(config.logLevel, {
    ...{ readable, secrets: secretsOf(config) },
    ...(terminal && readable && { write: above }),
  });
  const steps = createSteps({
    ...{ terminal, columns: process.stderr.columns || 100, clock: systemClock },
    write: (text) => void process.stderr.write(text),
    line: line ?? ((_, step) => log.info(step, 'not done yet')),
  });
  return { log, steps };
}

/** For commands whose output is for people. */
export const plainLine = (text: string): void => void process.stderr.write(`${text}\n`);

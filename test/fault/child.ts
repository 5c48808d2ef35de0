/** Programs of the tests as processes that are killed and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { spawnWatchdog } from '../helpers/influxd.ts';

export interface Child {
  /** Its first line. */
  readonly said: string;
  /** By SIGKILL, or by another signal: how it ended. */
  end(signal?: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/**
 * Starts a program of this folder, its options being one argument of JSON; resolves when it has
 * said its first line, throws when it ends before that. Every later line is a sign of work.
 */
export async function startChild(
  name: string,
  options: unknown,
  onLine: () => void = () => undefined,
): Promise<Child> {
  const program = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  const child = spawn(process.execPath, [program, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const watchdog = spawnWatchdog(child, undefined);
  const exit = once(child, 'exit').then(([code, signal]) => {
    watchdog?.kill('SIGKILL');
    return { code, signal };
  });
  return {
    said: await firstLine(child, exit, { name, onLine }),
    end(signal = 'SIGKILL') {
      child.kill(signal);
      return exit;
    },
  };
}

async function firstLine(
  child: ChildProcess,
  exit: Promise<unknown>,
  { name, onLine }: { readonly name: string; readonly onLine: () => void },
): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  const ended = exit.then(() => {
    throw new Error(`${name} ended before it was up`);
  });
  ended.catch(() => 'it has ended later');
  const [said] = (await Promise.race([once(lines, 'line'), ended])) as [string];
  lines.on('line', onLine);
  return said;
}

import { mkdir } from 'node:fs/promises';
import { plainMonitor } from '../../api/monitors/wish.ts';
import { systemClock } from '../../core/clock.ts';
import type { Config } from '../../core/config.ts';
import { fixedMsOrNone, formatMs } from '../../core/duration.ts';
import { isCode, TidemarkError } from '../../core/errors.ts';
import { createLog } from '../../core/log.ts';
import { secretsOf } from '../../core/secrets.ts';
import { createGate } from '../../core/targets.ts';
import { addMonitors, type NewMonitor } from '../../registry/monitors.ts';
import { countText } from '../bar.ts';
import { judgesOf } from '../monitors.ts';
import { createStepBar } from '../step-bar.ts';
import type { Command, CommandContext } from './command.ts';

const COUNT_MAX = 1_000_000;
const INTERVAL_MS_MAX = 30 * 86_400_000;
const STEP = 1_000;
const INTERRUPTED = 130;
const LOCAL = { address: '127.0.0.1', family: 4 } as const;

export const generateMonitors: Command = {
  name: 'generate-monitors',
  summary: 'make many monitors at once, to try how much is scanned in time',
  help: `tidemark generate-monitors --count N [--url URL] [--interval LENGTH] [--regexp PATTERN]

Makes monitors of numbered URLs, with everything else at its default. Their first scans are spread
over the interval. What is there stays as it is: the same command again makes nothing.
It needs the registry (DATABASE_URL, or PGlite in DATA_DIR, which one process has at a time).

  --count N          how many, to ${countText(COUNT_MAX)}
  --url URL          {n} stands for the number, from 1; default http://127.0.0.1:8080/{n}
  --interval LENGTH  how often each is scanned: 30s, 1m, 1h; default 60s
  --regexp PATTERN   has to match somewhere in each page (RE2)

Private addresses are scanned only where ALLOW_PRIVATE_TARGETS lists them.

Examples:
  tidemark generate-monitors --count 10000
  tidemark generate-monitors --count 500 --url 'https://{n}.example.com/health' --interval 5m
  tidemark generate-monitors --count 10 --url 'http://10.0.0.7/{n}' --regexp 'price: (?P<price>.+)'`,
  options: {
    count: { type: 'string' },
    url: { type: 'string', default: 'http://127.0.0.1:8080/{n}' },
    interval: { type: 'string', default: '60s' },
    regexp: { type: 'string' },
  },
  positionalsMax: 0,
  async run({ config, options, print, signal }) {
    const wish = await readGeneration(options, config);
    const { databaseUrl, dataDir } = config;
    await mkdir(dataDir, { recursive: true });
    const { openRegistry } = await import('../../registry/open.ts');
    const registry = await openRegistry({
      databaseUrl,
      dataDir,
      log: createLog(config.logLevel, { secrets: secretsOf(config) }),
    });
    const bar = createStepBar({
      write: (text) => void process.stderr.write(text),
      terminal: process.stderr.isTTY === true,
      columns: process.stderr.columns || 100,
      nowMs: () => systemClock.monotonicMs(),
      name: 'monitors',
    });
    let made = 0;
    let done = 0;
    try {
      bar.update(done, wish.count);
      while (done < wish.count && !signal.aborted) {
        const step = Math.min(STEP, wish.count - done);
        const wanted = Array.from({ length: step }, (_, index) => wish.monitor(done + index + 1));
        made += await addMonitors(registry, wanted);
        done += step;
        bar.update(done, wish.count);
      }
    } finally {
      bar.end();
      await registry.close();
    }
    print(summaryOf({ made, done, ...wish }));
    if (wish.refusal !== undefined) print(`Note: ${wish.refusal}`);
    return done < wish.count ? INTERRUPTED : 0;
  },
};

interface Generation {
  readonly count: number;
  readonly intervalMs: number;
  readonly monitor: (number: number) => NewMonitor;
  /** Why scans of them will be refused, as things stand. */
  readonly refusal: string | undefined;
}

/** What the command line asks for. @throws TidemarkError `invalid` with what was expected. */
export async function readGeneration(
  { count: given, url = '', interval, regexp }: CommandContext['options'],
  { allowPrivateTargets, scanIntervalMinMs }: Config,
): Promise<Generation> {
  const count = readCount(given);
  const intervalMs = readInterval(String(interval), scanIntervalMinMs);
  const gate = createGate({ allowPrivate: allowPrivateTargets, resolve: async () => [LOCAL] });
  const judges = judgesOf(gate);
  const template = String(url);
  if (count > 1 && !template.includes('{n}')) {
    throw wrong('--url', template, 'the number in it as {n}, or --count 1');
  }
  const pattern = regexp === undefined ? null : String(regexp);
  const compiled = judges.compile(pattern ?? '');
  if (pattern === '') throw wrong('--regexp', pattern, 'a pattern; leave it out to have none');
  if (!compiled.ok) throw wrong('--regexp', String(pattern), `RE2 syntax: ${compiled.message}`);
  const monitor = (number: number): NewMonitor => {
    const text = template.replaceAll('{n}', String(number));
    const address = addressOf(judges, text);
    return plainMonitor({ url: address.url, host: address.host, regexp: pattern, intervalMs });
  };
  const [first, last] = [monitor(1), monitor(count)];
  if (count > 1 && first.url === last.url) {
    throw wrong('--url', template, 'the number where it makes another page, not behind a #');
  }
  for (const { url: each } of [first, last]) {
    const expected = (await judges.refusalOf(each))?.expected;
    if (expected !== undefined) throw wrong('--url', template, expected);
  }
  const refused = await judges.refusalOf(first.url);
  const refusal =
    refused && `${refused.why}: scans end as "blocked" until ALLOW_PRIVATE_TARGETS lists it`;
  return { count, intervalMs, monitor, refusal };
}

function addressOf(judges: ReturnType<typeof judgesOf>, text: string) {
  try {
    const address = judges.addressOf(text);
    if (address.authorization === undefined) return address;
  } catch (error) {
    if (!isCode(error, 'invalid')) throw error;
    throw wrong('--url', text, 'an http or https URL');
  }
  throw wrong('--url', text, 'a URL without credentials');
}

function readCount(given: string | boolean | undefined): number {
  if (given === undefined) {
    throw new TidemarkError('invalid', 'generate-monitors: --count is missing', {
      details: { expected: 'such as --count 10000' },
    });
  }
  const count = /^\d{1,9}$/.test(String(given)) ? Number(given) : 0;
  if (count >= 1 && count <= COUNT_MAX) return count;
  throw wrong('--count', String(given), `a whole number from 1 to ${COUNT_MAX}`);
}

function readInterval(text: string, leastMs: number): number {
  const expected = `whole seconds from ${formatMs(leastMs)} to ${formatMs(INTERVAL_MS_MAX)}`;
  const ms = fixedMsOrNone(text);
  if (ms !== undefined && ms % 1_000 === 0 && ms >= leastMs && ms <= INTERVAL_MS_MAX) return ms;
  throw wrong('--interval', text, expected);
}

function wrong(option: string, got: string, expected: string): TidemarkError {
  const shown = got.length > 80 ? `${got.slice(0, 80)}...` : got;
  return new TidemarkError('invalid', `generate-monitors: ${option} is "${shown}"`, {
    details: { expected },
  });
}

interface Outcome {
  readonly made: number;
  readonly done: number;
  readonly count: number;
  readonly intervalMs: number;
}

function summaryOf({ made, done, count, intervalMs }: Outcome): string {
  const there = done - made;
  const rate = countText(Math.round((10_000 * done) / intervalMs) / 10);
  const stopped = done < count ? `Stopped after ${countText(done)} of ${countText(count)}: ` : '';
  const found = there > 0 ? `, ${countText(there)} were there already` : '';
  return (
    `${stopped}${countText(made)} monitors made${found}. ` +
    `Each is scanned every ${formatMs(intervalMs)}: ${rate} scans a second in all.`
  );
}

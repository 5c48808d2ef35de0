import { systemClock } from '../../core/clock.ts';
import { backMs } from '../../core/duration.ts';
import { isCode, TidemarkError } from '../../core/errors.ts';
import type {
  BackfillOffer,
  BackfillView,
  BackfillWish,
} from '../../ingest/prices/backfill/desk.ts';
import { isoMinute, spanText } from '../../ingest/prices/backfill/plan.ts';
import { countText } from '../bar.ts';
import { createProgress, type Progress, sumsOf } from '../progress.ts';
import type { Command, CommandContext } from './command.ts';

const LOOK_MS = 1_000;
const INTERRUPTED = 130;

export const backfill: Command = {
  name: 'backfill',
  summary: "fill minutes without a price from the exchanges' candles",
  help: `tidemark backfill (--exchange IDS | --pair PAIRS) --from TIME [--to TIME]

Looks for minutes without a price and asks the exchange for its candles of them. Points that are
there are never touched, so that a second run changes nothing. When a Tidemark is running with the
same HOST and PORT, it does the work and this shows how far it is; otherwise it is done here.
Ctrl-C leaves everything so that the same command goes on from there.

  --exchange IDS  exchanges with commas between; without --pair, all of their markets
  --pair PAIRS    pairs with commas between, in any spelling; without --exchange, wherever listed
  --from TIME     2026-10-01, 2026-10-01T12:30Z, or how far back: 24h, 7d
  --to TIME       the same; default: now
  --dry-run       only say what would be asked, and how long that takes
  --json          one line of JSON each second instead of a bar

Examples:
  tidemark backfill --exchange kraken --pair btcusd --from 12h
  tidemark backfill --exchange binance,okx --from 2026-10-01 --to 2026-10-08 --dry-run
  tidemark backfill --pair btc/usd,eth/usd --from 24h`,
  options: {
    exchange: { type: 'string' },
    pair: { type: 'string' },
    from: { type: 'string' },
    to: { type: 'string' },
    'dry-run': { type: 'boolean' },
    json: { type: 'boolean' },
  },
  positionalsMax: 0,
  async run(context) {
    const { config, options, print, signal } = context;
    const wish = readWish(options, systemClock.nowMs());
    const json = options.json === true;
    const progress = createProgress({
      write: (text) => void (json ? process.stdout : process.stderr).write(text),
      style: json ? 'json' : process.stderr.isTTY ? 'bar' : 'lines',
      columns: process.stderr.columns || 100,
      nowMs: () => systemClock.monotonicMs(),
    });
    const { openBackfillSite } = await import('../backfill-site.ts');
    const site = await openBackfillSite(config, { clock: systemClock, note: progress.note });
    try {
      const { desk } = site;
      const say = json ? () => undefined : print;
      say(site.where);
      if (options['dry-run'] === true) {
        const offer = await desk.offer(wish);
        print(json ? JSON.stringify(offer) : offerText(offer));
        return 0;
      }
      const opened = await desk.open(wish);
      say(offerText(opened));
      if (opened.resumed) say(`Going on with backfill ${opened.id}.`);
      await site.work(opened.id);
      const get = () => desk.get(opened.id);
      const last = await watch(get, progress, signal);
      progress.end();
      return conclude(last, { ...context, print: say, goesOn: site.goesOn });
    } finally {
      progress.end();
      await site.close();
    }
  },
};

/** Follows a backfill to its end, or to Ctrl-C. */
async function watch(
  get: () => Promise<BackfillView | undefined>,
  progress: Progress,
  signal: AbortSignal,
): Promise<BackfillView> {
  for (;;) {
    const view = await get();
    if (!view) throw new TidemarkError('not-found', 'the backfill is not there any more');
    progress.update(view);
    if (view.state !== 'open' || signal.aborted) return view;
    // What is waited for is the end of the backfill or of patience, not of this second.
    await systemClock.sleep(LOOK_MS, signal).catch((error: unknown) => {
      if (!isCode(error, 'cancelled')) throw error;
    });
  }
}

function conclude(
  view: BackfillView,
  { print, goesOn }: Pick<CommandContext, 'print'> & { readonly goesOn: boolean },
): number {
  const { failed, rows, requests } = sumsOf(view);
  const got = `${counted(rows, 'point')} from ${counted(requests, 'request')}`;
  if (view.state === 'open') {
    print(
      goesOn
        ? `Backfill ${view.id} goes on in the running Tidemark (${got} so far); ` +
            `DELETE /api/v1/backfills/${view.id} stops it.`
        : `Stopped: ${got} so far are kept. The same command goes on from here.`,
    );
    return INTERRUPTED;
  }
  if (view.state === 'cancelled') {
    print(`Backfill ${view.id} was stopped: ${got}.`);
    return 1;
  }
  print(`Done: ${got}.`);
  if (failed === 0) return 0;
  print(`${counted(failed, 'market')} failed:`);
  for (const lane of view.lanes) {
    if (lane.failed > 0) print(`  ${lane.exchange}: ${lane.failed} (${lane.error})`);
  }
  return 1;
}

function offerText(offer: BackfillOffer): string {
  const { markets, requests, durationMs, range } = offer;
  const lines = offer.notes.map((note) => `Note: ${note}`);
  lines.push(
    `${isoMinute(range.fromMs)} to ${isoMinute(range.toMs)}: ${counted(markets, 'market')}, ` +
      `at most ${counted(requests, 'request')} and ${spanText(durationMs)}`,
  );
  if (offer.exchanges.length > 1) {
    for (const one of offer.exchanges) {
      const cost = `${counted(one.markets, 'market')}, ${counted(one.requests, 'request')}`;
      lines.push(`  ${one.exchange.padEnd(12)} ${cost}, ${spanText(one.durationMs)}`);
    }
  }
  return lines.join('\n');
}

function counted(value: number, name: string): string {
  return `${countText(value)} ${name}${value === 1 ? '' : 's'}`;
}

/** What the command line asks for. @throws TidemarkError `invalid` with what was expected. */
export function readWish(options: CommandContext['options'], nowMs: number): BackfillWish {
  const [exchanges, pairs] = [listOf(options.exchange), listOf(options.pair)];
  if (exchanges.length === 0 && pairs.length === 0) {
    throw new TidemarkError('invalid', 'backfill: expected --exchange, --pair, or both', {
      details: { expected: 'such as --exchange kraken --pair btcusd --from 12h' },
    });
  }
  if (options.from === undefined) {
    throw new TidemarkError('invalid', 'backfill: --from is missing', { details: TIME_HELP });
  }
  const fromMs = readTime('--from', String(options.from), nowMs);
  const toMs = options.to === undefined ? undefined : readTime('--to', String(options.to), nowMs);
  return { exchanges, pairs, fromMs, toMs };
}

function listOf(option: string | boolean | undefined): string[] {
  const names = String(option ?? '').split(',');
  return names.map((name) => name.trim()).filter((name) => name !== '');
}

const TIME_HELP = {
  expected: 'a day (2026-10-01), a time (2026-10-01T12:30Z) or how far back (24h, 7d)',
};
const DAY = /^\d{4}-\d\d-\d\d$/;
const TIME = /^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

/** A day or time in UTC, or a length of time before now; ms since the epoch, whole minutes. */
export function readTime(name: string, text: string, nowMs: number): number {
  const wrong = () =>
    new TidemarkError('invalid', `backfill: ${name} is "${text}"`, { details: TIME_HELP });
  let timeMs: number;
  if (DAY.test(text) || TIME.test(text)) {
    timeMs = Date.parse(DAY.test(text) ? `${text}T00:00Z` : text);
    // Date.parse takes the 31st of February for a day in March.
    const date = text.slice(0, 10);
    const dayMs = Date.parse(`${date}T00:00Z`);
    if (Number.isNaN(dayMs) || new Date(dayMs).toISOString().slice(0, 10) !== date) throw wrong();
  } else {
    timeMs = backMs(text, nowMs) ?? Number.NaN;
  }
  if (Number.isNaN(timeMs)) throw wrong();
  return Math.floor(timeMs / 60_000) * 60_000;
}

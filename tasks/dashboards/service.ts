import type { Clock } from '../../core/clock.ts';
import { isCode, messageOf } from '../../core/errors.ts';
import { type DashboardSyncOptions, syncDashboards } from './sync.ts';

export interface DashboardServiceOptions extends DashboardSyncOptions {
  readonly clock: Pick<Clock, 'sleep'>;
  /** Between two attempts while InfluxDB is away. Default 30 s. */
  readonly retryMs?: number;
}

export interface DashboardService {
  /** Resolves when there is nothing more to do: all is made, or it may not be. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/**
 * Makes what the InfluxDB UI shows, once, as soon as InfluxDB answers. Nothing else waits for it: a
 * token that may not, or a server without dashboards, costs one line of the log.
 */
export function startDashboards(options: DashboardServiceOptions): DashboardService {
  const { clock, log, retryMs = 30_000 } = options;
  const ending = new AbortController();
  async function run(): Promise<void> {
    for (let told = false; !ending.signal.aborted; told = true) {
      try {
        await syncDashboards(options);
        return;
      } catch (error) {
        // InfluxDB 2 answers 401 to a known token that may not; others have no such thing at all.
        const refused = isCode(error, 'unauthorized', 'forbidden', 'not-found');
        const ids = { error: messageOf(error) };
        if (refused)
          return log.info(ids, 'the InfluxDB UI gets no dashboards: not allowed, or none there');
        if (!told) log.warn(ids, 'the dashboards of the InfluxDB UI wait');
      }
      await clock.sleep(retryMs, ending.signal).catch(() => 'the end');
    }
  }
  const ended = run();
  return {
    ended,
    async close() {
      ending.abort();
      await ended;
    },
  };
}

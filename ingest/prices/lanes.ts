import type { ExchangeState } from '../../registry/exchanges.ts';
import type { Runner, Running } from '../runner.ts';
import type { LaneChoice } from './choice.ts';
import type { PriceLane } from './lane.ts';

export interface LanesOptions {
  readonly runner: Runner;
  /** A lane of its own for an exchange and the way its prices come. */
  readonly createLane: (choice: LaneChoice) => PriceLane;
}

/** The exchanges that run now. */
export interface Lanes {
  /** Live: the same objects for as long as their exchange runs. By the order of the choice. */
  states(): readonly Readonly<ExchangeState>[];
  /**
   * Starts, stops and re-times lanes until they are as chosen; those that stay as they are notice
   * nothing. To be called by one caller at a time.
   */
  apply(choices: readonly LaneChoice[]): Promise<void>;
  /** Stops them all; their states stay. */
  close(): Promise<void>;
}

interface Entry {
  readonly choice: LaneChoice;
  readonly lane: PriceLane;
  readonly job: Running;
}

export function createLanes({ runner, createLane }: LanesOptions): Lanes {
  let entries = new Map<string, Entry>();

  const start = (choice: LaneChoice): Entry => {
    const lane = createLane(choice);
    return { choice, lane, job: runner.add(lane) };
  };
  const stop = async ({ job, lane }: Entry): Promise<void> => {
    await job.stop();
    await lane.close();
  };
  return {
    states: () => [...entries.values()].map(({ lane }) => lane.state),
    async apply(choices) {
      const kept = new Map<string, Entry>();
      for (const choice of choices) {
        const old = entries.get(choice.adapter.id);
        if (old && isSameLane(old.choice, choice)) kept.set(choice.adapter.id, { ...old, choice });
      }
      const gone = [...entries].filter(([id]) => !kept.has(id)).map(([, entry]) => entry);
      // Before another of the same exchange begins: never two at once.
      if (gone.length > 0) await Promise.all(gone.map(stop));
      entries = new Map(
        choices.map((choice) => {
          const { id } = choice.adapter;
          const entry = kept.get(id) ?? start(choice);
          entry.job.every(choice.intervalMs);
          return [id, entry];
        }),
      );
    },
    async close() {
      await Promise.all([...entries.values()].map(stop));
    },
  };
}

/** Whether the lane that runs will do, if need be at another pace. */
function isSameLane(old: LaneChoice, choice: LaneChoice): boolean {
  const { adapter, baseUrl, mode } = choice;
  return old.adapter === adapter && old.baseUrl === baseUrl && old.mode === mode;
}

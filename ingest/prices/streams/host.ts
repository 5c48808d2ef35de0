import type { Refusal } from '../refusal.ts';
import type { StreamSourceOptions } from './options.ts';

/** When the host of the requests wants to be left alone: polls and tickets keep to it. */
export interface Host {
  /** What is left of its pause, in ms; 0: none. */
  pauseMs(): number;
  /** Takes the pause that a refusal asks for. */
  note(refusal: Refusal): void;
}

export function createHost(
  options: Pick<StreamSourceOptions, 'exchange' | 'pauses' | 'clock'>,
): Host {
  const { pauses, clock } = options;
  const { baseUrl } = options.exchange;
  const untilMs = (): number => pauses.get(baseUrl) ?? 0;
  return {
    pauseMs: () => Math.max(0, untilMs() - clock.nowMs()),
    note({ pauseMs }) {
      if (pauseMs !== undefined) pauses.set(baseUrl, Math.max(clock.nowMs() + pauseMs, untilMs()));
    },
  };
}

import { TidemarkError } from './errors.ts';

export interface TakenPort {
  readonly host: string;
  readonly port: number;
  /** That another port is set by. */
  readonly setting: string;
  /** `nginx (pid 812)`, where it is known. */
  readonly owner?: string | undefined;
  readonly cause?: unknown;
}

/** What is said, wherever it is found out, of a port that somebody else listens on. */
export function portTaken({ host, port, setting, owner, cause }: TakenPort): TidemarkError {
  const who = owner === undefined ? '' : `: ${owner}`;
  const text = `port ${port} on ${host} is in use: set ${setting}, or stop what listens there${who}`;
  return new TidemarkError('conflict', text, { cause });
}

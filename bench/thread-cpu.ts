/** CPU time of a process by its threads, nanosecond counters of Linux; NaN elsewhere. */
import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds that all threads of the process have run so far; those that ended do not count. */
export function threadsCpuMs(pid: number): number {
  try {
    const tasks = `/proc/${pid}/task`;
    return readdirSync(tasks).reduce((sum, task) => {
      const [ranNs = ''] = readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ');
      return sum + Number(ranNs) / 1e6;
    }, 0);
  } catch (error) {
    // A thread may end between the list and the look; without /proc there is nothing to tell.
    if ((error as { code?: string }).code === 'ENOENT') return Number.NaN;
    throw error;
  }
}

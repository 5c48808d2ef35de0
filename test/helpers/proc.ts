/** What Linux tells of a process with all its threads. */
import { readFileSync } from 'node:fs';

/** Linux reports CPU time in these units to every program, whatever the kernel's own tick. */
const CPU_TICKS_PER_SECOND = 100;

/** CPU time used so far, user and system. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The program's name, in brackets, may hold blanks: count from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CPU_TICKS_PER_SECOND;
}

/** Memory resident now (`VmRSS`), or the most of it so far (`VmHWM`). */
export function memoryBytesOf(pid: number, kind: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(new RegExp(`^${kind}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1_024;
}

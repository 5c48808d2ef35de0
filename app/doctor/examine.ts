import { checkData } from './data.ts';
import { checkDatabase } from './database.ts';
import type { Finding, Level, Patient } from './finding.ts';
import { checkInflux } from './influx.ts';
import { checkDescriptors, checkDisk, checkNode, checkPackages } from './machine.ts';
import { checkClock, checkExchanges, checkMail } from './outside.ts';
import { checkPorts } from './ports.ts';
import { checkRunning } from './readiness.ts';
import { checkHost, checkKeys, checkPublicUrl, checkSettings } from './settings.ts';

/** Looks at everything, in the order in which it is needed; tells each thing as it is known. */
export async function examine(
  patient: Patient,
  tell: (finding: Finding) => void,
): Promise<readonly Finding[]> {
  const all: Finding[] = [];
  const say = (...findings: readonly Finding[]): void => {
    for (const finding of findings) {
      // What was found while it was being stopped says nothing of the set-up.
      patient.signal.throwIfAborted();
      all.push(finding);
      tell(finding);
    }
  };
  say(checkNode(), ...(await checkPackages(patient)), ...checkSettings(patient));
  say(...checkHost(patient), ...checkKeys(patient), checkPublicUrl(patient));
  const { findings, running } = await checkPorts(patient);
  say(...findings, ...(await checkData(patient, running)));
  say(await checkDisk(patient), checkDescriptors(patient));
  const influx = await checkInflux(patient, running);
  say(...influx.findings, ...(await checkDatabase(patient, running)));
  const ahead = influx.aheadMs === undefined ? [] : [influx.aheadMs];
  if (!patient.offline) {
    const outside = await checkExchanges(patient);
    say(...outside.findings, await checkMail(patient));
    ahead.push(...outside.aheadMs);
  }
  say(...checkClock(ahead), ...(await checkRunning(patient, running)));
  return all;
}

/** 0: all is well; 1: something fails; 2: nothing does, but something is to be looked at. */
export function exitCodeOf(findings: readonly Finding[]): number {
  const has = (level: Level) => findings.some((one) => one.level === level);
  return has('fail') ? 1 : has('warn') ? 2 : 0;
}

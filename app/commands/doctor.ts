import { systemClock } from '../../core/clock.ts';
import { findingText } from '../doctor/finding.ts';
import type { Command } from './command.ts';

export const doctor: Command = {
  name: 'doctor',
  summary: 'check the set-up and say what to mend',
  help: `tidemark doctor [--json] [--offline]

Looks at Node.js, packages, settings, keys, ports, DATA_DIR, disk, limits, InfluxDB (version, rights
of the token, bucket), its tasks (how they do, and whether they are those of this version),
PostgreSQL (version, migrations, rights, poolers, leases), exchanges, mail server and clock, and
says of each whether it is well and else what to do. Nothing is locked or changed; a Tidemark with
the same settings may run meanwhile.

  --json      one JSON object a line: level (ok, warn, fail), what, found, fix
  --offline   ask nothing beyond this machine, InfluxDB and PostgreSQL

Exit codes: 0 all is well; 2 something is to be looked at; 1 something fails; 64 the command line is
wrong; 130 stopped before it was done.

Examples:
  tidemark doctor
  tidemark doctor --offline --json`,
  options: { json: { type: 'boolean' }, offline: { type: 'boolean' } },
  positionalsMax: 0,
  takesMistakes: true,
  async run({ config, mistakes, strangers, options, print, signal, colour }) {
    const { examine, exitCodeOf } = await import('../doctor/examine.ts');
    const offline = options.offline === true;
    const patient = { config, mistakes, strangers, offline, clock: systemClock, signal };
    const findings = await examine(patient, (finding) => {
      print(options.json === true ? JSON.stringify(finding) : findingText(finding, colour));
    });
    const code = exitCodeOf(findings);
    if (options.json !== true) {
      const count = (level: string) => findings.filter((one) => one.level === level).length;
      print(`\n${count('ok')} ok, ${count('warn')} to look at, ${count('fail')} failed`);
    }
    return code;
  },
};

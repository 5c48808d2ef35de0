import { nearNames } from '../../registry/near.ts';
import type { Command } from './command.ts';

/** Exit codes of every command, as sysexits.h has them where one fits. */
export const EXIT = {
  done: 0,
  failed: 1,
  different: 2,
  usage: 64,
  unavailable: 69,
  internal: 70,
  interrupted: 130,
} as const;

/** What each of them means; docs/commands.md. */
export const EXIT_MEANING: Readonly<Record<keyof typeof EXIT, string>> = {
  done: 'done',
  failed: 'it failed, and would again: the message says what to mend',
  different: 'nothing failed, but there is something to do or to look at (`doctor`, `tasks`)',
  usage: 'the command line or a setting is wrong',
  unavailable: 'something it needs is away or slow: try again',
  internal: 'a bug of ours',
  interrupted: 'stopped by Ctrl-C or SIGTERM before it was done',
};

/** What `tidemark --help` says. */
export function usage(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 1;
  const list = commands.map(({ name, summary }) => `  tidemark ${name.padEnd(width)} ${summary}`);
  return [
    "Tidemark: every market's price, the pages you depend on and the news, as time series you own.",
    '',
    ...list,
    '',
    '"tidemark help COMMAND" tells more. Settings are environment variables:',
    'docs/configuration.md lists them. Begin with "tidemark demo", or with "tidemark doctor".',
  ].join('\n');
}

/** What `tidemark help COMMAND` says. */
export function helpOf({ help }: Pick<Command, 'help'>): string {
  if (/^Exit codes:/m.test(help)) return help;
  const codes =
    `Exit codes: ${EXIT.done} done; ${EXIT.failed} it failed; ${EXIT.usage} the command line or a ` +
    `setting is wrong;\n${EXIT.unavailable} something is away, try again; ` +
    `${EXIT.interrupted} stopped before it was done.`;
  // Examples are what is looked for first: they stay at the end.
  const at = help.search(/\n\nExamples?:\n/);
  return at < 0 ? `${help}\n\n${codes}` : `${help.slice(0, at)}\n\n${codes}${help.slice(at)}`;
}

/** docs/commands.md */
export function commandsDocument(commands: readonly Command[]): string {
  const rows = Object.entries(EXIT).map(([name, code]) => {
    return `| ${code} | ${EXIT_MEANING[name as keyof typeof EXIT]} |`;
  });
  const sections = commands.flatMap((command) => [
    ...[`## ${command.name}`, '', `${command.summary.replace(/^./, (c) => c.toUpperCase())}.`, ''],
    ...['```text', helpOf(command), '```', ''],
  ]);
  return [
    '# Commands',
    '',
    'Generated from `app/commands/` by `make docs`. `tidemark` is `node dist/main.js` in a checkout and',
    'the entry point of the image. `tidemark help COMMAND` and `tidemark COMMAND --help` say what is',
    'below; `tidemark --version` the version. Settings are environment variables:',
    '[configuration.md](configuration.md). Output for people has colours on a terminal alone, and none',
    'with `NO_COLOR`; long work shows how far it is and how long it will take on standard error.',
    '',
    '## Exit codes',
    '',
    '| code | means |',
    '|---|---|',
    ...rows,
    '',
    ...sections,
  ].join('\n');
}

/** ` Did you mean "migrate"?`, or nothing. */
export function hintOf(typed: string, names: readonly string[]): string {
  const [near] = nearNames(typed, names, { limit: 1 });
  return near === undefined ? '' : ` Did you mean "${near}"?`;
}

const LENGTH_MIN = 6;
/** Settings of the influx command and of InfluxDB's image, which stand beside ours. */
const OF_OTHERS = /^(INFLUX_(HOST|ORG_ID|BUCKET_ID|CONFIGS_PATH|SKIP_VERIFY)|DOCKER_INFLUXDB_)/;

/** Names of the environment that look like a setting and are none, each with the one it is like. */
export function strangersAmong(names: readonly string[], settings: readonly string[]): string[] {
  const known = settings.map((name) => name.toLowerCase());
  return names.flatMap((name) => {
    if (!/^[A-Z][A-Z0-9_]+$/.test(name) || name.length < LENGTH_MIN || OF_OTHERS.test(name)) {
      return [];
    }
    const [near] = nearNames(name, known, { limit: 1 });
    // What only begins like one is as likely somebody else's.
    if (near === undefined || Math.abs(near.length - name.length) > 2) return [];
    return [`${name}: did you mean ${near.toUpperCase()}?`];
  });
}

/**
 * Why a command of a document is not run by `commands.test.ts`, and what holds it instead. Whatever
 * no account covers is run: a new command in a document is run, or gets a line here that says what
 * it needs and where that is checked. An account that covers no command fails.
 */
export interface Account {
  /** Of all documents where it is absent. */
  readonly file?: RegExp;
  readonly command: RegExp;
  readonly why: string;
  /** The test that runs the same, or checks as much of it as can be run here. */
  readonly by: string;
}

export const accounts: readonly Account[] = [
  {
    file: /^docs\/api\.md$/,
    command: /^curl /,
    why: 'its answers are compared to the letter, against fixed data',
    by: 'test/api/docs.test.ts',
  },
  {
    file: /^docs\/keys\.md$/,
    command: /^/,
    why: 'the first key would close the API to the commands of all other documents',
    by: 'test/e2e/keys.test.ts',
  },
  {
    command: /^docker compose /,
    why: 'needs a Docker engine: the file is read, and its services, profiles and mounts checked',
    by: 'test/deploy/compose.test.ts',
  },
  {
    command: /^([A-Z_]+=\S+ )*(make|tidemark) start\b/,
    why: 'installs packages and starts until Ctrl-C: the same process is started there',
    by: 'test/e2e/start.test.ts',
  },
  {
    command: /^make demo\b/,
    why: 'starts until Ctrl-C: the demo is what all other commands are run against',
    by: 'test/docs/stage.ts',
  },
  {
    command: /^(make (test|check)|\.ci\/run)\b/,
    why: 'this is a part of it',
    by: '.ci/run',
  },
  {
    file: /^docs\/operations\.md$/,
    command: /^helm /,
    why: 'needs a cluster: the chart is checked by the schemas of Kubernetes',
    by: 'scripts/helm.sh',
  },
  {
    file: /^docs\/operations\.md$/,
    command: /^docker run /,
    why: 'needs a Docker engine: the same npm command is run in what the Dockerfile makes',
    by: 'scripts/image.sh',
  },
  {
    file: /^docs\/operations\.md$/,
    command: /^(tar|pg_dump|pg_restore) /,
    why: 'needs a Tidemark that was stopped, or a PostgreSQL: both are backed up and restored there',
    by: 'test/deploy/backup.test.ts',
  },
];

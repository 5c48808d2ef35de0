import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { commands } from '../../app/commands/commands.ts';
import { commandsDocument, EXIT, helpOf } from '../../app/commands/help.ts';
import { projectRoot, version } from '../../core/paths.ts';
import { runToEnd } from '../helpers/process.ts';

const run = (...args: string[]) => runToEnd({ args, settings: {} });

describe('help of every command', () => {
  for (const command of commands) {
    const help = helpOf(command);
    it(`${command.name} has examples, exit codes and each of its options`, () => {
      assert.ok(help.startsWith(`tidemark ${command.name}`));
      assert.match(help, new RegExp(`\\nExamples?:\\n(.*\\n)*.*tidemark ${command.name}`));
      assert.match(help, /^Exit codes: 0 /m);
      for (const option of Object.keys(command.options)) {
        assert.match(help, new RegExp(`^  --${option}\\b`, 'm'));
      }
      const wide = help.split('\n').filter((line) => line.length > 110);
      assert.deepEqual(wide, []);
    });
  }

  it('is in docs/commands.md, with every exit code', () => {
    const text = readFileSync(join(projectRoot, 'docs', 'commands.md'), 'utf8');
    assert.equal(text, commandsDocument(commands));
    for (const code of Object.values(EXIT)) assert.ok(text.includes(`| ${code} |`), String(code));
  });
});

const DAMAGED = { DATABASE_URL: 'postgres://u:p@127.0.0.1:1/x' };
const AWAY = { INFLUX_URL: 'http://127.0.0.1:1', INFLUX_TOKEN: 'x' };

describe('exit codes', () => {
  it('are 64 for what is wrong with the command line, before anything is opened', async () => {
    const lines = [
      ['keys', 'create', 'a', '--role', 'boss'],
      ['keys', 'revoke'],
      ['keys', 'list', 'extra'],
      ['tasks', 'plans'],
      ['demo', '--seed', 'abc'],
      ['start', '--only', 'x'],
      ['flux'],
      ['generate-monitors', '--count', 'x'],
      ['backfill', '--exchange', 'kraken', '--from', '2026-10-01T24:00Z'],
      ['doctor', 'x'],
      ['migrate', '--fast'],
    ];
    for (const args of lines) {
      const { code, stdout, stderr } = await runToEnd({ args, settings: DAMAGED });
      assert.deepEqual([code, stdout], [EXIT.usage, ''], `${args.join(' ')}: ${stderr}`);
      assert.match(stderr, /^tidemark: /);
    }
  });

  it('are 69 where a server is away', async () => {
    for (const args of [['migrate'], ['keys', 'list'], ['generate-monitors', '--count', '1']]) {
      const { code, stderr } = await runToEnd({ args, settings: DAMAGED });
      assert.equal(code, EXIT.unavailable, `${args.join(' ')}: ${stderr}`);
    }
    for (const args of [
      ['tasks', 'status'],
      ['flux', 'flux/queries/prices-range.flux'],
    ]) {
      const { code, stderr } = await runToEnd({ args, settings: AWAY });
      assert.equal(code, EXIT.unavailable, `${args.join(' ')}: ${stderr}`);
    }
  });
});

describe('the command line', () => {
  it('tells its version, its commands, and one command in three ways', async () => {
    assert.deepEqual(await run('--version'), {
      ...{ code: 0, signal: null, stderr: '' },
      stdout: `tidemark ${version}\n`,
    });
    const [list, none] = await Promise.all([run('--help'), run()]);
    assert.equal(list.code, 0);
    assert.equal(none.code, EXIT.usage);
    for (const { name, summary } of commands) assert.ok(list.stdout.includes(summary), name);
    const ways = [run('help', 'migrate'), run('migrate', '--help'), run('--help', 'migrate')];
    const [first, ...others] = await Promise.all(ways);
    assert.match(first!.stdout, /^tidemark migrate\n/);
    for (const one of others) assert.deepEqual(one, first);
  });

  it('tells what a mistyped command or option is like', async () => {
    const [command, option, far] = await Promise.all([
      run('migrte'),
      run('backfill', '--exchnge', 'kraken'),
      run('help', 'xyzzy'),
    ]);
    assert.equal(command.code, EXIT.usage);
    assert.match(command.stderr, /no command "migrte"\. Did you mean "migrate"\?/);
    assert.equal(option.code, EXIT.usage);
    assert.match(option.stderr, /no option --exchnge\. Did you mean "--exchange"\?/);
    assert.equal(far.code, EXIT.usage);
    assert.doesNotMatch(far.stderr, /Did you mean/);
  });
});

/**
 * Every command of every document is run, as it stands, against one demo market; only the two
 * addresses in it are those of this run. What cannot be run here is accounted for in `accounts.ts`.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { commands } from '../../app/commands/commands.ts';
import { settings } from '../../core/config.ts';
import { projectRoot } from '../../core/paths.ts';
import { commandsIn, type DocumentedCommand, documents } from '../helpers/documents.ts';
import { type Account, accounts } from './accounts.ts';
import { whyOtherShape } from './shape.ts';
import { type Ran, type Stage, startStage } from './stage.ts';

const all = documents().flatMap((file) => commandsIn(file));

function accountOf({ file, text }: DocumentedCommand): Account | undefined {
  return accounts.find((one) => (one.file?.test(file) ?? true) && one.command.test(text));
}

const place = ({ file, line, text }: DocumentedCommand) => `${file}:${line} ${text.split('\n')[0]}`;

describe('commands of the documents', () => {
  const wanted = all.filter((command) => accountOf(command) === undefined);
  let stage: Stage;
  let ran: ReadonlyMap<DocumentedCommand, Ran>;
  before(async () => {
    stage = await startStage();
    ran = await stage.run(wanted);
  });
  after(() => stage?.close());

  it('are found', () => {
    assert.ok(all.length >= 60, `${all.length} commands`);
    assert.ok(wanted.some(({ file }) => file === 'README.md'));
  });

  for (const command of wanted) {
    it(`do what they say: ${place(command)}`, () => {
      const { code, stdout, stderr } = ran.get(command) as Ran;
      const refused = /^\{"error"/.test(command.output);
      // Of a doctor, 2 is that something is to be looked at.
      const done = code === 0 || (code === 2 && / doctor\b/.test(command.text));
      assert.equal(!done, refused, `exit code ${code}\n${stdout.slice(0, 2_000)}${stderr}`);
      const why = whyOtherShape(command.output, stdout);
      assert.equal(why, undefined, `${why}\n${stdout.slice(0, 2_000)}`);
    });
  }
});

describe('commands that are not run', () => {
  it('are each held by a test that exists', () => {
    const gone = accounts.filter(({ by }) => !existsSync(join(projectRoot, by)));
    assert.deepEqual(gone, []);
  });

  it('are in a document', () => {
    const idle = accounts.filter((account) => !all.some((one) => accountOf(one) === account));
    assert.deepEqual(idle, []);
  });
});

describe('words of the commands', () => {
  /** The commands of a line, each without what is piped into it and with its variables. */
  const parts = all.flatMap((command) =>
    command.text
      .split('\n')[0]!
      .split(/\||&&|;/)
      .map((text) => ({ command, words: text.trim().split(/\s+/) })),
  );
  const variable = /^([A-Z][A-Z0-9_]*)=/;

  it('name commands and options of the program', () => {
    const wrong = parts.flatMap(({ command, words }) => {
      // Elsewhere it is the name of a release, of an image or of a role.
      const begins = (index: number) => words.slice(0, index).every((word) => variable.test(word));
      const at = words.findIndex((word, index) =>
        word === 'tidemark'
          ? begins(index) || words[index - 1] === '--'
          : /^(dist\/|\/app\/dist\/)?main\.js$/.test(word),
      );
      const name = words[at + 1];
      if (at < 0 || name === undefined || name.startsWith('-') || name === 'help') return [];
      const known = commands.find((one) => one.name === name);
      if (known === undefined) return [`${place(command)}: no command ${name}`];
      return words
        .slice(at + 2)
        .flatMap((word) => /^--([a-z-]+)/.exec(word)?.[1] ?? [])
        .filter((option) => !['help', ...Object.keys(known.options)].includes(option))
        .map((option) => `${place(command)}: no option --${option}`);
    });
    assert.deepEqual(wrong, []);
  });

  it('name targets of the Makefile', () => {
    const makefile = readFileSync(join(projectRoot, 'Makefile'), 'utf8');
    const wrong = parts.flatMap(({ command, words }) => {
      const at = words.indexOf('make');
      if (at < 0 || words.slice(0, at).some((word) => !variable.test(word))) return [];
      return words
        .slice(at + 1, words.includes('#') ? words.indexOf('#') : undefined)
        .filter((word) => /^[a-z-]+$/.test(word) && !makefile.includes(`\n${word}:`))
        .map((word) => `${place(command)}: no target ${word}`);
    });
    assert.deepEqual(wrong, []);
  });

  it('name settings', () => {
    const known = new Set<string>(Object.values(settings).map(({ name }) => name));
    const wrong = parts.flatMap(({ command, words }) => {
      const end = words.findIndex((word) => !variable.test(word));
      const ours = /^(make|tidemark|\.\/tidemark|npm)$/.test(words[end] ?? '');
      return words
        .slice(0, ours ? end : 0)
        .map((word) => variable.exec(word)![1]!)
        .filter((name) => !known.has(name) && !/^(DOCKER|T|B|EXCHANGE_[A-Z]+_URL)$/.test(name))
        .map((name) => `${place(command)}: no setting ${name}`);
    });
    assert.deepEqual(wrong, []);
  });
});

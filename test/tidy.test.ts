/** The rules that a machine can hold: import direction, lengths, who may read what, documents. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { describe, it } from 'node:test';
import { projectRoot } from '../core/paths.ts';

const FILE_LINES_MAX = 400;
/** Written by `make docs`, in one piece: their length is that of what they are made from. */
const GENERATED = /^(client\/(types|operations)|api\/openapi\/examples)\.ts$/;
const COLUMNS_MAX = 100;
const README_LINES_MAX = 40;

/** Folder -> the folders it may import from, itself aside. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  flux: ['core'],
  registry: ['core'],
  ingest: ['core', 'flux', 'registry'],
  tasks: ['core', 'flux', 'registry'],
  api: ['core', 'flux', 'registry'],
  embedded: ['core'],
  demo: ['core'],
  client: [],
  web: ['client'],
  app: ['core', 'flux', 'registry', 'ingest', 'tasks', 'api', 'embedded', 'demo'],
  'main.ts': ['core', 'app'],
};

/** Only these may call the real clock, timers or randomness: they pass them on. */
const COMPOSITION =
  /^(core\/clock\.ts|main\.ts|app\/|embedded\/thread\.ts|(client|web)\/time\.ts|scripts\/|bench\/|test\/)/;

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
  cwd: projectRoot,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(projectRoot, file)));
const text = (file: string): string => readFileSync(join(projectRoot, file), 'utf8');
const typescript = files.filter((file) => file.endsWith('.ts'));
const product = typescript.filter((file) => !/^(test|bench|scripts)\//.test(file));

function none(found: readonly string[], rule: string): void {
  assert.equal(found.length, 0, `${rule}:\n  ${found.join('\n  ')}`);
}

/** Source without comments and string contents, so that words in them do not count. */
function code(file: string): string {
  return text(file)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|[^:'"`])\/\/.*$/gm, '$1');
}

function imports(file: string): string[] {
  return [...code(file).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]!);
}

function lines(list: readonly string[], bad: (line: string) => boolean): string[] {
  return list.flatMap((file) =>
    text(file)
      .split('\n')
      .flatMap((line, index) => (bad(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );
}

describe('tidy', () => {
  it('imports flow one way', () => {
    const wrong = product.flatMap((file) => {
      const home = file.includes('/') ? file.slice(0, file.indexOf('/')) : file;
      return imports(file)
        .filter((target) => target.startsWith('.'))
        .map((target) => posix.join(posix.dirname(file), target))
        .map((target) => (target.includes('/') ? target.slice(0, target.indexOf('/')) : target))
        .filter((target) => target !== home && !MAY_IMPORT[home]?.includes(target))
        .map((target) => `${file} imports ${target}`);
    });
    none(wrong, 'imports against the direction');
  });

  it('keeps native engines and the Flux parser behind one importer each', () => {
    const owner: Record<string, RegExp> = {
      '@duckdb/node-api': /^embedded\/storage\//,
      '@influxdata/flux-lsp-node': /^core\/flux-syntax/,
      '@electric-sql/pglite': /^(registry\/|scripts\/prepare-pglite)/,
      pg: /^registry\//,
    };
    const wrong = product.flatMap((file) =>
      imports(file)
        .filter((name) => owner[name] && !owner[name].test(file))
        .map((name) => `${file} imports ${name}`),
    );
    none(wrong, 'imports outside the owning room');
  });

  it('reads settings in one file', () => {
    const readers = product.filter((file) => /process\.env\b/.test(code(file)));
    none(
      readers.filter((file) => file !== 'core/config.ts'),
      'environment read outside core/config.ts',
    );
  });

  it('is given time and randomness', () => {
    const calls =
      /\b(Date\.now|performance\.now|Math\.random|process\.hrtime)\b|(?<![.\w])set(Timeout|Interval)\(|new Date\(\)/;
    const wrong = product.filter((file) => !COMPOSITION.test(file) && calls.test(code(file)));
    none(wrong, 'real clock, timer or randomness outside the composition roots');
  });

  it('keeps files and lines short', () => {
    const long = typescript
      .filter((file) => !GENERATED.test(file))
      .map((file) => ({ file, count: text(file).split('\n').length - 1 }))
      .filter(({ count }) => count > FILE_LINES_MAX)
      .map(({ file, count }) => `${file}: ${count} lines`);
    none(long, `files above ${FILE_LINES_MAX} lines`);
    none(
      // The formatter breaks code; a text or pattern that it cannot break may stand out.
      lines(
        typescript.filter((file) => file !== 'test/tidy.test.ts'),
        (line) => line.length > COLUMNS_MAX && !/https?:\/\/|['"`]/.test(line),
      ),
      `lines above ${COLUMNS_MAX} columns`,
    );
  });

  it('names files in kebab-case', () => {
    none(
      typescript.filter(
        (file) => !/^([a-z0-9-]+\/)*[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/.test(file),
      ),
      'file names',
    );
  });

  it('swallows no error, switches no type off, leaves no work behind', () => {
    const bad =
      /catch\s*(\([^)]*\))?\s*\{\s*\}|@ts-(ignore|nocheck|expect-error)|\bas any\b|: any\b(?![('.])|\b(TODO|FIXME|XXX|HACK)\b/;
    none(
      lines(
        typescript.filter((file) => file !== 'test/tidy.test.ts'),
        (line) => bad.test(line),
      ),
      'swallowed errors, switched-off types, unfinished work',
    );
  });

  it('keeps query text in .flux files', () => {
    const wrong = product.filter(
      (file) =>
        !/^embedded\//.test(file) &&
        !GENERATED.test(file) &&
        /from\(bucket:|\|>\s*range\(/.test(code(file)),
    );
    none(wrong, 'Flux inside TypeScript');
  });

  it('has a short README in each top folder, and a main one of at most 150 lines', () => {
    const folders = Object.keys(MAY_IMPORT).filter((name) =>
      existsSync(join(projectRoot, name, '.')),
    );
    const homes = folders.filter((name) => !name.endsWith('.ts'));
    const lengths = homes.map((name) => {
      const path = join(projectRoot, name, 'README.md');
      return { name, count: existsSync(path) ? readFileSync(path, 'utf8').split('\n').length : 0 };
    });
    none(
      lengths
        .filter(({ count }) => count < 4 || count > README_LINES_MAX + 1)
        .map(({ name }) => name),
      `README.md of 4 to ${README_LINES_MAX} lines`,
    );
    assert.ok(text('README.md').split('\n').length <= 151, 'README.md is longer than 150 lines');
  });

  it('links between documents lead somewhere', () => {
    const wrong = files
      .filter((file) => file.endsWith('.md'))
      .flatMap((file) =>
        [...text(file).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
          .map((match) => join(projectRoot, dirname(file), match[1]!))
          .filter((target) => !existsSync(target))
          .map((target) => `${file} -> ${relative(projectRoot, target)}`),
      );
    none(wrong, 'dead links');
  });

  it('holds no path of one machine and no generated file', () => {
    const plain = files.filter((file) => !/\.(png|gz|lock)$|package-lock|tidy\.test/.test(file));
    none(
      lines(plain, (line) => /(^|[^A-Za-z0-9_./-])\/(work|farm|root|home\/[a-z]+)\//.test(line)),
      'paths of one machine',
    );
    none(
      files.filter((file) => /^(dist|node_modules|\.cache|data)\//.test(file)),
      'generated files under version control',
    );
  });
});

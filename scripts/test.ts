/**
 * Runs every compiled test file and closes with one plain line: `N passed, N failed, N skipped`.
 * Node 20 finds no test by folder and is green on zero tests: here zero tests is a failure, and
 * with REQUIRE_REAL_SERVERS=1 so is a test that skipped because a server was absent.
 */
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const compiledRoot = join(fileURLToPath(new URL('.', import.meta.url)), '..');

interface Totals {
  passed: number;
  failed: number;
  skipped: string[];
}

function testFiles(patterns: readonly string[]): string[] {
  const all = readdirSync(join(compiledRoot, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => join(compiledRoot, 'test', name))
    .sort();
  if (patterns.length === 0) return all;
  return all.filter((file) => patterns.some((pattern) => file.includes(pattern)));
}

function report(text: string): void {
  process.stdout.write(`${text}\n`);
}

interface Outcome {
  readonly name: string;
  readonly file?: string | undefined;
  readonly skip?: string | boolean | undefined;
  readonly details: { readonly type?: string | undefined; readonly error?: Error };
}

function where(outcome: Outcome): string {
  return `${outcome.file ? relative(compiledRoot, outcome.file) : ''} > ${outcome.name}`;
}

function isHookFailure({ details: { error } }: Outcome): boolean {
  return error !== undefined && 'failureType' in error && error.failureType === 'hookFailed';
}

function failureText(error: Error | undefined): string {
  const cause = error?.cause;
  const shown = cause instanceof Error ? cause : error;
  return (shown?.stack ?? String(cause ?? error)).replace(/^/gm, '    ');
}

/** A file that has not ended by then hangs: it fails, and the others go on. */
const FILE_MS_MAX = 30 * 60_000;

async function runAll(files: string[], concurrency: number): Promise<Totals> {
  const totals: Totals = { passed: 0, failed: 0, skipped: [] };
  const stream = run({ files, concurrency, timeout: FILE_MS_MAX });
  stream.on('test:pass', (outcome: Outcome) => {
    if (outcome.skip !== undefined) {
      totals.skipped.push(`${where(outcome)}: ${outcome.skip}`);
    } else if (outcome.details.type !== 'suite') {
      totals.passed += 1;
    }
  });
  stream.on('test:fail', (outcome: Outcome) => {
    // Of a suite, only what its own set-up threw is news: its tests fail by themselves.
    if (outcome.details.type === 'suite' && !isHookFailure(outcome)) return;
    totals.failed += 1;
    report(`not ok  ${where(outcome)}\n${failureText(outcome.details.error)}`);
  });
  stream.on('test:stderr', (event: { message: string }) => process.stderr.write(event.message));
  stream.resume();
  await new Promise((resolve) => stream.on('end', resolve));
  return totals;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { concurrency: { type: 'string', default: '2' } },
});
const files = testFiles(positionals);
const totals = await runAll(files, Number(values.concurrency));
for (const skipped of totals.skipped) report(`skipped ${skipped}`);
const requireReal = process.env.REQUIRE_REAL_SERVERS === '1';
const missing = requireReal ? totals.skipped.length : 0;
if (missing > 0) report('A server that this run must have was absent: see the skipped tests.');
if (totals.passed === 0) report(`No test ran (${files.length} files).`);
report(
  `${totals.passed} passed, ${totals.failed + missing} failed, ${totals.skipped.length} skipped`,
);
process.exit(totals.failed + missing > 0 || totals.passed === 0 ? 1 : 0);

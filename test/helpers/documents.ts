/** The documents of the product, and the commands that they show. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../core/paths.ts';

export interface DocumentedCommand {
  /** Below the project's folder. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly text: string;
  /** What the document shows after it; empty where it shows nothing. */
  readonly output: string;
}

/** Every document, with those that are not under version control yet. */
export function documents(): string[] {
  const args = ['ls-files', '-co', '--exclude-standard', '--', '*.md'];
  const list = execFileSync('git', args, { cwd: projectRoot, encoding: 'utf8' }).split('\n');
  return list.filter((file) => file !== '' && existsSync(join(projectRoot, file))).sort();
}

export function commandsIn(file: string, text = readDocument(file)): DocumentedCommand[] {
  const found: DocumentedCommand[] = [];
  for (const block of blocksOf(text)) {
    const last = found.at(-1);
    const shell = /^(sh|bash|shell)$/.test(block.language);
    if (/^(json|csv|ndjson)$/.test(block.language) && last && block.afterShell) {
      found[found.length - 1] = { ...last, output: block.lines.join('\n') };
    } else if (shell) {
      found.push(...plainCommands(block.lines).map((one) => placed(one, file, block.line)));
    } else if (block.lines.some((line) => line.startsWith('$ '))) {
      found.push(...consoleCommands(block.lines).map((one) => placed(one, file, block.line)));
    }
  }
  return found;
}

function readDocument(file: string): string {
  return readFileSync(join(projectRoot, file), 'utf8');
}

interface Block {
  readonly language: string;
  /** Of its first line, from 1. */
  readonly line: number;
  readonly lines: readonly string[];
  /** Nothing but a blank line is between it and a block of commands. */
  readonly afterShell: boolean;
}

function blocksOf(text: string): Block[] {
  const lines = text.split('\n');
  const blocks: Block[] = [];
  let shellEnd = Number.NaN;
  for (let at = 0; at < lines.length; at += 1) {
    const [, indent = '', fence, language = ''] = /^( *)(`{3,})(\w*)/.exec(lines[at]!) ?? [];
    if (fence === undefined) continue;
    const end = lines.findIndex((line, index) => index > at && line.trim() === fence);
    const stop = end < 0 ? lines.length : end;
    const inside = lines.slice(at + 1, stop).map((line) => line.replace(indent, ''));
    const between = lines.slice(shellEnd + 1, at);
    const afterShell = !Number.isNaN(shellEnd) && between.every((line) => line === '');
    blocks.push({ language, line: at + 2, lines: inside, afterShell });
    shellEnd = /^(sh|bash|shell)$/.test(language) ? stop : Number.NaN;
    at = stop;
  }
  return blocks;
}

/** A command and where it begins in its block, from 0. */
interface Found {
  readonly at: number;
  readonly text: string;
  readonly output: string;
}

function placed({ at, text, output }: Found, file: string, line: number): DocumentedCommand {
  return { file, line: line + at, text, output };
}

function plainCommands(lines: readonly string[]): Found[] {
  const found: Found[] = [];
  for (let at = 0; at < lines.length; ) {
    if (lines[at]!.trim() === '' || lines[at]!.startsWith('#')) {
      at += 1;
      continue;
    }
    const count = lengthOf(lines.slice(at));
    found.push({ at, text: lines.slice(at, at + count).join('\n'), output: '' });
    at += count;
  }
  return found;
}

function consoleCommands(lines: readonly string[]): Found[] {
  const found: Found[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    if (!lines[at]!.startsWith('$ ')) continue;
    const own = [lines[at]!.slice(2), ...lines.slice(at + 1)].map((line) =>
      line.replace(/^> /, ''),
    );
    const count = lengthOf(own);
    const next = lines.findIndex((line, index) => index >= at + count && line.startsWith('$ '));
    const output = lines.slice(at + count, next < 0 ? undefined : next).join('\n');
    found.push({ at, text: own.slice(0, count).join('\n'), output });
  }
  return found;
}

/** How many lines the first command takes: to the end of its quotes, of its text, of its `\`. */
function lengthOf(lines: readonly string[]): number {
  const word = /<<-?\s*'?(\w+)'?/.exec(lines[0] ?? '')?.[1];
  if (word !== undefined) {
    const end = lines.indexOf(word);
    return end < 0 ? lines.length : end + 1;
  }
  for (let count = 1; count < lines.length; count += 1) {
    const text = lines.slice(0, count).join('\n');
    if (!text.endsWith('\\') && quotesClosed(text)) return count;
  }
  return lines.length;
}

function quotesClosed(text: string): boolean {
  const rest = text.replace(/\\./gs, '').replace(/(^|\s)#[^\n]*/g, '');
  return rest.replace(/'[^']*'|"[^"]*"/g, '').match(/['"]/) === null;
}

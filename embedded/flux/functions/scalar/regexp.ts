import type { RE2JS } from 're2js';
import { compileRegexp, programOf } from '../../values/regexp.ts';
import { int, regexp as regexpParam, string } from '../params.ts';
import type { Entry } from '../registry.ts';
import { builtin } from '../registry.ts';

const PACKAGE = 'regexp';

/** Go's templates: `$1`, `${1}`, `$name`; a group that is not there is empty, `$$` is a dollar. */
function expand(template: string, group: (name: string) => string): string {
  return template.replace(/\$(?:\$|(\w+)|\{(\w+)\})/g, (whole, bare?: string, braced?: string) => {
    const name = bare ?? braced;
    return name === undefined ? whole.slice(1) : group(name);
  });
}

function replaceAll(program: RE2JS, text: string, template: string): string {
  const matcher = program.matcher(text);
  const names = program.namedGroups() as Readonly<Record<string, number>>;
  let out = '';
  let from = 0;
  while (matcher.find()) {
    const group = (name: string): string => {
      const index = /^\d+$/.test(name) ? Number(name) : names[name];
      return index === undefined || index > matcher.groupCount()
        ? ''
        : (matcher.group(index) ?? '');
    };
    out += text.slice(from, matcher.start()) + expand(template, group);
    from = matcher.end();
  }
  return out + text.slice(from);
}

/** Every match; an empty one right behind another does not count, as in Go. */
function* matches(program: RE2JS, text: string): Generator<readonly [number, number]> {
  const matcher = program.matcher(text);
  let last = -1;
  while (matcher.find()) {
    const [start, end] = [matcher.start(), matcher.end()];
    if (start === end && start === last) continue;
    last = end;
    yield [start, end];
  }
}

/** Go's Regexp.Split: n < 0 all, 0 none, else at most n parts. */
function split(program: RE2JS, text: string, n: number): string[] {
  if (n === 0) return [];
  if (program.pattern() !== '' && text === '') return [''];
  const out: string[] = [];
  let from = 0;
  let lastStart = 0;
  for (const [start, end] of matches(program, text)) {
    if (n > 0 && out.length === n - 1) break;
    lastStart = start;
    if (end !== 0) out.push(text.slice(from, start));
    from = end;
  }
  if (lastStart !== text.length) out.push(text.slice(from));
  return out;
}

const withText = { r: regexpParam(), v: string() };

export const regexp: readonly Entry[] = [
  builtin({
    package: PACKAGE,
    name: 'compile',
    params: { v: string() },
    call: ({ v }) => compileRegexp(v),
  }),
  builtin({
    package: PACKAGE,
    name: 'quoteMeta',
    params: { v: string() },
    call: ({ v }) => v.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&'),
  }),
  builtin({
    package: PACKAGE,
    name: 'getString',
    params: { r: regexpParam() },
    call: ({ r }) => r.source,
  }),
  builtin({
    package: PACKAGE,
    name: 'matchRegexpString',
    params: withText,
    call: ({ r, v }) => r.test(v),
  }),
  builtin({
    package: PACKAGE,
    name: 'findString',
    params: withText,
    call({ r, v }) {
      const matcher = programOf(r).matcher(v);
      return matcher.find() ? (matcher.group() ?? '') : '';
    },
  }),
  builtin({
    package: PACKAGE,
    name: 'findStringIndex',
    params: withText,
    call({ r, v }) {
      const matcher = programOf(r).matcher(v);
      if (!matcher.find()) return [];
      return [matcher.start(), matcher.end()].map((index) =>
        BigInt(Buffer.byteLength(v.slice(0, index))),
      );
    },
  }),
  builtin({
    package: PACKAGE,
    name: 'replaceAllString',
    params: { ...withText, t: string() },
    call: ({ r, v, t }) => replaceAll(programOf(r), v, t),
  }),
  builtin({
    package: PACKAGE,
    name: 'splitRegexp',
    params: { ...withText, i: int() },
    call: ({ r, v, i }) => split(programOf(r), v, Number(i)),
  }),
];

import type { ImportDeclaration } from '../../../core/flux-ast.ts';
import { FluxError, formatSpan } from '../error.ts';
import type { CallContext } from '../functions/context.ts';
import { packages } from '../functions/list.ts';
import type { Entry } from '../functions/registry.ts';
import { Package } from '../syntax/members.ts';
import { Scope } from '../syntax/scope.ts';
import type { Value } from '../values/value.ts';

const UNIVERSE = 'universe';

const universeEntries: ReadonlyMap<string, Entry> = new Map(
  (packages.get(UNIVERSE) ?? []).map((entry) => [entry.name, entry]),
);

/** What needs no import. Each function is bound to the query when it is first named. */
export class Universe extends Scope {
  readonly #context: CallContext;

  constructor(context: CallContext) {
    super(undefined);
    this.#context = context;
  }

  protected override own(name: string): Value | undefined {
    const known = this.names.get(name);
    if (known !== undefined) return known;
    const entry = universeEntries.get(name);
    if (!entry) return undefined;
    const value = entry.bind(this.#context);
    this.names.set(name, value);
    return value;
  }
}

/** Packages that exist in Flux only to be imported for their side effects or are empty here. */
export function importPackage(declaration: ImportDeclaration, context: CallContext): Package {
  const list = packages.get(declaration.path);
  if (!list) {
    const place = formatSpan(declaration.at);
    const message = `package ${declaration.path} is not supported by the embedded engine`;
    throw new FluxError(`error @${place}: ${message}`, 'invalid', declaration.at.start);
  }
  return new Package(
    declaration.path,
    list.map((entry) => [entry.name, entry.bind(context)]),
  );
}

/** The name that an import binds: its alias, or the last part of its path. */
export function importedName({ alias, path }: ImportDeclaration): string {
  return alias ?? path.slice(path.lastIndexOf('/') + 1);
}

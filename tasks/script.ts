import { ifValid } from '../core/errors.ts';
import type { FluxFile } from '../core/flux-ast.ts';
import { parse } from '../core/flux-syntax.ts';

/**
 * Whether two scripts mean the same. InfluxDB writes a script anew, in its own layout, whenever a
 * task is changed, so the trees are compared and not the texts.
 */
export function sameScript(one: string, other: string): boolean {
  if (one === other) return true;
  const [a, b] = [parsed(one), parsed(other)];
  return a !== undefined && b !== undefined && treeText(a) === treeText(b);
}

/** The text assigned to `bucket` at the top of a script, as in every file of flux/. */
export function bucketOf(script: string): string | undefined {
  for (const statement of parsed(script)?.body ?? []) {
    if (statement.type !== 'VariableAssignment' || statement.name !== 'bucket') continue;
    return statement.init.type === 'StringLiteral' ? statement.init.value : undefined;
  }
  return undefined;
}

/** Undefined for what does not parse: then it is no script of ours. */
function parsed(script: string): FluxFile | undefined {
  return ifValid(() => parse(script));
}

/** A tree without its places. */
function treeText(tree: FluxFile): string {
  return JSON.stringify(tree, (key, value: unknown) => {
    if (key === 'at') return undefined;
    return typeof value === 'bigint' ? `${value}n` : value;
  });
}

import type { Expression } from '../../../core/flux-ast.ts';
import { staticType } from '../rows.ts';
import { ScriptFunction } from '../syntax/function.ts';
import type { ColumnType, FluxFunction, Table } from '../values/value.ts';
import { columnOf } from './table.ts';

/** A table of each side of a join, where there is one. */
export interface Sides {
  readonly left?: Table | undefined;
  readonly right?: Table | undefined;
}

export type Types = ReadonlyMap<string, ColumnType>;

/** The types of what `as` makes, where its text tells: of columns that are null in every row. */
export function typesOf(as: FluxFunction, schemas: Sides): Types {
  const types = new Map<string, ColumnType>();
  const body = as instanceof ScriptFunction ? as.expression : undefined;
  if (body?.type !== 'RecordExpression') return types;
  const sides = new Map([
    ['l', schemas.left],
    ['r', schemas.right],
  ]);
  const whole = body.with === undefined ? undefined : sides.get(body.with.name);
  for (const { label, type } of whole?.columns ?? []) types.set(label, type);
  // InfluxDB knows the type of a side's column where it is taken as it is; within an expression
  // only a literal tells, or a function.
  const typeOf = (node: Expression): ColumnType | undefined => {
    if (node.type !== 'MemberExpression') return ofForm(node);
    const side = node.object.type === 'Identifier' ? sides.get(node.object.name) : undefined;
    return side && columnOf(side, node.property)?.type;
  };
  for (const { name, value } of body.properties) {
    const type = typeOf(value);
    if (type === undefined) types.delete(name);
    else types.set(name, type);
  }
  return types;
}

function ofForm(node: Expression): ColumnType | undefined {
  return staticType(node, ofForm);
}

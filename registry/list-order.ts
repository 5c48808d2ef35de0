/** Which end a list by number begins at. */
export const LIST_ORDERS = ['oldest', 'newest'] as const;
export type ListOrder = (typeof LIST_ORDERS)[number];

interface Begin {
  readonly order?: ListOrder | undefined;
  /** The last number of the page before; undefined: from the begin. */
  readonly after?: number | undefined;
}

/** Parts of a query of such a list: `$1` is the value `from`. */
export function byNumber(column: string, { order = 'oldest', after }: Begin) {
  const newest = order === 'newest';
  return {
    beyond: `${column} ${newest ? '<' : '>'} $1`,
    way: `order by ${column}${newest ? ' desc' : ''}`,
    from: after ?? (newest ? Number.MAX_SAFE_INTEGER : 0),
  };
}

/** How a client wants its answer written. */
export interface Dialect {
  readonly header: boolean;
  /** One character. */
  readonly delimiter: string;
  /** In the order that they are written. */
  readonly annotations: readonly ('datatype' | 'group' | 'default')[];
}

export const DEFAULT_DIALECT: Dialect = { header: true, delimiter: ',', annotations: [] };

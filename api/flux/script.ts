import { isCode, TidemarkError } from '../../core/errors.ts';
import { refusalsOf } from '../../core/flux-permission.ts';
import { complaintsIn, type FluxComplaint, inOrder, Places } from '../../core/flux-places.ts';
import { diagnose, type FluxProblem, parseLater } from '../../core/flux-syntax.ts';

/** What can be said of a script without running it. */
export interface Verdict {
  readonly errors: readonly FluxComplaint[];
  readonly readOnly: boolean;
  readonly needs: 'read' | 'admin';
  readonly refusals: readonly FluxComplaint[];
}

/** @throws TidemarkError `too-large` for what the parser is not given. */
export async function judge(query: string): Promise<Verdict> {
  const refusals = await refused(query);
  const errors = await found(query, () => diagnose(query));
  const readOnly = refusals.length === 0;
  return { errors, readOnly, needs: readOnly ? 'read' : 'admin', refusals };
}

/**
 * Lets scripts through that only read here.
 * @throws TidemarkError `invalid` for a script that is wrong, `forbidden` for one that does more,
 * both with what and where.
 */
export async function demandReading(query: string): Promise<void> {
  const refusals = await refused(query);
  if (refusals.length === 0) return;
  // A misspelt function is a mistake before it is forbidden.
  const errors = await found(query, () => diagnose(query));
  if (errors.length > 0) throw wrong(errors);
  const message = 'a key that reads may not run this script';
  throw new TidemarkError('forbidden', message, {
    details: { errors: refusals, allowed: 'a key with the role admin runs any script' },
  });
}

async function refused(query: string): Promise<readonly FluxComplaint[]> {
  try {
    const tree = await parseLater(query);
    const places = new Places(query);
    return refusalsOf(tree).map(({ message, ...span }) =>
      places.complaint(`${message}: only with an admin key`, span),
    );
  } catch (error) {
    if (isCode(error, 'invalid')) return [{ message: 'it cannot be read' }];
    throw error;
  }
}

async function found(
  query: string,
  look: () => Promise<readonly FluxProblem[]>,
): Promise<readonly FluxComplaint[]> {
  try {
    const places = new Places(query);
    const problems = await look();
    return inOrder(problems.map(({ message, ...span }) => places.complaint(message, span)));
  } catch (error) {
    if (isCode(error, 'invalid')) return complaintsIn(error.message, query);
    throw error;
  }
}

function wrong(errors: readonly FluxComplaint[], cause?: TidemarkError): TidemarkError {
  const [first] = errors;
  const at = first?.line === undefined ? '' : ` (line ${first.line}, column ${first.column})`;
  const message = `the script cannot be run: ${first?.message}${at}`;
  return new TidemarkError('invalid', message, { cause, details: { errors } });
}

/** What an engine said while it ran a script, as its author is told. */
export function scriptError(error: unknown, query: string): unknown {
  if (!(error instanceof TidemarkError)) return error;
  switch (error.code) {
    case 'unauthorized':
    case 'forbidden':
      // What to fix is for the operator: it is in the log and on /readyz.
      return new TidemarkError('unavailable', `the store refuses us: ${error.message}`, {
        cause: error,
      });
    case 'invalid':
    case 'not-found':
    case 'conflict':
      return wrong(complaintsIn(saidBy(error), query), error);
    default:
      return error;
  }
}

/** The engine's own words, without the advice that is meant for the operator. */
function saidBy({ message, details }: TidemarkError): string {
  const { message: said } = (details ?? {}) as { readonly message?: unknown };
  return typeof said === 'string' && said !== '' ? said : message;
}

import { z } from 'zod';
import { ask } from './ask.ts';
import { type Finding, ok, type Patient, warn } from './finding.ts';
import type { Running } from './ports.ts';

const shape = z.object({
  checks: z.array(
    z.object({
      name: z.string(),
      ok: z.boolean(),
      reason: z.string().optional(),
      fix: z.string().optional(),
    }),
  ),
});

/** What a Tidemark that runs says of itself. */
export async function checkRunning(patient: Patient, { api }: Running): Promise<Finding[]> {
  if (api === undefined) return [];
  const { text, status } = await ask(patient, `${api}/readyz`);
  const read = shape.safeParse(status === 0 || text === '' ? undefined : JSON.parse(text));
  if (!read.success) {
    return [warn('running', `${api}/readyz says nothing of use (${status})`, 'look at its log')];
  }
  const { checks } = read.data;
  const bad = checks.filter((one) => !one.ok);
  if (bad.length === 0) return [ok('running', `${api} is ready: ${checks.length} checks`)];
  return bad.map(({ name, reason, fix }) =>
    warn('running', `${name}: ${reason ?? 'not well'}`, fix ?? 'look at its log'),
  );
}

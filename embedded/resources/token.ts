import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, TidemarkError } from '../../core/errors.ts';
import { newToken } from './access.ts';

/** The engine's own operator token: made on first start, kept in `dir/token` (mode 0600). */
export function readToken(dir: string): string {
  const path = join(dir, 'token');
  try {
    if (existsSync(path)) {
      const token = readFileSync(path, 'utf8').trim();
      if (token !== '') return token;
    }
    const token = newToken();
    writeFileSync(path, `${token}\n`, { mode: 0o600 });
    return token;
  } catch (cause) {
    const message = `the engine's token file ${path} cannot be used: ${messageOf(cause)}`;
    throw new TidemarkError('unavailable', message, { cause });
  }
}

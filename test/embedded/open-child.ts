/** Opens the engine's folder from another process and tells what came of it. */
import type { TidemarkError } from '../../core/errors.ts';
import { openStorage } from '../../embedded/storage/storage.ts';

try {
  await openStorage({ dir: process.argv[2] ?? '', memoryBytesMax: 64_000_000 });
  process.send?.({ code: 'opened', message: '' });
} catch (error) {
  const { code, message } = error as TidemarkError;
  process.send?.({ code, message });
}
process.disconnect();

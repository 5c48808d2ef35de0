import { isLeft, messageOf } from './state.ts';
import { toast } from './toast.ts';

/** For what nobody waits for: what goes wrong is told in a line, unless the page was left. */
export async function guarded(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!isLeft(error)) toast(messageOf(error), 'bad');
  }
}

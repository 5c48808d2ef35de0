/** A signal that ends with its parent, or earlier. */
export interface ChildAbort {
  readonly signal: AbortSignal;
  /** Aborts the child and lets go of the parent. To be called when the work is over, always. */
  release(): void;
}

/** One for all: to make one takes longer than much of what is ended with it. */
const OVER = new DOMException('This operation was aborted', 'AbortError');

/**
 * A child of `parent`. `AbortSignal.any` would do, but on Node 20 it leaves something behind on the
 * parent each time, and the parent may live as long as the process.
 */
export function childAbort(parent: AbortSignal | undefined): ChildAbort {
  const controller = new AbortController();
  const abort = (): void => controller.abort(OVER);
  if (parent?.aborted) abort();
  parent?.addEventListener('abort', abort);
  return {
    signal: controller.signal,
    release() {
      parent?.removeEventListener('abort', abort);
      abort();
    },
  };
}

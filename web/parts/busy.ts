/**
 * A button that is at work. It is not `disabled`: that takes the focus from it, and whoever works
 * by keyboard would begin at the top of the page again. Who marks it ignores further presses.
 */
export function markBusy(element: HTMLElement, busy: boolean): void {
  if (busy) element.setAttribute('aria-disabled', 'true');
  else element.removeAttribute('aria-disabled');
}

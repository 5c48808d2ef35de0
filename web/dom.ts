/** Elements as expressions. Text is always text: nothing here reads markup. */

export type Child = Node | string | number | null | undefined | false | readonly Child[];
type Value = string | number | boolean | null | undefined;

export interface Props {
  readonly [name: string]: Value | ((event: never) => void) | Readonly<Record<string, string>>;
}

/**
 * An element. `on...` are listeners, `style` an object of CSS properties, true an empty attribute,
 * false, null and undefined none.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  apply(element, props);
  append(element, children);
  return element;
}

/** The same of SVG. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  apply(element, props);
  append(element, children);
  return element;
}

function apply(element: HTMLElement | SVGElement, props: Props): void {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') {
      element.addEventListener(name.slice(2).toLowerCase(), value as EventListener);
    } else if (typeof value === 'object') {
      for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    } else {
      element.setAttribute(name, value === true ? '' : String(value));
    }
  }
}

export function append(parent: Node, children: readonly Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (isList(child)) append(parent, child);
    else parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** Puts these in the place of all that is in there. */
export function fill(parent: Element, ...children: readonly Child[]): void {
  parent.replaceChildren();
  append(parent, children);
}

/** The same; a button that had the focus leaves it to what stands at its place. */
export function refill(parent: Element, ...children: readonly Child[]): void {
  const targets = () => [...parent.querySelectorAll<HTMLElement>('a, button')];
  const index = targets().indexOf(document.activeElement as HTMLElement);
  fill(parent, ...children);
  if (index >= 0) targets()[index]?.focus();
}

/** @throws Error when index.html has no such element: they belong together. */
export function byId<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`no element #${id}`);
  return found as T;
}

function isList(child: Child): child is readonly Child[] {
  return Array.isArray(child);
}

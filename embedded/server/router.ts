import type { Handler } from './context.ts';

/** `GET /api/v2/tasks/:id` */
export type Routes = Readonly<Record<string, Handler>>;

export type Match =
  | { readonly handler: Handler; readonly params: Readonly<Record<string, string>> }
  | { readonly allow: readonly string[] };

interface Node {
  readonly children: Map<string, Node>;
  parameter: { readonly name: string; readonly node: Node } | undefined;
  readonly methods: Map<string, Handler>;
}

/** Finds the handler of a method and path; a known path with another method tells which it has. */
export class Router {
  readonly #root = emptyNode();

  constructor(...groups: readonly Routes[]) {
    for (const routes of groups) {
      for (const [route, handler] of Object.entries(routes)) {
        const [method, path] = route.split(' ') as [string, string];
        this.#nodeOf(path).methods.set(method, handler);
      }
    }
  }

  find(method: string, path: string): Match | undefined {
    const params: Record<string, string> = {};
    let node = this.#root;
    for (const part of segments(path)) {
      const next = node.children.get(part);
      if (next) node = next;
      else if (node.parameter) {
        params[node.parameter.name] = part;
        node = node.parameter.node;
      } else return undefined;
    }
    if (node.methods.size === 0) return undefined;
    const handler = node.methods.get(method);
    return handler ? { handler, params } : { allow: [...node.methods.keys()] };
  }

  #nodeOf(path: string): Node {
    let node = this.#root;
    for (const part of segments(path)) {
      if (part.startsWith(':')) {
        node.parameter ??= { name: part.slice(1), node: emptyNode() };
        node = node.parameter.node;
        continue;
      }
      const next = node.children.get(part) ?? emptyNode();
      node.children.set(part, next);
      node = next;
    }
    return node;
  }
}

function emptyNode(): Node {
  return { children: new Map(), parameter: undefined, methods: new Map() };
}

function segments(path: string): string[] {
  return path.split('/').filter((part) => part !== '');
}

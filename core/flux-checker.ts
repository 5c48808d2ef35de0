import { TidemarkError } from './errors.ts';
import type { Position, Span } from './flux-ast.ts';

/** Something wrong with a script, and where. */
export interface FluxProblem extends Span {
  /** The parser could not read it, or it reads well and cannot be. */
  readonly kind: 'syntax' | 'semantic';
  readonly message: string;
}

/** What the language server in the WebAssembly offers. */
export interface LanguageServer {
  onMessage(receive: (text: string) => void): void;
  send(message: string): Promise<unknown>;
  run(): Promise<unknown>;
}

/** Talks JSON-RPC with the language server in the same WebAssembly. */
export class Checker {
  readonly #lsp: LanguageServer;
  readonly #ready: Promise<unknown>;
  readonly #waiting = new Map<string, (problems: FluxProblem[]) => void>();
  #documents = 0;

  constructor(server: LanguageServer) {
    this.#lsp = server;
    this.#lsp.onMessage((text: string) => this.#receive(text));
    // Runs as long as the process: it has no end to wait for.
    void this.#lsp.run();
    this.#ready = this.#send({ id: 1, method: 'initialize', params: { capabilities: {} } }).then(
      () => this.#send({ method: 'initialized', params: {} }),
    );
  }

  /** A folder for each document: the server takes the files of one folder for one package. */
  async check(script: string): Promise<FluxProblem[]> {
    await this.#ready;
    this.#documents += 1;
    const uri = `file:///${this.#documents}/script.flux`;
    const answer = new Promise<FluxProblem[]>((resolve) => this.#waiting.set(uri, resolve));
    const textDocument = { uri, languageId: 'flux', version: 1, text: script };
    try {
      await this.#send({ method: 'textDocument/didOpen', params: { textDocument } });
      // The server publishes before it answers; where it has nothing to say, nothing was said.
      this.#waiting.get(uri)?.([]);
      return await answer;
    } finally {
      this.#waiting.delete(uri);
      await this.#send({ method: 'textDocument/didClose', params: { textDocument: { uri } } });
    }
  }

  /** What the server would offer there; line and character from 0. */
  async complete(script: string, position: Place): Promise<readonly Offer[]> {
    await this.#ready;
    this.#documents += 1;
    const textDocument = { uri: `file:///${this.#documents}/script.flux` };
    const opened = { ...textDocument, languageId: 'flux', version: 1, text: script };
    await this.#send({ method: 'textDocument/didOpen', params: { textDocument: opened } });
    try {
      const context = { triggerKind: 1 };
      const params = { textDocument, position, context };
      const method = 'textDocument/completion';
      const answer = await this.#send({ id: this.#documents + 1, method, params });
      const { result } = JSON.parse(String(answer)) as Offered;
      return result?.items ?? [];
    } finally {
      await this.#send({ method: 'textDocument/didClose', params: { textDocument } });
    }
  }

  #send(message: object): Promise<unknown> {
    return this.#lsp.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
  }

  #receive(text: string): void {
    const message = JSON.parse(text) as Published;
    if (message.method !== 'textDocument/publishDiagnostics' || !message.params) return;
    const { uri, diagnostics } = message.params;
    this.#waiting.get(uri)?.(diagnostics.filter(({ severity }) => severity === 1).map(problemOf));
  }
}

/** Both from 0. */
export interface Place {
  readonly line: number;
  readonly character: number;
}

/** As the server names and describes it. */
export interface Offer {
  readonly label: string;
  readonly detail?: string;
}

interface Offered {
  readonly result?: { readonly items?: readonly Offer[] } | null;
}

interface Diagnostic {
  readonly severity: number;
  readonly message: string;
  readonly range: { readonly start: Place; readonly end: Place };
}

interface Published {
  readonly method?: string;
  readonly params?: { readonly uri: string; readonly diagnostics: readonly Diagnostic[] };
}

function problemOf({ range, message }: Diagnostic): FluxProblem {
  const place = ({ line, character }: Place): Position => ({
    line: line + 1,
    column: character + 1,
  });
  return { kind: 'semantic', start: place(range.start), end: place(range.end), message };
}

export function problemError(problems: readonly FluxProblem[]): TidemarkError {
  const text = formatProblems(problems);
  return new TidemarkError('invalid', text, { details: problems });
}

/** All of them, as InfluxDB lists them. */
export function formatProblems(problems: readonly FluxProblem[]): string {
  return problems.map(formatProblem).join('\n\n');
}

/** `error @1:20-1:24: undefined identifier rang`, as InfluxDB writes it. */
export function formatProblem({ start, end, message }: FluxProblem): string {
  return `error @${start.line}:${start.column}-${end.line}:${end.column}: ${message}`;
}

/** A request as a command. */

export interface Asked {
  readonly method: string;
  /** Whole, with its query. */
  readonly url: string;
  readonly accept?: string | undefined;
  readonly type?: string | undefined;
  readonly body?: string | undefined;
  /** Whether a key goes with it: the command names a variable in its place. */
  readonly hasKey: boolean;
}

/** For a POSIX shell. */
export function curlOf({ method, url, accept, type, body, hasKey }: Asked): string {
  const parts = ['curl'];
  const usual = body === undefined ? 'GET' : 'POST';
  if (method !== usual) parts.push(`-X ${method}`);
  if (hasKey) parts.push('-H "Authorization: Bearer $TIDEMARK_KEY"');
  if (accept !== undefined && accept !== 'application/json')
    parts.push(`-H ${quoted(`Accept: ${accept}`)}`);
  if (body !== undefined && type === 'application/json') parts.push(`--json ${quoted(body)}`);
  else if (body !== undefined) {
    parts.push(`-H ${quoted(`Content-Type: ${type}`)}`, `--data-binary ${quoted(body)}`);
  }
  parts.push(quoted(url));
  return parts.join(' ');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

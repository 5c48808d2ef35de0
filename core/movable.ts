/**
 * Bytes that own their memory, so that `postMessage` can move it and need not copy: the same where
 * the buffer is the whole of its memory, else a copy.
 */
export function movable(bytes: Buffer): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes;
  const whole = byteOffset === 0 && byteLength === buffer.byteLength;
  return whole && buffer instanceof ArrayBuffer ? new Uint8Array(buffer) : new Uint8Array(bytes);
}

import { parentPort } from 'node:worker_threads';

/** JSON.parse and nothing else: the least that reading bodies in a thread can cost. */
parentPort?.on('message', (bodies: readonly Uint8Array[]) => {
  let values = 0;
  for (const body of bodies) {
    const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
    if (typeof JSON.parse(text) === 'object') values += 1;
  }
  parentPort?.postMessage(values);
});

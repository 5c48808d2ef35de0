import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { childAbort } from '../../core/abort.ts';

describe('a child signal', () => {
  it('ends with its parent, also with one that has ended already', () => {
    const parent = new AbortController();
    const child = childAbort(parent.signal);
    assert.equal(child.signal.aborted, false);
    parent.abort();
    assert.equal(child.signal.aborted, true);
    assert.equal(childAbort(parent.signal).signal.aborted, true);
  });

  it('ends when released, and leaves nothing behind on a parent that lives on', () => {
    const parent = new AbortController();
    for (let time = 0; time < 100; time += 1) {
      const child = childAbort(parent.signal);
      child.release();
      assert.equal(child.signal.aborted, true);
    }
    assert.equal(parent.signal.aborted, false);
    assert.equal(getEventListeners(parent.signal, 'abort').length, 0);
  });

  it('needs no parent', () => {
    const child = childAbort(undefined);
    child.release();
    assert.equal(child.signal.aborted, true);
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Budget } from '../../../embedded/flux/tables/budget.ts';
import { MemoryPool } from '../../../embedded/flux/tables/memory-pool.ts';

test('budgets take from one pool until it is empty', () => {
  const pool = new MemoryPool(100);
  const one = new Budget(80, pool);
  const other = new Budget(80, pool);
  one.hold().add(70);
  const holding = other.hold();
  holding.add(30);
  assert.throws(() => holding.add(1), /limit 100 bytes, allocated by all queries together: 100/);
  assert.throws(() => one.hold().add(11), /limit 80 bytes, allocated: 70, wanted: 11/);
  holding.free();
  assert.equal(pool.bytes, 70);
});

test('the end of a query gives back what was left, once', () => {
  const pool = new MemoryPool(100);
  const budget = new Budget(100, pool);
  const holding = budget.hold();
  holding.add(60);
  budget.close();
  holding.free();
  budget.close();
  assert.equal(pool.bytes, 0);
});

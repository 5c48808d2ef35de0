import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readableLine } from '../../core/log.ts';

describe('log lines for people', () => {
  it('show the time of day, the level, the message, then the ids', () => {
    const line = JSON.stringify({
      level: 40,
      time: '2026-11-21T06:51:22.923Z',
      exchange: 'kraken',
      failures: 3,
      msg: 'a poll was refused',
    });
    assert.equal(
      readableLine(line),
      '06:51:22 warn  a poll was refused (exchange kraken, failures 3)\n',
    );
  });

  it('have no brackets without ids', () => {
    const line = '{"level":30,"time":"2026-11-21T06:51:22.923Z","msg":"up"}';
    assert.equal(readableLine(line), '06:51:22 info  up\n');
  });
});

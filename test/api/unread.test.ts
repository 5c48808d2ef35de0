import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { errorAnswer } from '../../api/schemas.ts';
import { raw, startApi, type TestApi } from '../helpers/api.ts';
import { send } from '../helpers/send.ts';

let api: TestApi;
before(async () => {
  api = await startApi();
});
after(() => api.close());

const HOST = 'Host: localhost\r\n';
const LAST = 'Connection: close\r\n\r\n';
const CHUNKED = 'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n';
const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

/** The answers on one connection, each with its status and error. */
async function answersTo(text: string) {
  const answers = (await raw(api.port, text)).split(/(?=HTTP\/1\.1 \d)/);
  return answers.map((answer) => {
    const status = Number(answer.split(' ')[1]);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    if (status < 400) return { status, head, code: '', message: '' };
    assert.match(head, /^Content-Type: application\/json/im);
    assert.equal(Number(/^Content-Length: (\d+)/im.exec(head)?.[1]), body.length);
    return { status, head, ...errorAnswer.strict().parse(JSON.parse(body)).error };
  });
}

describe('a request that is not as HTTP wants it is answered in words', () => {
  const cases: readonly (readonly [string, string, number, string, RegExp])[] = [
    ['no Host', `GET /healthz HTTP/1.1\r\n${LAST}`, 400, 'invalid', /no Host/],
    ['two Hosts', `GET / HTTP/1.1\r\n${HOST}${HOST}${LAST}`, 400, 'invalid', /more than one Host/],
    [
      'another Host behind ours',
      `GET /healthz HTTP/1.1\r\n${HOST}hOST: evil.example\r\n${LAST}`,
      ...([400, 'invalid', /more than one Host/] as const),
    ],
    [
      'another Host before ours, in HTTP/1.0',
      `GET /healthz HTTP/1.0\r\nHost: evil.example\r\n${HOST}\r\n`,
      ...([400, 'invalid', /more than one Host/] as const),
    ],
    ['a strange Host', `GET / HTTP/1.1\r\nHost: evil.example\r\n${LAST}`, 403, 'forbidden', /name/],
    [
      'a strange Host in HTTP/1.0',
      'GET / HTTP/1.0\r\nHost: evil.example\r\n\r\n',
      ...([403, 'forbidden', /name/] as const),
    ],
    [
      'a websocket without a Host',
      `GET /ws HTTP/1.1\r\n${UPGRADE}`,
      ...([400, 'invalid', /no Host/] as const),
    ],
    [
      'a websocket with two Hosts',
      `GET /ws HTTP/1.1\r\n${HOST}Host: evil.example\r\n${UPGRADE}`,
      ...([400, 'invalid', /more than one Host/] as const),
    ],
    [
      'a websocket by POST',
      `POST /ws HTTP/1.1\r\n${HOST}Content-Length: 0\r\n${UPGRADE}`,
      ...([400, 'invalid', /only GET/] as const),
    ],
    [
      'an expectation that nobody knows',
      `GET /healthz HTTP/1.1\r\n${HOST}Expect: something-odd\r\n${LAST}`,
      ...([417, 'expectation-failed', /expected/] as const),
    ],
    [
      'an expectation beside the one that is known',
      `GET /healthz HTTP/1.1\r\n${HOST}Expect: 100-continue, more\r\n${LAST}`,
      ...([417, 'expectation-failed', /expected/] as const),
    ],
    [
      'a bad chunk',
      `POST /monitors HTTP/1.1\r\n${HOST}${CHUNKED}${LAST}zz\r\nabc\r\n0\r\n\r\n`,
      ...([400, 'invalid', /chunks/] as const),
    ],
    [
      'a bad chunk behind a good one',
      `POST /monitors HTTP/1.1\r\n${HOST}${CHUNKED}${LAST}2\r\n{}\r\nzz\r\n`,
      ...([400, 'invalid', /chunks/] as const),
    ],
    ['another version', `GET / HTTP/3.0\r\n${HOST}${LAST}`, 400, 'invalid', /version/],
    ['a method of its own', `BREW / HTTP/1.1\r\n${HOST}${LAST}`, 400, 'invalid', /method/],
    [
      'CONNECT',
      `CONNECT a.example:443 HTTP/1.1\r\n${HOST}\r\n`,
      405,
      'method-not-allowed',
      /proxy/,
    ],
  ];
  for (const [title, text, status, code, message] of cases) {
    it(title, async () => {
      const answers = (await answersTo(text)).filter((answer) => answer.status !== 100);
      assert.deepEqual(
        answers.map((answer) => [answer.status, answer.code]),
        [[status, code]],
      );
      assert.match(answers[0]!.message, message);
    });
  }
});

describe('a request that is as HTTP wants it', () => {
  it('needs no Host in HTTP/1.0, and may have its own there', async () => {
    for (const host of ['', HOST]) {
      const [answer] = await answersTo(`GET /healthz HTTP/1.0\r\n${host}\r\n`);
      assert.equal(answer?.status, 200);
    }
  });

  it('may wait for leave to send its body', async () => {
    const body = '{"url":"https://shop.example/"}';
    const head = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    const text = `POST /monitors HTTP/1.1\r\n${HOST}Expect: 100-Continue\r\n${head}${LAST}${body}`;
    const statuses = (await answersTo(text)).map(({ status }) => status);
    assert.deepEqual(statuses, [100, 201]);
  });
});

/** The status lines of what comes for `first`, and then for `second`, sent once that is there. */
async function inTurn(first: string, second: string): Promise<readonly string[]> {
  const socket = connect(api.port, '127.0.0.1').setEncoding('latin1');
  let text = '';
  socket.write(first);
  await new Promise<void>((resolve) => {
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
    socket.on('data', (piece: string) => {
      if (text === '') socket.write(second);
      text += piece;
    });
  });
  return text.match(/HTTP\/1\.1 \d+/g) ?? [];
}

describe('a connection that was used before', () => {
  it('hears what is wrong with the next request', async () => {
    const good = `GET /healthz HTTP/1.1\r\n${HOST}\r\n`;
    for (const bad of [`BREW / HTTP/1.1\r\n${HOST}\r\n`, `GET / HTTP/1.1\r\n${LAST}`]) {
      assert.deepEqual(await inTurn(good, bad), ['HTTP/1.1 200', 'HTTP/1.1 400']);
    }
  });

  it('gets no second answer to a request that has one', async () => {
    // Refused by its type before its body is read; what is wrong with that body comes later.
    const type = 'Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n';
    const statuses = await inTurn(`POST /monitors HTTP/1.1\r\n${HOST}${type}`, 'zz\r\n');
    assert.deepEqual(statuses, ['HTTP/1.1 415']);
  });

  it('leaves the others as they are', async () => {
    assert.equal((await send(api.url, 'GET /healthz')).status, 200);
  });
});

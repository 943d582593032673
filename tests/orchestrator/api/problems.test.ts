/** Whatever goes wrong, the answer is a problem document (RFC 9457) with one of our codes, also where fastify or Node itself refuses. */
import assert from 'node:assert/strict';
import net, { type Socket } from 'node:net';
import { after, test } from 'node:test';
import { Value } from '@sinclair/typebox/value';
import { ERROR_CODES } from '../../../src/contract/error-codes.ts';
import { ProblemSchema } from '../../../src/orchestrator/api/problems.ts';
import { refuseMalformed } from '../../../src/orchestrator/api/server.ts';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

/** An answer as it is on the wire: nothing of a client's own opinion in between. */
function exchange(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), hostname, () => socket.write(request));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
      const body = /\r\ncontent-length: (\d+)\r\n(?:.*?\r\n)?\r\n/is.exec(text);
      if (body !== null && text.length >= body.index + body[0].length + Number(body[1])) socket.destroy();
    });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}

function assertProblem(answer: string, status: number, code: keyof typeof ERROR_CODES): void {
  const [head = '', body = ''] = answer.split(/\r\n\r\n/);
  assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `), `${code}: ${answer.slice(0, 200)}`);
  assert.match(head, /^content-type: application\/problem\+json$/im, code);
  const problem = JSON.parse(body);
  assert.ok(Value.Check(ProblemSchema, problem), body);
  assert.deepEqual([problem.code, problem.status], [code, status], body);
  assert.equal(problem.type, `urn:nervesys:error:${code}`);
  assert.equal(problem.title, ERROR_CODES[code].meaning);
}

test('every way of being wrong is answered by a problem document that agrees with its status', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = `Authorization: Bearer ${system.adminKey}\r\n`;
  const json = 'Content-Type: application/json\r\n';
  const request = (line: string, headers = '', body = '') =>
    `${line} HTTP/1.1\r\nHost: x\r\n${headers}${body === '' ? '' : `Content-Length: ${body.length}\r\n`}\r\n${body}`;
  const large = 'x'.repeat(2_000_000);
  const cases: readonly [what: string, request: string, status: number, code: keyof typeof ERROR_CODES][] = [
    ['an address that is not there', request('GET /nothing'), 404, 'NSV_NOT_FOUND'],
    ['one in the API, with a key', request('GET /api/v1/nothing', key), 404, 'NSV_NOT_FOUND'],
    ['one in the API, without', request('GET /api/v1/nothing'), 401, 'NSV_UNAUTHORIZED'],
    ['a file that the page lacks', request('GET /assets/nothing.js'), 404, 'NSV_NOT_FOUND'],
    ['a file that the readable docs lack', request('GET /docs/static/nothing.js'), 404, 'NSV_NOT_FOUND'],
    ['no key', request('GET /api/v1/fleet'), 401, 'NSV_UNAUTHORIZED'],
    ['another scheme', request('GET /api/v1/fleet', 'Authorization: Basic eDp5\r\n'), 401, 'NSV_UNAUTHORIZED'],
    ['a wrong method', request('DELETE /api/v1/fleet', key), 405, 'NSV_METHOD_NOT_ALLOWED'],
    ['a wrong method of an open call', request('OPTIONS /healthz'), 405, 'NSV_METHOD_NOT_ALLOWED'],
    ['another type', request('POST /api/v1/tokens', `${key}Content-Type: text/csv\r\n`, 'a,b'), 415, 'NSV_BODY_TYPE'],
    ['no JSON', request('POST /api/v1/tokens', key + json, '{"a":'), 400, 'NSV_BODY_INVALID'],
    ['a polluting key', request('POST /api/v1/tokens', key + json, '{"__proto__":{}}'), 400, 'NSV_BODY_INVALID'],
    ['another shape', request('POST /api/v1/tokens', key + json, '{"uses":"many"}'), 400, 'NSV_BODY_INVALID'],
    ['a wrong query', request('GET /api/v1/alerts?limit=-1', key), 400, 'NSV_BODY_INVALID'],
    ['a wrong address', request('GET /api/v1/agents/%E0%A4%A/history?server=A', key), 400, 'NSV_BODY_INVALID'],
    ['a large body', request('POST /api/v1/tokens', key + json, large), 413, 'NSV_BODY_TOO_LARGE'],
    ['large headers', request('GET /healthz', `X: ${'x'.repeat(20_000)}\r\n`), 431, 'NSV_HEADERS_TOO_LARGE'],
    ['a large address', request(`GET /${'x'.repeat(20_000)}`), 431, 'NSV_HEADERS_TOO_LARGE'],
    ['no HTTP at all', 'EHLO mail.example\r\n\r\n', 400, 'NSV_BODY_INVALID'],
    [
      'two lengths',
      request('POST /api/v1/tokens', 'Content-Length: 1\r\nContent-Length: 2\r\n'),
      400,
      'NSV_BODY_INVALID',
    ],
  ];
  for (const [what, sent, status, code] of cases) {
    await t.test(what, async () => assertProblem(await exchange(system.url, sent), status, code));
  }

  const wrong = await exchange(system.url, request('PUT /api/v1/tokens', key));
  assert.match(wrong, /^allow: GET, POST$/im);
  assert.match(
    await exchange(system.url, request('GET /api/v1/fleet')),
    /^www-authenticate: Bearer realm="nervesys"$/im,
  );
});

test('a request that is not sent in time is told so', () => {
  let answer = '';
  const end = (text: string) => {
    answer = text;
  };
  const socket = { writable: true, end, destroy() {} } as unknown as Socket;

  refuseMalformed(Object.assign(new Error('timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket);

  assertProblem(answer, 408, 'NSV_REQUEST_TIMEOUT');
});

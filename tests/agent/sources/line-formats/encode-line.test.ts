import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeLine, type LineFormat } from '../../../../src/agent/sources/line-formats/encode-line.ts';
import { openTimeZone } from '../../../../src/agent/sources/line-formats/time-zone.ts';
import type { ServerName } from '../../../../src/contract/ids.ts';

const NOW = Date.parse('2026-11-22T12:00:00.000Z');
const ARRIVED = new Date(NOW).toISOString();

function read(line: string, options: { format?: LineFormat; zone?: string } = {}) {
  const { format = 'auto', zone = 'UTC' } = options;
  const reading = { format, zone: openTimeZone(zone) };
  const { json } = encodeLine(line, reading, { server: 'AIGARDEN01' as ServerName, now: NOW });
  return JSON.parse(`{${json}`) as {
    timestamp: string;
    level: string;
    message: string;
    agent_id: string;
    action: string;
    context: Record<string, unknown>;
  };
}

/** Line → level, and timestamp where it has one. The zone of those that name none is UTC here. */
const PLAIN: readonly (readonly [string, string, string?])[] = [
  ['nothing but words', 'INFO'],
  ['there was an error in the text', 'INFO'],
  ['the ERROR stands further in', 'INFO'],
  ['Backup of 2025-01-15 08:00:00 is done', 'INFO'],
  ['10 errors', 'INFO'],
  ['ERROR_CODE=5 is what it said', 'INFO'],
  ['2025-01-15T08:00:00Z something happened', 'INFO', '2025-01-15T08:00:00.000Z'],
  ['2025-01-15T08:00:00.123456+02:00 ERROR something', 'ERROR', '2025-01-15T06:00:00.123Z'],
  ['2025-01-15 08:00:00,123 WARN  [main] o.s.Thing: careful', 'WARN', '2025-01-15T08:00:00.123Z'],
  ['2025-01-15 08:00:00,123 - grok.tools - CRITICAL - out of memory', 'CRITICAL', '2025-01-15T08:00:00.123Z'],
  ['2025-01-15 08:00:00.123 | ERROR    | grok.main:run:12 - no', 'ERROR', '2025-01-15T08:00:00.123Z'],
  ['2025-01-15 08:00:00.123 | warning  | grok.main:run:12 - no', 'WARN', '2025-01-15T08:00:00.123Z'],
  ['2025-01-15 08:00:00.123 UTC [41] LOG:  checkpoint starting', 'INFO', '2025-01-15T08:00:00.123Z'],
  ['2025-01-15 08:00:00.123 UTC [41] FATAL:  no such role', 'CRITICAL', '2025-01-15T08:00:00.123Z'],
  ['2025-01-15T08:00:00.123456Z 0 [Warning] [MY-010055] [Server] careful', 'WARN', '2025-01-15T08:00:00.123Z'],
  ['2025-01-15 08:00:00 error rate is 0', 'INFO', '2025-01-15T08:00:00.000Z'],
  ['2025-01-15 08:00:00 Error while connecting', 'ERROR', '2025-01-15T08:00:00.000Z'],
  ['2025-01-15T08:00:00.000Z\terror\tserver/main.go:12\tno', 'ERROR', '2025-01-15T08:00:00.000Z'],
  ['[2025-01-15 08:00:00 +0000] [12] [ERROR] Worker timeout', 'ERROR', '2025-01-15T08:00:00.000Z'],
  ['[2025-01-15 08:00:00,123: WARNING/MainProcess] slow', 'WARN', '2025-01-15T08:00:00.123Z'],
  ['[2025-01-15T08:00:00Z DEBUG grok::net] bytes', 'DEBUG', '2025-01-15T08:00:00.000Z'],
  ['2025/01/15 08:00:00 [error] 123#123: *1 connect() failed', 'ERROR', '2025-01-15T08:00:00.000Z'],
  ['2025/01/15 08:00:00 http: panic serving', 'INFO', '2025-01-15T08:00:00.000Z'],
  ['[GIN] 2025/01/15 - 08:00:00 | 200 | 1.2ms', 'INFO', '2025-01-15T08:00:00.000Z'],
  ['[Wed Jan 15 08:00:00.123456 2025] [core:error] [pid 12] AH00124: no', 'ERROR', '2025-01-15T08:00:00.123Z'],
  ['[Wed Jan 15 08:00:00 2025] [notice] workerEnv.init() ok', 'INFO', '2025-01-15T08:00:00.000Z'],
  [
    '10.0.0.1 - frank [15/Jan/2025:08:00:00 +0200] "GET /a HTTP/1.1" 200 12 "-" "curl/8"',
    'INFO',
    '2025-01-15T06:00:00.000Z',
  ],
  ['::1 - - [15/Jan/2025:08:00:00 +0000] "GET /ERROR HTTP/1.1" 404 12', 'INFO', '2025-01-15T08:00:00.000Z'],
  ['::1 - - [15/Jan/2025:08:00:00 +0000] "POST / HTTP/1.1" 502 12', 'ERROR', '2025-01-15T08:00:00.000Z'],
  ['Jan 15 08:00:00 host prog[12]: all is well', 'INFO', '2026-01-15T08:00:00.000Z'],
  ['Jan  5 08:00:00 host prog[12]: ERROR no', 'ERROR', '2026-01-05T08:00:00.000Z'],
  ['Jan 15 08:00:00 host sshd[12]: error: Bind failed', 'ERROR', '2026-01-15T08:00:00.000Z'],
  ['Dec 31 23:59:59 host prog: the last year', 'INFO', '2025-12-31T23:59:59.000Z'],
  ['Nov 23 11:59:59 host prog: a clock that is ahead', 'INFO', '2026-11-23T11:59:59.000Z'],
  ['Feb 29 00:00:00 host prog: a leap year', 'INFO', '2024-02-29T00:00:00.000Z'],
  ['Jan 15, 2025 8:00:00 PM org.x.Y log', 'INFO', '2025-01-15T20:00:00.000Z'],
  ['15-Jan-2025 08:00:00.123 SEVERE [main] org.apache.Catalina no', 'ERROR', '2025-01-15T08:00:00.123Z'],
  ['123:M 15 Jan 2025 08:00:00.123 * Ready to accept', 'INFO', '2025-01-15T08:00:00.123Z'],
  ['15.01.2025 08:00:00 FEHLER', 'INFO', '2025-01-15T08:00:00.000Z'],
  ['01/02/2025 08:00:00 could be two days', 'INFO'],
  ['2025-02-30 08:00:00 no such day', 'INFO'],
  ['2025-01-15 25:00:00 no such hour', 'INFO'],
  ['E0115 08:00:00.000123   12 main.go:33] no', 'ERROR', '2026-01-15T08:00:00.000Z'],
  ['I0115 08:00:00.500000   12 main.go:33] ERROR is only a word here', 'INFO', '2026-01-15T08:00:00.500Z'],
  ['W20250115 08:00:00.500000 12 a.cc:33] old', 'WARN', '2025-01-15T08:00:00.500Z'],
  ['01-15 08:00:00.811  1702  2395 E WindowManager: no', 'ERROR', '2026-01-15T08:00:00.811Z'],
  ['INFO 01-15 08:00:00 [api_server.py:12] vLLM', 'INFO', '2026-01-15T08:00:00.000Z'],
  ['WARNING 01-15 08:00:00 [api_server.py:12] vLLM', 'WARN', '2026-01-15T08:00:00.000Z'],
  ['17/06/09 20:10:40 INFO spark.SecurityManager: view', 'INFO', '2017-06-09T20:10:40.000Z'],
  ['081109 203615 148 WARN dfs.DataNode: x', 'WARN', '2008-11-09T20:36:15.000Z'],
  ['20171223-22:15:29:606|Step_LSC|30002312|on', 'INFO', '2017-12-23T22:15:29.606Z'],
  [
    '- 1117838570 2005.06.03 R02-M1 2005-06-03-15.42.50.675872 R02-M1 RAS KERNEL FATAL x',
    'CRITICAL',
    '2005-06-03T22:42:50.000Z',
  ],
  ['1736928000.250 12 10.0.0.1 TCP_MISS/200', 'INFO', '2025-01-15T08:00:00.250Z'],
  ['1234567 is a number', 'INFO'],
  ['<11>Jan 15 08:00:00 host app: no', 'ERROR', '2026-01-15T08:00:00.000Z'],
  ['<34>1 2025-01-15T08:00:00.003Z host app - ID47 - fine', 'CRITICAL', '2025-01-15T08:00:00.003Z'],
  ['ERROR:grok.tools:no', 'ERROR'],
  ['WARNING:root:careful', 'WARN'],
  ['ERROR [main] com.example.App - no', 'ERROR'],
  ['INFO:     127.0.0.1:5000 - "GET / HTTP/1.1" 200 OK', 'INFO'],
  ['fail: Microsoft.Hosting.Lifetime[0]', 'ERROR'],
  ['error: something', 'ERROR'],
  ['[WARN] careful', 'WARN'],
  ['[error] no', 'ERROR'],
  ['[error handling] is a topic', 'INFO'],
  ['08:00:00.123 [main] ERROR c.e.App - no', 'ERROR'],
  ['[08:00:00 WRN] Serilog', 'WARN'],
  ['web-1  | ERROR: no', 'ERROR'],
  ['\u001b[2m2025-01-15T08:00:00.123Z\u001b[0m \u001b[31mERROR\u001b[0m grok: no', 'ERROR', '2025-01-15T08:00:00.123Z'],
];

test('timestamp and level are read from the head of plain lines, whose message is the whole line', () => {
  for (const [line, level, timestamp = ARRIVED] of PLAIN) {
    const record = read(line);
    assert.deepEqual([record.level, record.timestamp, record.message], [level, timestamp, line], line);
  }
});

test('a time without a zone is of the zone that is configured, also where the clocks change', () => {
  const at = (line: string, zone: string) => read(line, { zone }).timestamp;

  assert.equal(at('2025-01-15 08:00:00 x', 'Asia/Jerusalem'), '2025-01-15T06:00:00.000Z');
  assert.equal(at('2025-07-15 08:00:00 x', 'Asia/Jerusalem'), '2025-07-15T05:00:00.000Z');
  assert.equal(at('2025-01-15 08:00:00 x', '-05:00'), '2025-01-15T13:00:00.000Z');
  assert.equal(at('2025-01-15T08:00:00Z x', 'Asia/Jerusalem'), '2025-01-15T08:00:00.000Z');
  assert.equal(at('2025-03-30 01:59:59 x', 'Europe/Berlin'), '2025-03-30T00:59:59.000Z');
  assert.equal(at('2025-03-30 02:30:00 x', 'Europe/Berlin'), '2025-03-30T01:30:00.000Z');
  assert.equal(at('2025-03-30 03:00:00 x', 'Europe/Berlin'), '2025-03-30T01:00:00.000Z');
  assert.equal(at('2025-10-26 02:30:00 x', 'Europe/Berlin'), '2025-10-26T00:30:00.000Z');
  assert.equal(at('2025-10-26 03:30:00 x', 'Europe/Berlin'), '2025-10-26T02:30:00.000Z');
});

test('a logfmt line gives level, time and message; its other pairs are the context', () => {
  const record = read(
    'time=2025-01-15T08:00:00.123+02:00 level=warn source=routes.go:12 msg="a \\"quoted\\" text" n=5 agent_id=GIMAI',
  );

  assert.deepEqual(
    [record.timestamp, record.level, record.message, record.agent_id],
    ['2025-01-15T06:00:00.123Z', 'WARN', 'a "quoted" text', 'GIMAI'],
  );
  assert.deepEqual(record.context, { source: 'routes.go:12', n: '5' });
});

test('pairs in a line of words are words; a logfmt line without a message keeps itself as the message', () => {
  assert.equal(read('level=error but then prose').message, 'level=error but then prose');
  assert.equal(read('level=error but then prose').level, 'ERROR');
  assert.equal(read('a=b').message, 'a=b');
  assert.deepEqual(read('a=b').context, {});
  assert.equal(read('level=error code=5').message, 'level=error code=5');
  assert.equal(read('level=error __proto__=5 constructor=6').context['constructor'], '6');
});

test('JSON lines of the common loggers are read by their own field names', () => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    ['{"level":50,"time":1736928000123,"pid":1,"msg":"pino"}', 'ERROR', '2025-01-15T08:00:00.123Z', 'pino'],
    ['{"level":"warn","ts":1736928000.5,"caller":"a.go:1","msg":"zap"}', 'WARN', '2025-01-15T08:00:00.500Z', 'zap'],
    [
      '{"asctime":"2025-01-15 08:00:00,123","levelname":"ERROR","message":"python"}',
      'ERROR',
      '2025-01-15T08:00:00.123Z',
      'python',
    ],
    [
      '{"@timestamp":"2025-01-15T08:00:00.123Z","log.level":"error","message":"ecs"}',
      'ERROR',
      '2025-01-15T08:00:00.123Z',
      'ecs',
    ],
    [
      '{"severity":"CRITICAL","textPayload":"gcp","timestamp":"2025-01-15T08:00:00.123Z"}',
      'CRITICAL',
      '2025-01-15T08:00:00.123Z',
      'gcp',
    ],
    ['{"@t":"2025-01-15T08:00:00.123Z","@l":"Warning","@m":"serilog"}', 'WARN', '2025-01-15T08:00:00.123Z', 'serilog'],
    [
      '{"time":"2025-01-15T08:00:00.123+02:00","level":"DEBUG","msg":"slog"}',
      'DEBUG',
      '2025-01-15T06:00:00.123Z',
      'slog',
    ],
  ];
  for (const [line, level, timestamp, message] of cases) {
    const record = read(line);
    assert.deepEqual([record.level, record.timestamp, record.message], [level, timestamp, message], line);
  }
  assert.deepEqual(read(cases[0]![0]).context, { pid: 1 });
});

test('a field that does not say what its name promises stays in the context', () => {
  const record = read('{"level":"purple","severity":3,"time":"soon","message":"x"}');

  assert.equal(record.level, 'INFO');
  assert.equal(record.timestamp, ARRIVED);
  assert.equal(record.context['_level'], 'purple');
  assert.equal(record.context['severity'], 3);
  assert.equal(record.context['time'] ?? record.context['_time'], 'soon');
});

test('what a container runtime wraps a line in is taken off', () => {
  const docker = read(
    '{"log":"2025-01-15 07:59:59 ERROR no\\n","stream":"stderr","time":"2025-01-15T08:00:00.123456789Z"}',
  );
  assert.deepEqual([docker.level, docker.timestamp], ['ERROR', '2025-01-15T07:59:59.000Z']);
  assert.equal(docker.message, '2025-01-15 07:59:59 ERROR no');
  assert.equal(docker.context['stream'], 'stderr');

  const cri = read('2025-01-15T08:00:00.123456789Z stdout F {"level":"error","msg":"inner","n":1}');
  assert.deepEqual([cri.level, cri.timestamp, cri.message], ['ERROR', '2025-01-15T08:00:00.123Z', 'inner']);
  assert.deepEqual(cri.context, { stream: 'stdout', n: 1 });
});

test('a format that is set reads only that', () => {
  const json = '{"level":"error","msg":"x"}';
  const logfmt = 'level=error msg=x';

  assert.equal(read(json, { format: 'plain' }).message, json);
  assert.equal(read(json, { format: 'logfmt' }).message, json);
  assert.equal(read(logfmt, { format: 'json' }).message, logfmt);
  assert.equal(read(logfmt, { format: 'plain' }).message, logfmt);
  assert.equal(read('a=b', { format: 'logfmt' }).context['a'], 'b');
  assert.equal(read('2025-01-15 08:00:00 ERROR x', { format: 'json' }).level, 'ERROR');
});

test('hostile lines take linear time', () => {
  const million = 1_000_000;
  const hostile = [
    ' '.repeat(million),
    'a'.repeat(million),
    '1'.repeat(million),
    'a=b '.repeat(million / 4),
    `level=error ${'a="'.repeat(million / 3)}`,
    `level=error a="${'\\"'.repeat(million / 2)}`,
    '['.repeat(million),
    'ERROR'.repeat(million / 5),
    `1.1.1.1 - - [15/Jan/2025:08:00:00 +0000] ${'" '.repeat(million / 2)}`,
    '\u001b[31m'.repeat(million / 5),
    '{"a":'.repeat(million / 5),
    `{"log":"${'x'.repeat(million)}","stream":"stdout","time":"2025-01-15T08:00:00Z"}`,
    'é'.repeat(million / 2),
    '2025-01-15 08:00:00 '.repeat(million / 20),
  ];
  for (const line of hostile) {
    const startedAt = performance.now();
    read(line);
    const ms = performance.now() - startedAt;
    assert.ok(ms < 400, `${ms.toFixed(0)} ms for ${line.slice(0, 20)}…`);
  }
});

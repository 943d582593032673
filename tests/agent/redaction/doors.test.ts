import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeEntry, parseEntry } from '../../../src/agent/sources/journald/journal-entry.ts';
import { encodeLine } from '../../../src/agent/sources/line-formats/encode-line.ts';
import { openTimeZone } from '../../../src/agent/sources/line-formats/time-zone.ts';
import { encodeNdjson, encodeValues } from '../../../src/agent/sources/record-encoder.ts';
import { encodeSyslog } from '../../../src/agent/sources/syslog/syslog-record.ts';
import { outputRecord } from '../../../src/commands/exec/output-record.ts';
import type { AgentId, ServerName } from '../../../src/contract/ids.ts';
import { openLocalApi } from '../../support/local-api.ts';
import { corpus, seeded } from './corpus.ts';

/*
 * The same secrets through every door, in each place of a record that a sender can write to. No door is told to redact: what forgets it,
 * redacts. OpenTelemetry's door, which needs a server, has its own test beside its mapping.
 */

const GROK = 'GROK' as AgentId;
const DEFAULTS = { server: 'AIGARDEN01' as ServerName, now: 1_736_928_000_000, agentId: GROK };
const READING = { zone: openTimeZone('UTC'), agentId: GROK, byAppName: false, byUnit: false, configured: new Map() };

const { text: secretText, filled } = corpus('field-positives.txt', 1, seeded(11)).find(({ text }) =>
  text.startsWith('pushed with '),
)!;
const TOKEN = filled[0]!;

function ndjson(line: string): string {
  return encodeNdjson(Buffer.from(`${line}\n`), DEFAULTS)
    .records.map(storedText)
    .join();
}

function storedText(record: { readonly json?: string } & object): string {
  if (record.json !== undefined) return record.json;
  // A record in canonical form is stored as it came: bytes within the body.
  const { body, lineStart, lineEnd } = record as { body: Buffer; lineStart: number; lineEnd: number };
  return body.toString('utf8', lineStart, lineEnd);
}

const canonical = (fields: object): string =>
  JSON.stringify({
    timestamp: '2025-01-15T08:00:00.000Z',
    level: 'info',
    agent_id: 'GROK',
    action: 'a',
    message: 'm',
    ...fields,
  });

const DOORS: Readonly<Record<string, (text: string) => string>> = {
  'HTTP, in the message of a canonical record': (text) => ndjson(canonical({ message: text })),
  'HTTP, in the context of a canonical record': (text) => ndjson(canonical({ context: { deep: [{ text }] } })),
  'HTTP, in the action of a canonical record': (text) => ndjson(canonical({ action: text })),
  'HTTP, in the name of a canonical record': (text) => ndjson(canonical({ agent_id: text })),
  'HTTP, with spaces': (text) => ndjson(`{ "message": ${JSON.stringify(text)} }`),
  'HTTP, in a field of no name': (text) => ndjson(JSON.stringify({ message: 'm', note: text })),
  'HTTP, in a level or a time that is none': (text) =>
    ndjson(JSON.stringify({ message: 'm', level: text, timestamp: text })),
  'HTTP, as a name in the context': (text) => ndjson(canonical({ context: { [text]: 1 } })),
  'HTTP, escaped': (text) =>
    ndjson(
      canonical({ message: text })
        .replaceAll(/[k-p]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .replace(/"(?:\\u[0-9a-f]{4}|[a-z_])+":/g, (key) => `${JSON.stringify(JSON.parse(key.slice(0, -1)))}:`),
    ),
  'HTTP, as an array of records': (text) =>
    encodeValues([{ message: text }], DEFAULTS)
      .records.map(storedText)
      .join(),
  'a file, plain': (text) => tail(text),
  'a file, with a time and a level': (text) => tail(`2025-01-15 08:00:00 ERROR ${text}`),
  'a file, JSON': (text) => tail(JSON.stringify({ msg: text, level: 'info' })),
  'a file, logfmt': (text) => tail(`level=info msg=${JSON.stringify(text)} a=b`),
  'a file, of a container': (text) => tail(`2025-01-15T08:00:00.000000000Z stdout F ${text}`),
  'a file, of Docker': (text) =>
    tail(JSON.stringify({ log: `${text}\n`, stream: 'stdout', time: '2025-01-15T08:00:00Z' })),
  'syslog, RFC 5424': (text) => syslog(`<11>1 2025-01-15T08:00:00Z web app 1 - - ${text}`),
  'syslog, RFC 3164': (text) => syslog(`<11>Jan 15 08:00:00 web app[1]: ${text}`),
  journald: (text) => {
    const entry = parseEntry(
      JSON.stringify({ __CURSOR: 'c', __REALTIME_TIMESTAMP: '1736928000000000', MESSAGE: text }),
    )!;
    return storedText(encodeEntry(entry, READING, DEFAULTS)!);
  },
  'exec, plain': (text) => ndjson(outputRecord({ text }, 'stdout', { agentId: GROK, pid: 1 }, 0).json),
  'exec, JSON': (text) =>
    ndjson(
      outputRecord({ text: JSON.stringify({ msg: text, extra: text }) }, 'stderr', { agentId: GROK, pid: 1 }, 0).json,
    ),
};

function tail(line: string): string {
  return storedText(encodeLine(line, { format: 'auto', zone: READING.zone }, DEFAULTS));
}

function syslog(line: string): string {
  return storedText(encodeSyslog(Buffer.from(line), READING, DEFAULTS)!);
}

for (const [door, through] of Object.entries(DOORS)) {
  test(`no secret passes: ${door}`, () => {
    for (const text of [secretText, 'the password is hunter2-xK9', 'הסיסמה היא hunter2-xK9']) {
      const stored = through(text);

      assert.ok(!stored.includes(TOKEN), stored);
      assert.ok(!stored.includes('hunter2'), stored);
      assert.match(stored, /\[redacted:/);
    }
  });
}

test('escapes hide nothing: slashes, Unicode, and Hebrew in ASCII', () => {
  const hidden = [
    '{"message":"see https:\\/\\/bob:hunter2x@example.com\\/a"}',
    '{"message":"pa\\u0073sword\\u003d\\u0068unter2x"}',
    '{"message":"\\u05d4\\u05e1\\u05d9\\u05e1\\u05de\\u05d4 \\u05d4\\u05d9\\u05d0 hunter2x"}',
    '{"message":"say \\u0022password\\u0022: \\u0022hunter2x\\u0022"}',
    '{"message":"{\\"body\\":\\"{\\\\\\"password\\\\\\":\\\\\\"hunter2x\\\\\\"}\\"}"}',
  ];

  for (const line of hidden) {
    const stored = ndjson(line);
    assert.ok(!stored.includes('hunter2') && !stored.includes('unter2x'), stored);
  }
});

test('neither a status nor the name of a sender carries a secret past the records', async (t) => {
  const { ask, registry, sink } = await openLocalApi(t);

  const detail = `${'x'.repeat(480)} ${TOKEN}`;
  const status = JSON.stringify({ status: 'degraded', last_action: 'login password=hunter2', detail });
  assert.equal((await ask('PUT', '/agents/GROK/status', status)).status, 200);
  const record = JSON.stringify({ timestamp: '2025-01-15T08:00:00.000Z', level: 'INFO', message: 'm' });
  assert.equal((await ask('POST', '/logs?agent_id=password=hunter2', record)).status, 200);

  const { lastAction, detail: kept } = registry.get(GROK)!;
  assert.deepEqual([lastAction, kept!.includes(TOKEN.slice(0, 12))], ['login password=[redacted:password]', false]);
  const [stored] = await sink.recent({ limit: 1 });
  assert.equal(stored!.agent_id, 'password=[redacted:password]');
});

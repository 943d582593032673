import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTimeZone } from '../../../../src/agent/sources/line-formats/time-zone.ts';
import { SyslogDeframer } from '../../../../src/agent/sources/syslog/framing.ts';
import { agentOfProgram, parseSyslog } from '../../../../src/agent/sources/syslog/parse-message.ts';
import type { AgentId } from '../../../../src/contract/ids.ts';

const time = { zone: openTimeZone('UTC'), now: Date.parse('2026-11-22T12:00:00Z') };
const parse = (text: string) => JSON.parse(JSON.stringify(parseSyslog(text, time)));

test('the examples of RFC 5424 are read', () => {
  assert.deepEqual(parse("<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \ufeff'su root' failed"), {
    level: 'CRITICAL',
    timestamp: '2003-10-11T22:14:15.003Z',
    appName: 'su',
    action: 'ID47',
    message: "'su root' failed",
    context: { facility: 'auth', host: 'mymachine.example.com', app_name: 'su', msg_id: 'ID47' },
  });
  assert.deepEqual(
    parse(
      '<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 evntslog 8710 ID47 [exampleSDID@32473 iut="3" eventSource="Application"][x@1 a="q\\"\\\\\\] e"] An event',
    ),
    {
      level: 'INFO',
      timestamp: '2003-08-24T12:14:15.000Z',
      appName: 'evntslog',
      action: 'ID47',
      message: 'An event',
      context: {
        facility: 'local4',
        host: '192.0.2.1',
        app_name: 'evntslog',
        proc_id: '8710',
        msg_id: 'ID47',
        structured_data: { 'exampleSDID@32473': { iut: '3', eventSource: 'Application' }, 'x@1': { a: 'q"\\] e' } },
      },
    },
  );
});

test('structured data without a message, and no values at all, are read', () => {
  assert.deepEqual(parse('<165>1 - - - - - [id@1 a=""]').context, {
    facility: 'local4',
    structured_data: { 'id@1': { a: '' } },
  });
  assert.deepEqual(parse('<14>1 - - - - - -'), { level: 'INFO', message: '', context: { facility: 'user' } });
});

test('what goes by the name of RFC 3164 is read, whatever is missing', () => {
  assert.deepEqual(parse('<34>Oct 11 22:14:15 mymachine su[12]: failed'), {
    level: 'CRITICAL',
    timestamp: '2026-10-11T22:14:15.000Z',
    appName: 'su',
    message: 'failed',
    context: { facility: 'auth', host: 'mymachine', app_name: 'su', proc_id: '12' },
  });
  assert.equal(parse('<11>Oct 11 22:14:15 grok: no host').appName, 'grok');
  assert.equal(parse('<11>Oct 11 22:14:15 grok: no host').message, 'no host');
  assert.equal(parse('<11>2025-01-15T08:00:00+02:00 host grok[1]: iso').timestamp, '2025-01-15T06:00:00.000Z');
  assert.deepEqual(parse('<11>grok[7]: neither'), {
    level: 'ERROR',
    appName: 'grok',
    message: 'neither',
    context: { facility: 'user', app_name: 'grok', proc_id: '7' },
  });
  assert.deepEqual(parse('<15>just text'), { level: 'DEBUG', message: 'just text', context: { facility: 'user' } });
  assert.equal(parse('no priority').level, 'INFO');
});

test('what looks like RFC 5424 and is not stays readable as a whole', () => {
  for (const text of [
    '<34>1 yesterday host app - - - text',
    '<34>1 2003-10-11T22:14:15Z host app - - [broken text',
    '<34>1 2003-10-11T22:14:15Z host app - - [id a="1"]text',
    '<34>1 2003-10-11T22:14:15Z host',
  ])
    assert.ok(parse(text).message.endsWith(text.slice(-4)), text);
  assert.equal(parse('<999>text').message, '<999>text');
  assert.equal(parse('<34>1 - - - - - [__proto__ __proto__="1"] x').message, 'x');
});

test('hostile messages take linear time', () => {
  const long = 64 * 1024;
  for (const text of [
    `<34>1 - - - - - ${'[a b="c"]'.repeat(long / 9)}`,
    `<34>1 - - - - - [a ${'b="\\"" '.repeat(long / 7)}`,
    `<34>1 - - - - - [a b="${'\\'.repeat(long)}`,
    `<34>${'a'.repeat(long)}`,
    `<34>Oct 11 22:14:15 ${'a['.repeat(long / 2)}`,
    '<'.repeat(long),
    `<34>${' '.repeat(long)}`,
  ]) {
    const startedAt = performance.now();
    parse(text);
    assert.ok(performance.now() - startedAt < 150, text.slice(0, 30));
  }
});

test('a program is the AI agent of its name, in any case', () => {
  const configured = new Map([['grok', 'GROK' as AgentId]]);
  assert.equal(agentOfProgram('Grok', configured), 'GROK');
  assert.equal(agentOfProgram('sshd', configured), 'sshd');
  assert.equal(agentOfProgram('a'.repeat(90), configured), 'a'.repeat(50));
  assert.equal(agentOfProgram(undefined, configured), undefined);
});

const deframe = (chunks: readonly string[], bytesMax = 1_000) => {
  const deframer = new SyslogDeframer(bytesMax);
  return [...chunks.flatMap((chunk) => deframer.push(Buffer.from(chunk))), ...deframer.end()].map(String);
};

test('counted and line-framed messages may follow one another, however they are cut into chunks', () => {
  const stream = '9 <34>1 a\nb<34>one\n<34>two\x005 <3>\nx3 end<34>last';
  const whole = deframe([stream]);

  assert.deepEqual(whole, ['<34>1 a\nb', '<34>one', '<34>two', '<3>\nx', 'end', '<34>last']);
  for (let size = 1; size < stream.length; size++) {
    const chunks = Array.from({ length: Math.ceil(stream.length / size) }, (_, i) =>
      stream.slice(i * size, (i + 1) * size),
    );
    assert.deepEqual(deframe(chunks), whole, `chunks of ${size}`);
  }
});

test('a message past the bound is cut, its rest passed over, and the next one is whole', () => {
  assert.deepEqual(deframe(['<34>aaaaaaaa', 'aaaa\n<34>b\n'], 8), ['<34>aaaa', '<34>b']);
  assert.deepEqual(deframe(['<34>aaaaaaaaaaaa\n<34>b\n'], 8), ['<34>aaaa', '<34>b']);
  assert.deepEqual(deframe(['16 <34>aaaa', 'aaaaaaaa5 <34>b'], 8), ['<34>aaaa', '<34>b']);
});

test('digits that are no count are text', () => {
  assert.deepEqual(deframe(['123456789 is long\n', '12abc\n']), ['123456789 is long', '12abc']);
});

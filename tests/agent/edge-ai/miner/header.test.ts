import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderReader } from '../../../../src/agent/edge-ai/miner/header.ts';

const reader = new HeaderReader();
const messageOf = (line: string) => line.slice(reader.messageStart(line));

const HEADERS: readonly (readonly [kind: string, header: string])[] = [
  ['log4j', '2026-03-04 05:06:07,890 INFO [main] com.example.app.Server: '],
  ['log4j with dashes', '2026-03-04 05:06:07,890 - WARN  [Worker[id=1]/0:0:0:0:0:0:0:1:2181:Elector@77] - '],
  ['python', '2026-03-04 05:06:07,890 - worker.tasks - ERROR - '],
  ['syslog', 'Mar  4 05:06:07 alpha sshd[4711]: '],
  ['syslog with a priority', '<34>Mar  4 05:06:07 alpha su: '],
  ['syslog with ISO time', '2026-03-04T05:06:07.000000+02:00 alpha postfix/smtpd[99]: '],
  ['apache', '[Wed Mar 04 05:06:07 2026] [error] [client 10.1.2.3] '],
  ['logcat', '03-04 05:06:07.890  1702  2395 D Watcher: '],
  ['glog', 'I0304 05:06:07.890123  1234 file.cc:12] '],
  ['pipes', '20260304-05:06:07:890|Step_Counter|30002312|'],
  ['spaced pipes', '04/03/2026 05:06:07,890 | info | worker-1 | '],
  ['columns', '2026-03-04 05:06:07, Info                  CBS    '],
  ['a supercomputer', '1772600767 2026.03.04 R01-M0 2026-03-04-05.06.07.890123 R01-M0 RAS KERNEL INFO '],
  ['epoch in the middle', '134681 node-246 unix.hw state_change 1772600767 1 '],
  ['a process in brackets', '[03.04 05:06:07] agent.exe *64 - '],
  ['level in round brackets', '00084886 03-07-2026 18:01:06 ctrl-A disk (info) '],
  ['a database', '2026-03-04 05:06:07.890 UTC [17483] shop_rw@shop LOG:  '],
  ['names before a lone sign', '2026-03-04T05:06:07.890+03:00 [INFO] coder-2/memory run=08be9560 :: '],
  ['a process that speaks of another', 'Mar  4 05:06:07 alpha launchd[1] (com.example.job[99]): '],
  ['a kernel since its start', '[   12.516491] '],
];
for (const [kind, header] of HEADERS) {
  test(`the header of a raw line is skipped: ${kind}`, () => {
    const message = 'Lost connection to peer after 3 tries: giving up';

    assert.equal(messageOf(header + message), message);
  });
}

test('a number after a process is part of the message', () => {
  assert.equal(messageOf('2026-03-04T05:06:07.000000+02:00 alpha postfix/smtpd[99]: 4711 4712'), '4711 4712');
});

test('a bare message has no header, whatever it begins with', () => {
  for (const message of [
    'Lost connection to peer at 12:30:01',
    'ERROR in contacting the manager',
    '10.1.2.3:50010 Served block 7 to /10.1.2.4',
    'kernel: nothing to do',
    'restored at 12:30:01 from the backup',
    'restart.',
    '12 failures on node alpha',
  ])
    assert.equal(messageOf(message), message);
});

test('a line that is nothing but a header is its own message', () => {
  assert.equal(messageOf('2026-03-04 05:06:07'), '2026-03-04 05:06:07');
  assert.equal(messageOf(''), '');
});

test('a plain word with a colon after a level stays, as it may begin the message', () => {
  assert.equal(messageOf('2026-03-04 05:06:07 ERROR Timeout: 5 s'), 'Timeout: 5 s');
});

test('hostile beginnings are read in linear time', () => {
  const start = process.hrtime.bigint();
  for (const piece of ['[', '1:', '- ', '1772600767 ', 'a|', '(((', 'Jan ', '9'.repeat(50)])
    assert.ok(messageOf(piece.repeat(100_000)).length > 0);

  assert.ok(Number(process.hrtime.bigint() - start) / 1e6 < 500);
});

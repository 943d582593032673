import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { EmailShelfSettings } from '../../../../src/config/index.ts';
import { REPORT_FORMATS, REPORT_KINDS } from '../../../../src/contract/reports.ts';
import { EmailShelf } from '../../../../src/orchestrator/reports/shelves/email-shelf.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import type { NervesysError } from '../../../../src/platform/errors.ts';
import { SmtpServer } from '../../../servers/smtp-server.ts';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { shelfFile } from '../../../support/shelf-files.ts';
import { FileNotes } from '../../../support/shelf-notes.ts';
import { tempDir } from '../../../support/temp-dir.ts';
import { until } from '../../../support/until.ts';

const PATH = 'Daily/2025-12-10_summary.pdf';
const signal = new AbortController().signal;
const first = shelfFile(PATH, 'the report');

async function mailShelf(t: TestContext, changes: Partial<EmailShelfSettings> = {}, password?: string) {
  const server = await SmtpServer.start(
    changes.user === undefined ? {} : { user: changes.user, password: 'pass word' },
  );
  t.after(() => server.stop());
  const settings: EmailShelfSettings = {
    name: 'mail',
    type: 'email',
    host: '127.0.0.1',
    port: server.port,
    tls: 'none',
    user: undefined,
    from: { name: 'Nervesys', address: 'reports@example.com' },
    to: ['dana@example.com', 'omer@example.com'],
    attachmentBytesMax: 1_000,
    languages: ['en'],
    kinds: REPORT_KINDS,
    formats: REPORT_FORMATS,
    ...changes,
  };
  const open = (clock = systemClock) => new EmailShelf(settings, password, { clock });
  return { server, open, shelf: open(), notes: new FileNotes(await tempDir(t)) };
}

test('a mail says what the report says, and has the file with it', async (t) => {
  const { server, shelf, notes } = await mailShelf(t);

  const { id, link } = await shelf.put(first, notes, signal);

  const [mail] = server.mails;
  assert.deepEqual(mail?.to, ['dana@example.com', 'omer@example.com']);
  assert.equal(mail?.headers.get('subject'), first.title);
  assert.equal(mail?.headers.get('message-id'), id);
  assert.equal(mail?.headers.get('auto-submitted'), 'auto-generated');
  assert.equal(link, null);
  assert.ok(mail?.text.includes(first.summary) && mail.text.includes(first.url));
  assert.ok(mail?.html.includes(first.summary) && mail.html.includes(`href="${first.url}"`));
  assert.deepEqual(
    mail?.attachments.map(({ name, content }) => [name, content.toString()]),
    [['2025-12-10_summary.pdf', 'the report']],
  );
});

test('a file over the limit is a link', async (t) => {
  const { server, shelf, notes } = await mailShelf(t);

  await shelf.put(shelfFile(PATH, Buffer.alloc(1_001, 'x')), notes, signal);

  assert.deepEqual(server.mails[0]?.attachments, []);
  assert.match(server.mails[0]?.text ?? '', /too large to attach/);
  assert.ok(server.mails[0]?.text.includes(first.url));
});

test('a newer version says so, in the same thread', async (t) => {
  const { server, shelf, notes } = await mailShelf(t);
  await shelf.put(first, notes, signal);

  await shelf.put(shelfFile(PATH, 'renewed', { version: 2 }), notes, signal);

  const [before, after] = server.mails;
  assert.equal(after?.headers.get('subject'), `${first.title} (version 2)`);
  assert.match(after?.text ?? '', /Version 2\. It takes the place/);
  assert.notEqual(after?.headers.get('message-id'), before?.headers.get('message-id'));
  assert.equal(after?.headers.get('references'), before?.headers.get('references'));
});

test('somebody’s wish to have it again is met once', async (t) => {
  const { server, shelf, notes } = await mailShelf(t);
  await shelf.put(first, notes, signal);

  for (const occasion of ['wish 1', 'wish 1', 'wish 2']) await shelf.put({ ...first, occasion }, notes, signal);

  assert.equal(new Set(server.mails.map(({ headers }) => headers.get('message-id'))).size, 3);
  assert.equal(server.mails.length, 3);
});

test('a Hebrew mail runs from right to left', async (t) => {
  const { server, shelf, notes } = await mailShelf(t);
  const title = 'דוח יומי, 10 בדצמבר 2025';

  await shelf.put(
    shelfFile('Daily/דוח.pdf', 'x', { lang: 'he', title, summary: 'יום שקט.', version: 3 }),
    notes,
    signal,
  );

  const [mail] = server.mails;
  assert.equal(mail?.headers.get('subject'), `${title} (גרסה 3)`);
  assert.match(mail?.html ?? '', /<html lang="he" dir="rtl">.*<body dir="rtl"[^>]*text-align:right/s);
  assert.equal(mail?.headers.get('content-language'), 'he');
  assert.equal(mail?.attachments[0]?.name, 'דוח.pdf');
});

test('names from outside make no header and no markup', async (t) => {
  const { server, shelf, notes } = await mailShelf(t);
  const hostile = 'GROK\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>\u202e';

  await shelf.put(shelfFile('Daily/a"; x=y.pdf', 'x', { title: hostile, summary: hostile }), notes, signal);

  const [mail] = server.mails;
  assert.equal(mail?.headers.get('bcc'), undefined);
  assert.deepEqual(mail?.to, ['dana@example.com', 'omer@example.com']);
  assert.match(mail?.headers.get('subject') ?? '', /^GROK Bcc: all@example\.com <script>/);
  assert.doesNotMatch(mail?.html ?? '', /<script>|\u202e/);
  assert.equal(mail?.attachments[0]?.name, 'a"; x=y.pdf');
});

test('a recipient that is refused is named, the others have theirs, and only the one is tried again', async (t) => {
  const { server, shelf, notes } = await mailShelf(t);
  server.unknown.add('omer@example.com');

  await assert.rejects(shelf.put(first, notes, signal), (error: NervesysError) => {
    assert.deepEqual([error.code, error.retryable], ['NSV_SHELF_REJECTED', false]);
    assert.match(error.message, /omer@example\.com \(550/);
    assert.doesNotMatch(error.message, /dana/);
    return true;
  });
  await assert.rejects(shelf.put(first, notes, signal), { code: 'NSV_SHELF_REJECTED' });
  server.unknown.clear();
  await shelf.put(first, notes, signal);
  await shelf.put(first, notes, signal);

  assert.deepEqual(
    server.mails.map(({ to }) => to),
    [['dana@example.com'], ['omer@example.com']],
  );
});

test('what the server says becomes what somebody has to do', async (t) => {
  const { server, shelf, notes } = await mailShelf(t);
  const cases = [
    ['MAIL', '451 4.3.0 try later', 'NSV_SHELF_BUSY', true],
    ['RCPT', '450 4.2.0 greylisted', 'NSV_SHELF_BUSY', true],
    ['MAIL', '552 5.3.4 too large', 'NSV_SHELF_REJECTED', false],
    ['DATA', '554 5.7.1 spam', 'NSV_SHELF_REJECTED', false],
  ] as const;
  for (const [at, reply, code, retryable] of cases) {
    server.next(at, reply);
    if (at === 'RCPT') server.next(at, reply); // for both
    await assert.rejects(shelf.put(first, notes, signal), (error: NervesysError) => {
      assert.deepEqual([error.code, error.retryable], [code, retryable], error.message);
      return true;
    });
  }

  await shelf.put(first, notes, signal);
  assert.equal(server.mails.length, 1);
});

test('a wrong password asks for another, and is not said back', async (t) => {
  const { shelf, notes } = await mailShelf(t, { user: 'reports' }, 'wrong word');

  for (const attempt of [() => shelf.put(first, notes, signal), () => shelf.check(notes, signal)])
    await assert.rejects(attempt, (error: NervesysError) => {
      assert.deepEqual([error.code, error.retryable], ['NSV_SHELF_SIGN_IN', false], error.message);
      assert.doesNotMatch(error.message, /wrong word/);
      return true;
    });
});

test('check signs in and sends nothing', async (t) => {
  const { server, shelf, notes } = await mailShelf(t, { user: 'reports' }, 'pass word');

  await shelf.check(notes, signal);

  assert.equal(server.mails.length, 0);
});

test('a server that is away is tried again', async (t) => {
  const { server, shelf, notes } = await mailShelf(t);
  await server.stop();

  await assert.rejects(shelf.put(first, notes, signal), { code: 'NSV_SHELF_UNREACHABLE', retryable: true });
});

test('while another replica sends nobody else does; was it killed, the next sends when its turn has passed', async (t) => {
  const { server, open, notes } = await mailShelf(t);
  const clock = new FakeClock();
  server.silence();
  const killed = new AbortController();
  const stuck = open(clock).put(
    first,
    { ...bound(notes), replace: () => Promise.reject(new Error('killed')) },
    killed.signal,
  );
  await until('it has the turn', async () => (await notes.read(`mail ${PATH} v1`)) !== undefined);
  killed.abort(new Error('killed'));
  await assert.rejects(stuck, /killed/);

  const next = open(clock).put(first, notes, signal);
  for (let second = 0; second < 170; second++) await clock.advance(1_000);
  assert.equal(server.mails.length, 0);
  for (let second = 0; second < 15; second++) {
    await clock.advance(1_000);
    await settle();
  }
  await next;

  assert.equal(server.mails.length, 1);
});

function bound(notes: FileNotes) {
  return { read: notes.read.bind(notes), claim: notes.claim.bind(notes), replace: notes.replace.bind(notes) };
}

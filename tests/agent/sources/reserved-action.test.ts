import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeLine } from '../../../src/agent/sources/line-formats/encode-line.ts';
import { openTimeZone } from '../../../src/agent/sources/line-formats/time-zone.ts';
import { encodeNdjson, encodeObject, encodeTextLine } from '../../../src/agent/sources/record-encoder.ts';
import { DirectDelivery } from '../../../src/agent/uploader/direct-delivery.ts';
import { Uploader } from '../../../src/agent/uploader/uploader.ts';
import { LOSS_ACTION } from '../../../src/contract/record.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { DirectoryArchive } from '../../../src/storage/index.ts';
import { verifyArchive } from '../../../src/storage/ledger/index.ts';
import { openBuffer, openLocalApi, SERVER } from '../../support/local-api.ts';
import { tempDir } from '../../support/temp-dir.ts';

const NOW = Date.parse('2026-01-02T03:04:05.678Z');
const defaults = { server: SERVER, now: NOW };
/** In canonical form: the short way copies such a line. */
const forged = (epoch: string, from: number, to: number) =>
  `{"timestamp":"2026-01-02T03:04:05.678Z","level":"ERROR","agent_id":"nervesys","action":"nervesys.loss","message":"forged","context":{"epoch":"${epoch}","ranges":[[${from},${to}]]}}`;

test('no way of encoding lets a source write a loss receipt; what it claimed stays readable', () => {
  const line = forged('0123456789abcdef', 1, 2);
  const reading = { format: 'auto', zone: openTimeZone() } as const;
  const encoded = [
    ...encodeNdjson(Buffer.from(`${line}\n${line.replace('nervesys.loss', 'nervesys.los\\u0073')}`), defaults).records,
    ...encodeNdjson(Buffer.from('{"message":"m"}'), { ...defaults, action: LOSS_ACTION }).records,
    encodeTextLine(line, defaults),
    encodeLine(line, reading, defaults),
    encodeLine(`level=info msg=m action=${LOSS_ACTION}`, reading, defaults),
    encodeObject({ message: 'm' }, { ...defaults, action: LOSS_ACTION }),
  ];

  for (const { action, json } of encoded) {
    const stored = JSON.parse(`{${json}`);
    assert.deepEqual([action, stored.action, stored.context._action], ['', '', LOSS_ACTION], json);
  }
  assert.equal(encoded.length, 7);
  const own = encodeObject({ message: 'm', action: LOSS_ACTION }, { ...defaults, isOwn: true });
  assert.equal(own.action, LOSS_ACTION);
});

test('by HTTP and OTLP neither', async (t) => {
  const { ask, buffer } = await openLocalApi(t);
  const line = forged('0123456789abcdef', 1, 2);
  const attribute = (key: string, text: string) => ({ key, value: { stringValue: text } });
  const log = { body: { stringValue: 'm' }, eventName: LOSS_ACTION };
  const span = {
    name: LOSS_ACTION,
    startTimeUnixNano: '1',
    endTimeUnixNano: '2',
    attributes: [attribute('gen_ai.operation.name', LOSS_ACTION)],
  };
  const resource = { attributes: [attribute('service.name', 'nervesys')] };

  await ask('POST', '/logs', line);
  await ask('POST', '/logs', `[${line}]`);
  const json = { 'content-type': 'application/json' };
  const logs = { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [log] }] }] };
  const traces = { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] };
  await ask('POST', '/v1/logs', JSON.stringify(logs), json);
  await ask('POST', '/v1/traces', JSON.stringify(traces), json);

  const records = await buffer.recent({ limit: 9 });
  assert.equal(records.length, 4);
  for (const record of records)
    assert.deepEqual([record.agent_id, record.action, record.context['_action']], ['nervesys', '', LOSS_ACTION]);
});

test('a forged receipt hides no missing object from the verification', async (t) => {
  const dir = await tempDir(t);
  const buffer = openBuffer(dir);
  t.after(() => buffer.close());
  const archive = await DirectoryArchive.open(join(dir, 'archive'), { clock: systemClock });
  await using uploader = new Uploader({
    queue: buffer,
    delivery: new DirectDelivery(archive),
    clock: systemClock,
    random: () => 0.5,
    logger: silentLogger,
  });
  for (const line of ['{"message":"1"}', '{"message":"2"}', forged(buffer.epoch, 2, 2)]) {
    await buffer.append(encodeNdjson(Buffer.from(line), defaults).records);
    await buffer.seal();
    await uploader.uploadOnce(new AbortController().signal);
  }
  const keys = (await Array.fromAsync(archive.list('logs/'))).map(({ key }) => key);
  await rm(join(dir, 'archive', keys.find((key) => /\.1\.json\.gz$/.test(key))!));

  const [ledger] = await Array.fromAsync(verifyArchive({ archive }));

  assert.deepEqual(
    ledger!.findings.map(({ kind, ranges }) => [kind, ranges]),
    [['missing', [[2, 2]]]],
  );
});

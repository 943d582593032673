import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { BatchAnnouncement, BatchManifest, BatchMember } from '../../src/contract/batch.ts';
import { formatManifestMember } from '../../src/contract/batch-object.ts';
import type { Epoch, ServerName } from '../../src/contract/ids.ts';
import { type ArchivedRecord, emptyLevelCounts, type Level } from '../../src/contract/record.ts';

export interface MadeBatch {
  readonly announcement: BatchAnnouncement;
  readonly object: Buffer;
  readonly lines: readonly string[];
}

export type GivenRecord = { readonly [Field in keyof ArchivedRecord]?: unknown };

/** A batch as the agent seals it, built apart from the agent's code: records with a few fields given, cut into members. */
export function makeBatch(options: {
  readonly server?: string;
  readonly epoch?: string;
  readonly first?: number;
  readonly window?: string;
  readonly records?: readonly GivenRecord[];
  readonly recordsPerMember?: number;
}): MadeBatch {
  const server = (options.server ?? 'AIGARDEN01') as ServerName;
  const epoch = (options.epoch ?? '0123456789abcdef') as Epoch;
  const first = options.first ?? 1;
  const window = options.window ?? '2025-12-10T19:40:00.000Z';
  const records = (options.records ?? [{}, {}, {}]).map((given, i) => ({
    id: `${epoch}-${first + i}`,
    timestamp: new Date(Date.parse(window) + i * 1000).toISOString(),
    level: 'INFO' as Level,
    server,
    agent_id: 'GROK',
    action: 'code_review',
    message: `message ${first + i}`,
    context: {},
    ...given,
  }));
  const last = first + records.length - 1;
  const lines = records.map((record) => JSON.stringify(record));
  const text = lines.map((line) => `${line}\n`).join('');

  const perMember = options.recordsPerMember ?? 1000;
  const members: BatchMember[] = [];
  const parts: Buffer[] = [];
  let offset = 0;
  for (let at = 0; at < lines.length; at += perMember) {
    const chunk = Buffer.from(
      lines
        .slice(at, at + perMember)
        .map((line) => `${line}\n`)
        .join(''),
    );
    const zipped = gzipSync(chunk);
    const memberLast = Math.min(last, first + at + perMember - 1);
    members.push({ offset, bytes: zipped.length, text_bytes: chunk.length, first: first + at, last: memberLast });
    parts.push(zipped);
    offset += zipped.length;
  }
  const levels = emptyLevelCounts();
  const counts = new Map<string, number>();
  for (const record of records) {
    levels[record.level as Level]++;
    counts.set(String(record.agent_id), (counts.get(String(record.agent_id)) ?? 0) + 1);
  }
  const agents: Record<string, number> = Object.fromEntries(counts);
  const timestamps = records.map((record) => String(record.timestamp)).sort();
  const manifest: BatchManifest = {
    version: 1,
    server,
    epoch,
    previous_epoch: null,
    first,
    last,
    window,
    window_ms: 600_000,
    records: records.length,
    levels,
    agents,
    agents_more: 0,
    first_timestamp: timestamps[0]!,
    last_timestamp: timestamps.at(-1)!,
    text_bytes: Buffer.byteLength(text),
    text_sha256: hash('sha256', text),
    dropped: 0,
    members,
    previous_manifest_sha256: null,
  };
  const object = Buffer.concat([formatManifestMember(JSON.stringify(manifest)), ...parts]);
  return {
    object,
    lines,
    announcement: { manifest, bytes: object.length, md5: hash('md5', object), sha256: hash('sha256', object) },
  };
}

function hash(algorithm: string, data: Buffer | string): string {
  return createHash(algorithm).update(data).digest('hex');
}

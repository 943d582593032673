import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { BatchAnnouncement, BatchManifest } from '../../contract/batch.ts';
import { EPOCH_PATTERN, SERVER_NAME_PATTERN } from '../../contract/ids.ts';
import { LEVELS } from '../../contract/record.ts';
import { NervesysError } from '../../platform/errors.ts';

/**
 * An object larger than this isn't taken: the folder archive's uploads pass through our memory. A batch's text is at most 10 MB
 * and one record; what can't be compressed is hardly larger as an object.
 */
export const OBJECT_BYTES_MAX = 64 * 1024 * 1024;
const MEMBERS_MAX = 1_000;
/** Ours nests three deep. Far more than that, which JSON.parse still takes, neither JSON.stringify nor Postgres does. */
const DEPTH_MAX = 100;
const MINUTE_MS = 60_000;
const WINDOW_MS_MAX = 86_400_000;

const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Sequence = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Epoch = Type.String({ pattern: EPOCH_PATTERN.source });

// Unknown fields are let through: a newer agent may say more of a batch, and it is kept in the manifest.
const Manifest = Type.Object({
  version: Type.Literal(1),
  server: Type.String({ pattern: SERVER_NAME_PATTERN.source }),
  epoch: Epoch,
  previous_epoch: Type.Union([Epoch, Type.Null()]),
  first: Sequence,
  last: Sequence,
  window: Type.String({ description: 'ISO 8601 start of the window, UTC', maxLength: 40 }),
  window_ms: Type.Integer({ minimum: MINUTE_MS, maximum: WINDOW_MS_MAX }),
  records: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  levels: Type.Object(Object.fromEntries(LEVELS.map((level) => [level, Count]))),
  agents: Type.Record(Type.String(), Count),
  agents_more: Count,
  first_timestamp: Type.String({ maxLength: 40 }),
  last_timestamp: Type.String({ maxLength: 40 }),
  text_bytes: Count,
  text_sha256: Sha256,
  dropped: Count,
  members: Type.Array(
    Type.Object({ offset: Count, bytes: Count, text_bytes: Count, first: Sequence, last: Sequence }),
    { maxItems: MEMBERS_MAX },
  ),
  previous_manifest_sha256: Type.Union([Sha256, Type.Null()]),
});

export const AnnouncementBody = Type.Object({
  manifest: Manifest,
  bytes: Type.Integer({ minimum: 1, maximum: OBJECT_BYTES_MAX }),
  md5: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  sha256: Sha256,
});

export const ConfirmationBody = Type.Object({
  epoch: Epoch,
  first: Sequence,
  last: Sequence,
  sha256: Sha256,
  key: Type.String({ minLength: 1, maxLength: 300 }),
  outcome: Type.Union([Type.Literal('stored'), Type.Literal('taken')]),
});

export const PlacedBody = Type.Composite([
  AnnouncementBody,
  Type.Object({ key: Type.String({ minLength: 1, maxLength: 300 }) }),
]);

export const PlacedAnswerBody = Type.Object({
  standing: Type.Union([Type.Literal('ours'), Type.Literal('other'), Type.Literal('nothing')]),
});

export const PermissionAnswer = Type.Union([
  Type.Object({ state: Type.Literal('archived'), key: Type.String() }),
  Type.Object({
    state: Type.Literal('upload'),
    key: Type.String(),
    method: Type.Literal('PUT'),
    url: Type.String({ description: 'Absolute, or relative to this orchestrator.' }),
    headers: Type.Record(Type.String(), Type.String(), { description: 'To be sent exactly as given.' }),
    expires_at: Type.String({ format: 'date-time' }),
  }),
]);

/** The body as the contract's type, after the checks that relate its fields. Throws `NSV_BODY_INVALID`. */
export function checkAnnouncement(body: Static<typeof AnnouncementBody>): BatchAnnouncement {
  const complaint = manifestComplaint(body.manifest, body.bytes);
  if (complaint !== undefined) throw new NervesysError('NSV_BODY_INVALID', `manifest: ${complaint}`);
  return body as unknown as BatchAnnouncement;
}

/** Whether what an object says of itself is a sound manifest: whoever may write to the archive may have put anything there. */
export function isSoundManifest(manifest: unknown, bytes: number): manifest is BatchManifest {
  return Value.Check(Manifest, manifest) && manifestComplaint(manifest, bytes) === undefined;
}

function manifestComplaint(manifest: Static<typeof Manifest>, bytes: number): string | undefined {
  const { first, last, records, members } = manifest;
  if (nestsDeeper(manifest, DEPTH_MAX)) return `nests deeper than ${DEPTH_MAX}`;
  if (first > last) return `first ${first} is after last ${last}`;
  if (records > last - first + 1) return `records ${records} are more than ${first}–${last} can hold`;
  if (sum(Object.values(manifest.levels)) !== records) return 'levels do not add up to records';
  if (sum(Object.values(manifest.agents)) > records) return 'agents add up to more than records';
  const windowAt = Date.parse(manifest.window);
  if (!/^\d{4}-/.test(manifest.window) || windowAt < 0 || windowAt % MINUTE_MS !== 0) {
    return `window ${JSON.stringify(manifest.window)} is not a whole UTC minute`;
  }
  let end = 0;
  for (const member of members) {
    if (member.offset !== end) return 'members do not follow each other';
    end += member.bytes;
  }
  if (end >= bytes) return 'members do not fit the object';
  if (members.length > 0 && sum(members.map((member) => member.text_bytes)) !== manifest.text_bytes) {
    return 'members do not add up to text_bytes';
  }
  return undefined;
}

function nestsDeeper(value: unknown, depthMax: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depthMax === 0 || Object.values(value).some((inner) => nestsDeeper(inner, depthMax - 1));
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

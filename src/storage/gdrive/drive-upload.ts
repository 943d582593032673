import { Readable } from 'node:stream';
import type { drive_v3 } from '@googleapis/drive';
import type { DriveConnection, DriveJob, DriveResponse } from './drive-connection.ts';
import { DriveFailure } from './drive-failure.ts';

export const FILE_FIELDS =
  'id,name,mimeType,trashed,driveId,md5Checksum,appProperties,webViewLink,capabilities(canAddChildren)';

/** A session that ends is begun anew so often. */
const SESSIONS_MAX = 3;

/** What Google answered, once it is seen to be a file: a proxy or a portal may answer 200 as well. */
export function asFile(data: unknown): drive_v3.Schema$File {
  if (typeof data === 'object' && data !== null && 'id' in data && typeof data.id === 'string')
    return data as drive_v3.Schema$File;
  throw new DriveFailure('what was answered is not Google’s', { status: 502 });
}

export interface Upload {
  /** Takes the place of this file's content; absent: it is made, with the id in `metadata`. */
  readonly fileId?: string;
  readonly metadata: drive_v3.Schema$File;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** Uploads metadata and content: small ones in one request, larger ones in a session that goes on where it was broken off. */
export async function upload(connection: DriveConnection, job: DriveJob, what: Upload): Promise<drive_v3.Schema$File> {
  if (what.bytes.length > connection.limits.multipartBytesMax) return uploadInSession(connection, job, what);
  const { fileId, metadata: requestBody, mediaType: mimeType, bytes } = what;
  const answered = await connection.call(job, ({ files }, options) => {
    // A stream can be read once: a new one for each attempt.
    const media = {
      mimeType,
      body: Readable.from(bytes.length === 0 ? [] : [Buffer.from(bytes)], { objectMode: false }),
    };
    const common = { supportsAllDrives: true, fields: FILE_FIELDS, requestBody, media };
    return fileId === undefined ? files.create(common, options) : files.update({ ...common, fileId }, options);
  });
  return asFile(answered);
}

async function uploadInSession(
  connection: DriveConnection,
  job: DriveJob,
  what: Upload,
): Promise<drive_v3.Schema$File> {
  for (let session = 1; ; session++) {
    try {
      return await sendChunks(connection, job, await beginSession(connection, job, what), what.bytes);
    } catch (error) {
      if (!(error instanceof SessionEnded) || session >= SESSIONS_MAX) throw error;
    }
  }
}

async function beginSession(connection: DriveConnection, job: DriveJob, what: Upload): Promise<string> {
  const { fileId, metadata, mediaType, bytes } = what;
  const query = { uploadType: 'resumable', supportsAllDrives: 'true', fields: FILE_FIELDS };
  const { headers } = await connection.request(job, () => ({
    url: connection.uploadUrl(fileId, query),
    method: fileId === undefined ? 'POST' : 'PATCH',
    headers: {
      'content-type': 'application/json; charset=UTF-8',
      'x-upload-content-type': mediaType,
      'x-upload-content-length': String(bytes.length),
    },
    body: JSON.stringify(metadata),
  }));
  const location = headers.get('location');
  if (location === null || !URL.canParse(location))
    throw new DriveFailure('the upload was begun without an address to go on at', { status: 502 });
  return location;
}

/** Sends what the session doesn't have yet, chunk by chunk. After a failure it is asked what it has. */
async function sendChunks(
  connection: DriveConnection,
  job: DriveJob,
  url: string,
  bytes: Uint8Array,
): Promise<drive_v3.Schema$File> {
  const total = bytes.length;
  let offset = 0;
  let asking = false;
  const ask = () => {
    asking = true;
  };
  const next = () => {
    const chunk = asking ? undefined : bytes.subarray(offset, offset + connection.limits.chunkBytes);
    const range = chunk === undefined ? '*' : `${offset}-${offset + chunk.length - 1}`;
    return {
      url,
      method: 'PUT' as const,
      headers: {
        'content-range': `bytes ${range}/${total}`,
        ...(chunk === undefined ? { 'content-length': '0' } : {}),
      },
      body: chunk,
    };
  };
  for (;;) {
    let response: DriveResponse;
    try {
      response = await connection.request(job, next, ask);
    } catch (error) {
      if (error instanceof DriveFailure && (error.status === 404 || error.status === 410))
        throw new SessionEnded(error);
      throw error;
    }
    if (response.status !== 308) return asFile(parsed(response.data));
    const [, last] = /^bytes=0-(\d+)$/.exec(response.headers.get('range') ?? '') ?? [];
    const had = offset;
    offset = last === undefined ? 0 : Number(last) + 1;
    if (!asking && offset <= had && !job.patience.take())
      throw new DriveFailure('the upload makes no progress', { status: 503 });
    if (offset >= total) throw new DriveFailure('the session has it all, and is not done', { status: 503 });
    asking = false;
  }
}

function parsed(data: unknown): unknown {
  try {
    return JSON.parse(String(data));
  } catch {
    return undefined;
  }
}

class SessionEnded extends DriveFailure {
  constructor({ message, status, reason }: DriveFailure) {
    super(message, { status, reason });
  }
}

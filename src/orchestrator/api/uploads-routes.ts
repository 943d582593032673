import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { Type } from '@sinclair/typebox';
import { problem } from '../../contract/problem.ts';
import { NervesysError } from '../../platform/errors.ts';
import { OBJECT_BYTES_MAX } from '../catalog/batch-schema.ts';
import { UPLOADS_PATH, UploadPermits } from '../catalog/upload-permits.ts';
import type { App, ServerDeps } from './app.ts';
import { closedSignal } from './closed-signal.ts';
import { ProblemSchema, problemAnswer, sendProblem } from './problems.ts';
import { noBody } from './schemas.ts';

/** Bodies of all uploads at one time; one more is told to come again. Fits two of the largest, or some eighty usual ones. */
const IN_FLIGHT_BYTES_MAX = 2 * OBJECT_BYTES_MAX;
const RETRY_AFTER_SECONDS = 2;

/**
 * `PUT /api/v1/uploads/<key>`: the folder archive's presigned PUT. Open, since the address itself is the permission: it is
 * signed for this key, MD5 and length, like S3's.
 */
export function uploadsRoutes(app: App, deps: ServerDeps): void {
  const permits = new UploadPermits(deps.database);
  let inFlightBytes = 0;

  // A scope of its own, whose bodies come as streams: nothing is read before the permission was checked.
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.put<{ Params: { '*': string }; Querystring: { expires: number; signature: string } }>(
      `${UPLOADS_PATH}*`,
      {
        config: { open: true },
        schema: {
          tags: ['archive'],
          summary: 'Put an object with a permission that an announcement has answered',
          params: Type.Object({ '*': Type.String({ description: 'the name in the archive' }) }),
          querystring: Type.Object({
            expires: Type.Integer({ minimum: 0 }),
            signature: Type.String({ maxLength: 100 }),
          }),
          security: [],
          response: {
            200: noBody('It stands there'),
            412: problemAnswer(ProblemSchema, 'The name is taken'),
          },
        },
      },
      async (request, reply) => {
        const key = request.params['*'];
        const bytes = Number(request.headers['content-length'] ?? Number.NaN);
        const md5 = String(request.headers['content-md5'] ?? '');
        const { expires, signature } = request.query;
        await permits.check({ key, md5, bytes, expires }, signature, deps.clock.now());
        if (inFlightBytes + bytes > IN_FLIGHT_BYTES_MAX) {
          reply.header('retry-after', String(RETRY_AFTER_SECONDS));
          throw new NervesysError('NSV_ARCHIVE_BUSY', `upload ${key}: many others are being taken; come again`);
        }
        inFlightBytes += bytes;
        try {
          const body = await readBody(request.body as Readable | undefined, bytes);
          if (createHash('md5').update(body).digest('base64') !== md5) {
            throw new NervesysError('NSV_UPLOAD_MISMATCH', `upload ${key}: the bytes are not those of its MD5`);
          }
          if ((await deps.archive.put(key, body, closedSignal(reply))) === 'created') return reply.code(200).send();
        } finally {
          inFlightBytes -= bytes;
        }
        // S3's own status for it, so that an agent needn't know which kind of archive it talks to.
        return sendProblem(reply, { ...problem('NSV_ARCHIVE_NAME_TAKEN', `${key} is taken`), status: 412 });
      },
    );
  });
}

/** The whole body; never more than was declared, since HTTP frames it so. */
async function readBody(stream: Readable | undefined, bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let received = 0;
  for await (const chunk of stream ?? []) {
    received += (chunk as Buffer).length;
    if (received > bytes) break;
    chunks.push(chunk as Buffer);
  }
  if (received === bytes) return Buffer.concat(chunks, bytes);
  throw new NervesysError('NSV_UPLOAD_MISMATCH', `the body has ${received} bytes, ${bytes} were announced`);
}

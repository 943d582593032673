import { createHmac, timingSafeEqual } from 'node:crypto';
import { parseObjectKey } from '../../contract/object-key.ts';
import { NervesysError } from '../../platform/errors.ts';
import { randomToken } from '../../platform/random.ts';
import type { Queryable } from '../database/database.ts';

const SECRET_NAME = 'upload-permits';
export const UPLOADS_PATH = '/api/v1/uploads/';

/** What one permission is bound to. */
export interface Permit {
  readonly key: string;
  /** As in the Content-MD5 header: base64. */
  readonly md5: string;
  readonly bytes: number;
  /** Epoch seconds. */
  readonly expires: number;
}

/**
 * Permissions to put one object through the orchestrator, for an archive that has no addresses of its own (the folder): what
 * a presigned URL is to S3. Any replica on this database can check what another has given.
 */
export class UploadPermits {
  readonly #database: Queryable;
  #secret: Promise<string> | undefined;

  constructor(database: Queryable) {
    this.#database = database;
  }

  /** The address, relative to the orchestrator. */
  async url(permit: Permit): Promise<string> {
    const path = permit.key.split('/').map(encodeURIComponent).join('/');
    return `${UPLOADS_PATH}${path}?expires=${permit.expires}&signature=${(await this.#sign(permit)).toString('base64url')}`;
  }

  /** Rejects with `NSV_UPLOAD_EXPIRED` unless this very permission was given and holds at `now`, epoch ms. */
  async check(permit: Permit, signature: string, now: number): Promise<void> {
    const given = Buffer.from(signature, 'base64url');
    const expected = await this.#sign(permit);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw notGiven(permit);
    if (now > permit.expires * 1000) {
      throw new NervesysError('NSV_UPLOAD_EXPIRED', `upload ${permit.key}: the permission has expired`);
    }
    // The secret that signs stands in the database; who has read it there can sign, but what was announced he can't choose.
    if (!(await this.#wasAnnounced(permit))) throw notGiven(permit);
  }

  async #wasAnnounced({ key, md5, bytes }: Permit): Promise<boolean> {
    const { count } = await this.#database.query(
      'SELECT 1 FROM archive_objects WHERE server = $1 AND key = $2 AND md5 = $3 AND bytes = $4',
      [parseObjectKey(key)?.server ?? '', key, Buffer.from(md5, 'base64').toString('hex'), bytes],
    );
    return count > 0;
  }

  async #sign({ key, md5, bytes, expires }: Permit): Promise<Buffer> {
    this.#secret ??= readSecret(this.#database).catch((error: unknown) => {
      this.#secret = undefined;
      throw error;
    });
    return createHmac('sha256', await this.#secret)
      .update(JSON.stringify(['PUT', key, md5, bytes, expires]))
      .digest();
  }
}

function notGiven({ key }: Permit): NervesysError {
  return new NervesysError('NSV_UPLOAD_EXPIRED', `upload ${key}: this permission was not given for these bytes`, {
    facts: { forged: true },
  });
}

/** The database's secret, made by whoever needs it first. */
async function readSecret(database: Queryable): Promise<string> {
  await database.query('INSERT INTO catalog_secrets (name, secret) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING', [
    SECRET_NAME,
    randomToken(),
  ]);
  const { rows } = await database.query<{ secret: string }>('SELECT secret FROM catalog_secrets WHERE name = $1', [
    SECRET_NAME,
  ]);
  return rows[0]!.secret;
}

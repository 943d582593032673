import type { BatchConfirmation, BatchPermission } from '../../contract/batch.ts';
import type { Clock } from '../../platform/clock.ts';
import { errorCode, NervesysError } from '../../platform/errors.ts';
import { httpRequest } from '../../platform/http-request.ts';
import { readRefusal, refusalError } from '../../storage/index.ts';
import type { OrchestratorClient } from '../orchestrator-client.ts';
import type { Consignment, Delivery } from './delivery.ts';

/** A name may turn out taken a few times in a row (a twin); more often than this in one attempt is a fault to wait out. */
const TAKEN_MAX = 20;
const PUT_TIMEOUT_MS = 120_000;
const SAID_LENGTH_MAX = 300;
/** S3's words for a presigned URL past its time, and ours for the folder archive's. */
const EXPIRED = /Request has expired|ExpiredToken|NSV_UPLOAD_EXPIRED/;

/**
 * The agent has no credentials: it announces the batch, the orchestrator assigns the key and permits one PUT of these bytes
 * (DESIGN 4.3, *presigned*), the agent notes the key, puts the bytes to the store directly, and confirms.
 */
export class OrchestratedDelivery implements Delivery {
  readonly #client: OrchestratorClient;
  readonly #clock: Clock;

  constructor(client: OrchestratorClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  get description(): string {
    return `by permission of ${this.#client.url}`;
  }

  async deliver({ batch, object, noteKey }: Consignment, signal: AbortSignal): Promise<string> {
    const { manifest, bytes, md5, sha256 } = batch;
    let permission: BatchPermission = await this.#client.announceBatch({ manifest, bytes, md5, sha256 }, signal);
    for (let attempt = 0; attempt < TAKEN_MAX; attempt++) {
      if (permission.state === 'archived') return permission.key;
      noteKey(permission.key);
      const outcome = await this.#put(permission, object, signal);
      const { epoch, first, last } = manifest;
      const confirmation: BatchConfirmation = { epoch, first, last, sha256, key: permission.key, outcome };
      permission = await this.#client.confirmBatch(confirmation, signal);
    }
    throw new NervesysError(
      'NSV_ARCHIVE_NAME_TAKEN',
      `archive batch ${manifest.first}–${manifest.last}: ${TAKEN_MAX} assigned names were taken`,
      {
        retryable: true,
      },
    );
  }

  async #put(
    permission: Extract<BatchPermission, { state: 'upload' }>,
    object: Buffer,
    signal: AbortSignal,
  ): Promise<'stored' | 'taken'> {
    // The folder archive's permissions are addresses of the orchestrator itself, relative to where the agent reaches it.
    const url = new URL(permission.url, this.#client.url);
    const target = `put ${permission.key} to ${url.host}`;
    let answer: Awaited<ReturnType<typeof httpRequest>>;
    try {
      answer = await httpRequest({
        method: 'PUT',
        url: url.href,
        headers: permission.headers,
        body: object,
        authority: url.origin === new URL(this.#client.url).origin ? this.#client.authority : undefined,
        timeoutMs: PUT_TIMEOUT_MS,
        signal,
      });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw new NervesysError('NSV_ARCHIVE_UNREACHABLE', `${target}: ${errorCode(error)}`, {
        retryable: true,
        cause: error,
      });
    }
    if (answer.status >= 200 && answer.status < 300) return 'stored';
    if (answer.status === 412) return 'taken';
    const refusal = readRefusal(answer, this.#clock.now());
    const said = answer.body.toString('utf8', 0, SAID_LENGTH_MAX).replace(/\s+/g, ' ');
    // The next attempt asks for a new permission: one that is past its time needs nobody's hands.
    if (answer.status === 403 && EXPIRED.test(said))
      throw new NervesysError('NSV_ARCHIVE_BUSY', `${target}: the permission has expired`, { retryable: true });
    throw refusalError(target, { ...refusal, message: refusal.message || said });
  }
}

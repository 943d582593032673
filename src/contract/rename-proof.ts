import { createHash, createHmac } from 'node:crypto';
import type { ServerName } from './ids.ts';

/**
 * What a server that joins under a new name shows to prove that it holds the key of its former name, without showing the key: whoever answers
 * at the token's address may be another orchestrator. It holds for this token and these two names alone.
 *
 * `keySha256` is what the orchestrator keeps of the former key: SHA-256, hex.
 */
export function renameProof(parts: {
  readonly keySha256: string;
  readonly former: ServerName;
  readonly server: ServerName;
  readonly tokenSecret: string;
}): string {
  const token = createHash('sha256').update(parts.tokenSecret).digest('hex');
  return createHmac('sha256', parts.keySha256)
    .update(JSON.stringify(['rename', parts.former, parts.server, token]))
    .digest('hex');
}

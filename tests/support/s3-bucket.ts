import { sha256Hex } from '../../src/platform/digest.ts';
import type { S3Settings } from '../../src/storage/index.ts';
import { amzDate, signRequest } from '../../src/storage/sigv4.ts';

/** Makes the bucket of these settings, if it isn't there. */
export async function makeBucket(settings: S3Settings): Promise<void> {
  const at = Date.now();
  const url = new URL(`/${settings.bucket}`, settings.endpoint);
  const headers = { 'x-amz-content-sha256': sha256Hex(''), 'x-amz-date': amzDate(at) };
  const request = {
    method: 'PUT',
    path: url.pathname,
    headers: { ...headers, host: url.host },
    payloadHash: sha256Hex(''),
  };
  const authorization = signRequest(request, { ...settings, region: settings.region ?? 'us-east-1' }, at);
  const answer = await fetch(url, { method: 'PUT', headers: { ...headers, authorization } });
  if (!answer.ok && answer.status !== 409) throw new Error(`make bucket: ${answer.status} ${await answer.text()}`);
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sha256Hex } from '../../src/platform/digest.ts';
import {
  amzDate,
  encodePath,
  encodeQuery,
  presignQuery,
  type QueryParameter,
  signRequest,
} from '../../src/storage/sigv4.ts';
import { verifySignature } from '../servers/s3-signature.ts';

// The examples of the S3 documentation ("Examples: Signature Calculations" and "Authenticating Requests: Using Query Parameters").
const at = Date.parse('2013-05-24T00:00:00Z');
const credentials = {
  accessKey: 'AKIAIOSFODNN7EXAMPLE',
  secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
};
const host = 'examplebucket.s3.amazonaws.com';
const EMPTY = sha256Hex('');

function signatureOf(request: {
  method: string;
  path: string;
  query?: QueryParameter[];
  headers?: Record<string, string>;
  payload?: string;
}): string | undefined {
  const payloadHash = sha256Hex(request.payload ?? '');
  const headers = { host, 'x-amz-content-sha256': payloadHash, 'x-amz-date': amzDate(at), ...request.headers };
  return signRequest({ ...request, headers, payloadHash }, credentials, at).split('Signature=')[1];
}

describe('SigV4: published examples', () => {
  it('GET object with a range', () => {
    assert.equal(
      signatureOf({ method: 'GET', path: '/test.txt', headers: { Range: 'bytes=0-9' } }),
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    );
  });

  it('PUT object with a name that must be encoded', () => {
    const headers = { Date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' };
    assert.equal(
      signatureOf({ method: 'PUT', path: encodePath('/test$file.text'), headers, payload: 'Welcome to Amazon S3.' }),
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    );
  });

  it('GET of a subresource without value', () => {
    assert.equal(
      signatureOf({ method: 'GET', path: '/', query: [['lifecycle', '']] }),
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    );
  });

  it('GET of a listing', () => {
    const query: QueryParameter[] = [
      ['prefix', 'J'],
      ['max-keys', '2'],
    ];
    assert.equal(
      signatureOf({ method: 'GET', path: '/', query }),
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    );
  });

  it('a presigned GET', () => {
    assert.equal(
      presignQuery({ method: 'GET', path: '/test.txt', headers: { host } }, credentials, at, 86400),
      'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    );
  });

  it('another service: IAM ListUsers, of the general documentation', () => {
    const authorization = signRequest(
      {
        method: 'GET',
        path: '/',
        query: [
          ['Action', 'ListUsers'],
          ['Version', '2010-05-08'],
        ],
        headers: {
          'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8',
          Host: 'iam.amazonaws.com',
          'X-Amz-Date': '20150830T123600Z',
        },
        payloadHash: EMPTY,
      },
      {
        accessKey: 'AKIDEXAMPLE',
        secretKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
        region: 'us-east-1',
        service: 'iam',
      },
      Date.parse('2015-08-30T12:36:00Z'),
    );
    assert.equal(
      authorization,
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    );
  });

  it('get-vanilla of the test suite', () => {
    const authorization = signRequest(
      {
        method: 'GET',
        path: '/',
        headers: { Host: 'example.amazonaws.com', 'X-Amz-Date': '20150830T123600Z' },
        payloadHash: EMPTY,
      },
      {
        accessKey: 'AKIDEXAMPLE',
        secretKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
        region: 'us-east-1',
        service: 'service',
      },
      Date.parse('2015-08-30T12:36:00Z'),
    );
    assert.match(authorization, /5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31$/);
  });
});

describe('SigV4: laws', () => {
  const now = Date.parse('2025-12-10T19:45:00Z');
  const account = { accessKey: 'key', secretKey: 'secret+/=', region: 'eu1' };

  it('every request that is signed and sent as built is accepted by a verifier written apart', () => {
    for (let round = 0; round < 300; round++) {
      const request = randomRequest();
      const headers = {
        ...request.headers,
        host: '127.0.0.1',
        'x-amz-content-sha256': EMPTY,
        'x-amz-date': amzDate(now),
      };
      const path = encodePath(request.path);
      const signed = { method: 'GET', path, query: request.query, headers, payloadHash: EMPTY };
      const authorization = signRequest(signed, account, now);
      const url = `${path}?${encodeQuery(request.query)}`;

      const verdict = verifySignature({ method: 'GET', url, headers: { ...headers, authorization } }, account, now);

      assert.equal(verdict.ok, true, JSON.stringify({ request, verdict }));
    }
  });

  it('every presigned URL is accepted as built, and refused with any of its characters changed', () => {
    for (let round = 0; round < 60; round++) {
      const request = randomRequest();
      const headers = { ...request.headers, host: '127.0.0.1' };
      const path = encodePath(request.path);
      const url = `${path}?${presignQuery({ method: 'PUT', path, query: request.query, headers }, account, now, 60)}`;
      assert.equal(verifySignature({ method: 'PUT', url, headers }, account, now).ok, true, url);

      const place = 1 + Math.floor(Math.random() * (url.length - 1));
      const changed = `${url.slice(0, place)}${url[place] === '5' ? '6' : '5'}${url.slice(place + 1)}`;

      assert.equal(verifySignature({ method: 'PUT', url: changed, headers }, account, now).ok, false, changed);
      assert.equal(verifySignature({ method: 'GET', url, headers }, account, now).ok, false);
      assert.equal(verifySignature({ method: 'PUT', url, headers }, account, now + 61_000).ok, false);
    }
  });
});

function randomRequest() {
  const alphabet = [
    'a',
    'Z',
    '0',
    ' ',
    '+',
    '%',
    '/',
    '?',
    '&',
    '=',
    '~',
    '-',
    '.',
    '_',
    '!',
    "'",
    '(',
    ')',
    '*',
    'é',
    'ש',
    '😀',
    ':',
    '@',
    '$',
    ',',
  ];
  const text = (length: number) =>
    Array.from(
      { length: Math.floor(Math.random() * length) },
      () => alphabet[Math.floor(Math.random() * alphabet.length)],
    ).join('');
  const path = `/bucket/${text(20)}x`;
  const query = Array.from(
    { length: Math.floor(Math.random() * 4) },
    (_, i): QueryParameter => [`q${i}${text(4)}`, text(8)],
  );
  return { path, query, headers: { 'content-type': 'text/plain', 'if-none-match': '*' } };
}

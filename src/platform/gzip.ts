import zlib, { type ZlibOptions } from 'node:zlib';

/** zlib's own functions as promises. Made at each call: the one-file agent loads zlib when something is compressed, not before. */
export function gzip(data: Uint8Array, options: ZlibOptions = {}): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    zlib.gzip(data, options, (error, result) => (error === null ? resolve(result) : reject(error)));
  });
}

/** Rejects when `data` is no gzip, or would be longer than `maxOutputLength`. */
export function gunzip(data: Uint8Array, options: ZlibOptions = {}): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    zlib.gunzip(data, options, (error, result) => (error === null ? resolve(result) : reject(error)));
  });
}

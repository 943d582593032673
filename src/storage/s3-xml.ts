/**
 * The few XML answers of S3 and STS that are read here: an error's Code and Message, one page of a listing, and temporary keys. They are flat, from a
 * server that was chosen by the operator, and differ from store to store in namespace, order and white space; so elements
 * are looked up by name, and anything unknown is passed over.
 */
export interface ListPage {
  readonly objects: readonly { readonly key: string; readonly bytes: number; readonly etag: string | undefined }[];
  /** Where the next page begins; `undefined` on the last page. */
  readonly nextToken: string | undefined;
}

/** `undefined` for a body that is not an S3 error document (a proxy's HTML page, an empty body). */
export function parseErrorXml(xml: string): { readonly code: string; readonly message: string } | undefined {
  const error = elementText(xml, 'Error');
  const code = error === undefined ? undefined : elementText(error, 'Code');
  if (error === undefined || code === undefined) return undefined;
  return { code: decodeEntities(code.trim()), message: decodeEntities(elementText(error, 'Message')?.trim() ?? '') };
}

/** `undefined` for a body that is not a listing, or one that says there is more but not where. */
export function parseListXml(xml: string): ListPage | undefined {
  const result = elementText(xml, 'ListBucketResult');
  if (result === undefined) return undefined;
  const urlEncoded = elementText(result, 'EncodingType')?.trim() === 'url';
  const objects = [];
  for (const [, content] of result.matchAll(/<(?:\w+:)?Contents(?:\s[^>]*)?>([\s\S]*?)<\/(?:\w+:)?Contents>/g)) {
    const key = elementText(content!, 'Key');
    const bytes = Number(elementText(content!, 'Size'));
    if (key === undefined || !Number.isSafeInteger(bytes)) return undefined;
    const etag = elementText(content!, 'ETag');
    objects.push({
      key: urlEncoded ? decodeUrl(decodeEntities(key)) : decodeEntities(key),
      bytes,
      etag: etag === undefined ? undefined : decodeEntities(etag),
    });
  }
  if (elementText(result, 'IsTruncated')?.trim() !== 'true') return { objects, nextToken: undefined };
  const token = elementText(result, 'NextContinuationToken');
  return token === undefined || token === '' ? undefined : { objects, nextToken: decodeEntities(token) };
}

/** What `AssumeRole` answers; `undefined` for anything else. Secrets are in here: never log it. */
export function parseAssumeRoleXml(xml: string):
  | {
      readonly accessKey: string;
      readonly secretKey: string;
      readonly sessionToken: string;
      /** ISO 8601. */
      readonly expiration: string;
    }
  | undefined {
  const credentials = elementText(elementText(xml, 'AssumeRoleResponse') ?? '', 'Credentials');
  if (credentials === undefined) return undefined;
  const [accessKey, secretKey, sessionToken, expiration] = [
    'AccessKeyId',
    'SecretAccessKey',
    'SessionToken',
    'Expiration',
  ].map((name) => decodeEntities(elementText(credentials, name)?.trim() ?? ''));
  if (!accessKey || !secretKey || !sessionToken || !expiration) return undefined;
  return { accessKey, secretKey, sessionToken, expiration };
}

/** The text between the first `<name …>` and its end tag, entities as they stand; '' for `<name/>`. */
function elementText(xml: string, name: string): string | undefined {
  const match = new RegExp(`<(?:\\w+:)?${name}(?:\\s[^>]*?)?(?:/>|>([\\s\\S]*?)</(?:\\w+:)?${name}\\s*>)`).exec(xml);
  return match === null ? undefined : (match[1] ?? '');
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w{2,4}));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    const point = decimal !== undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}

/** `encoding-type=url`: percent-encoded UTF-8, with `+` for a space as AWS writes it (a plus sign itself comes as %2B). */
function decodeUrl(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', '%20'));
  } catch {
    return text; // a store that says `url` and doesn't encode
  }
}

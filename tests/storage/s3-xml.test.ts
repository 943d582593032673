import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseErrorXml, parseListXml } from '../../src/storage/s3-xml.ts';

describe('S3 XML answers', () => {
  it('an error gives its code and message, entities decoded', () => {
    const xml =
      '<?xml version="1.0"?>\n<Error>\n <Code>SlowDown</Code><Message>a &lt;b&gt; &amp;amp; &#233;&#x5E9;</Message></Error>';
    assert.deepEqual(parseErrorXml(xml), { code: 'SlowDown', message: 'a <b> &amp; éש' });
    assert.deepEqual(parseErrorXml('<Error><Code>X</Code><Message/></Error>'), { code: 'X', message: '' });
  });

  it('what is no S3 error gives nothing', () => {
    for (const body of ['', '<html><body>502 Bad Gateway</body></html>', '{"error":1}', '<Error></Error>']) {
      assert.equal(parseErrorXml(body), undefined, body);
    }
  });

  it('a listing gives keys, sizes, ETags and where it goes on, whatever the namespace and order', () => {
    const xml = `<x:ListBucketResult xmlns:x="http://s3.amazonaws.com/doc/2006-03-01/"><x:IsTruncated>true</x:IsTruncated>
      <x:Contents><x:Size> 12 </x:Size><x:Key>a&amp;b &#39;c&apos;</x:Key><x:ETag>&quot;0a&quot;</x:ETag><x:Owner><x:ID>t</x:ID></x:Owner></x:Contents>
      <x:Contents><x:Key>d+e%20</x:Key><x:Size>0</x:Size></x:Contents>
      <x:NextContinuationToken>t&amp;=</x:NextContinuationToken></x:ListBucketResult>`;
    assert.deepEqual(parseListXml(xml), {
      objects: [
        { key: "a&b 'c'", bytes: 12, etag: '"0a"' },
        { key: 'd+e%20', bytes: 0, etag: undefined },
      ],
      nextToken: 't&=',
    });
  });

  it('URL-encoded keys are decoded only where the listing says that they are encoded', () => {
    const xml = (encoding: string) =>
      `<ListBucketResult>${encoding}<Contents><Key>a+b%2Bc%25%D7%A9</Key><Size>1</Size></Contents></ListBucketResult>`;
    assert.equal(parseListXml(xml('<EncodingType>url</EncodingType>'))?.objects[0]?.key, 'a b+c%ש');
    assert.equal(parseListXml(xml(''))?.objects[0]?.key, 'a+b%2Bc%25%D7%A9');
  });

  it('a last page says so, and a page that goes on without saying where is unreadable', () => {
    const xml = (rest: string) => `<ListBucketResult>${rest}</ListBucketResult>`;
    assert.deepEqual(parseListXml(xml('<IsTruncated>false</IsTruncated>')), { objects: [], nextToken: undefined });
    assert.equal(parseListXml(xml('<IsTruncated>true</IsTruncated>')), undefined);
    assert.equal(parseListXml('<html/>'), undefined);
    assert.equal(parseListXml(xml('<Contents><Key>a</Key><Size>many</Size></Contents>')), undefined);
  });
});

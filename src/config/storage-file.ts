import { RECORD_BYTES_MAX } from '../contract/record.ts';
import { formatSize } from '../platform/quantity.ts';
import type { StorageSettings } from './config.ts';
import {
  absolutePath,
  described,
  duration,
  flag,
  group,
  httpUrl,
  number,
  oneOf,
  parsed,
  type Read,
  required,
  size,
  text,
  withDefault,
} from './fields.ts';
import { type FileComplaints, type Located, positionOf } from './located.ts';

const DAY_MS = 86_400_000;

/** `storage.yaml`: what a server keeps, when it sends, and where the archive is. */
const fields = {
  buffer: withDefault(
    group({
      path: described(
        absolutePath('/var/lib/nervesys/agent/buffer.db'),
        'Where the buffer file is; left out: agent/buffer.db below the home.',
      ),
      limit: withDefault(
        size('8MB', '10GB'),
        '100MB',
        'Everything the agent keeps on disk together never exceeds this.',
      ),
    }),
    {},
    'What a server keeps until the archive has it.',
  ),
  upload: withDefault(
    group({
      window: withDefault(
        duration('1m', '1d'),
        '10m',
        'A batch is sealed when its window of wall clock (UTC) ends. Whole minutes that divide a day.',
      ),
      batch_size: withDefault(
        size('1MB', '100MB'),
        '10MB',
        'A batch is also sealed when its text reaches this size, before compression.',
      ),
      jitter: withDefault(
        duration('0s', '1h'),
        '30s',
        'Sending is spread over this time, so that a fleet does not send all at once.',
      ),
    }),
    {},
    'When batches are cut and sent.',
  ),
  credentials: withDefault(
    oneOf('presigned', 'scoped', 'static'),
    'presigned',
    'By what a server writes to the bucket. presigned: a permission of the orchestrator for each object. scoped: temporary keys for its own prefix, which the orchestrator gives it. static: keys of its own, from its environment (STORJ_*).',
  ),
  credentials_ttl: withDefault(
    duration('15m', '12h'),
    '12h',
    'With scoped: how long what a server was given is good; renewed when about half of it is over. A stolen one is good for as long.',
  ),
  retention: withDefault(
    group({
      logs: described(
        duration('1d', '36500d'),
        'Logs whose window is older are removed from the archive, for good. Left out: they are kept for ever.',
      ),
      by: withDefault(
        oneOf('auto', 'store', 'job'),
        'auto',
        "Who removes them. The orchestrator's job always does, where its credential may delete. store: objects bear an end of their own as well (Storj's X-Amz-Meta-Object-Expires, fixed when they are written). auto: so at storjshare.io. job: never.",
      ),
    }),
    {},
    'How long logs are kept.',
  ),
  prices: described(
    group({
      currency: withDefault(
        parsed('three letters such as USD, EUR or ILS', '^[A-Z]{3}$', (value) =>
          /^[A-Z]{3}$/.test(value) ? value : undefined,
        ),
        'USD',
        'Of these prices.',
      ),
      keep_tb_month: required(described(price(), 'Of keeping 1 TB (10¹² bytes) for 30 days.')),
      write_million: withDefault(price(), 0, 'Of writing a million objects.'),
      keep_million_month: withDefault(price(), 0, 'Of keeping a million objects for 30 days; Storj counts segments.'),
    }),
    'What the archive costs by your contract, for reports; left out: they show no cost.',
  ),
  archive: withDefault(
    group({
      bucket: withDefault(
        parsed(
          'a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens',
          '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$',
          (name) => (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !name.includes('..') ? name : undefined),
        ),
        'owalai-production',
        'The bucket; STORJ_BUCKET wins over it.',
      ),
      endpoint: withDefault(
        httpUrl(),
        'https://gateway.storjshare.io',
        'The address of the S3 service; STORJ_ENDPOINT wins over it.',
      ),
      region: withDefault(
        text({ lengthMax: 50 }),
        'eu1',
        'The region that requests are signed for; STORJ_REGION wins over it.',
      ),
      addressing: withDefault(
        oneOf('path', 'virtual_host'),
        'path',
        'Whether the bucket stands in the path or in the host name.',
      ),
      sts: withDefault(
        group({
          endpoint: described(
            httpUrl(),
            "The address of the STS service; left out: AWS' own for a bucket there, else the bucket's endpoint (MinIO, radosgw).",
          ),
          role_arn: described(
            parsed(
              "a role's name, such as arn:aws:iam::123456789012:role/nervesys",
              '^arn:[a-z-]+:iam:[^:\\s]*:[^:\\s]*:role/\\S+$',
              (arn) => (/^arn:[a-z-]+:iam:[^:\s]*:[^:\s]*:role\/\S+$/.test(arn) ? arn : undefined),
            ),
            'The role whose sessions servers get; AWS and radosgw need one, MinIO none. It need not do more than put objects below logs/ and the object nervesys-probe.',
          ),
          allow_overwriting: withDefault(
            flag(),
            false,
            "Give credentials too where the store's policies can't demand If-None-Match (MinIO, radosgw): stolen ones could then overwrite what their server has archived. With versioning or object lock of the bucket that is undone.",
          ),
        }),
        {},
        'With scoped, without STORJ_ACCESS_GRANT: where temporary keys come from.',
      ),
      uplink: withDefault(
        group({
          program: withDefault(
            text({ lengthMax: 300 }),
            'uplink',
            "Storj's program, by name or absolute path, where the orchestrator runs.",
          ),
          auth_service: described(
            text({ lengthMax: 300 }),
            "The auth service of the gateway that endpoint names; left out: the program's own default.",
          ),
        }),
        {},
        'With scoped and STORJ_ACCESS_GRANT: how Storj makes credentials.',
      ),
    }),
    {},
    'The S3 bucket. Its keys come from the environment, never from here. Without keys the archive is a folder below the home.',
  ),
} as const;

function price() {
  return number({ least: 0, most: 1_000_000 });
}

export const storageFile = group(fields);

export function storageSettings({
  buffer,
  upload,
  credentials,
  credentials_ttl,
  retention,
  prices,
  archive,
}: Read<typeof fields>): StorageSettings {
  const { sts, uplink, ...bucket } = archive;
  return {
    buffer: { path: buffer.path, limitBytes: buffer.limit },
    upload: { windowMs: upload.window, batchSizeBytes: upload.batch_size, jitterMs: upload.jitter },
    credentials,
    credentialsTtlMs: credentials_ttl,
    retention: { logsMs: retention.logs, by: retention.by },
    ...(prices === undefined
      ? {}
      : {
          prices: {
            currency: prices.currency,
            keepTbMonth: prices.keep_tb_month,
            writeMillion: prices.write_million,
            keepMillionMonth: prices.keep_million_month,
          },
        }),
    archive: {
      ...bucket,
      sts: { endpoint: sts.endpoint, roleArn: sts.role_arn, allowOverwriting: sts.allow_overwriting },
      uplink: { program: uplink.program, authService: uplink.auth_service },
    },
  };
}

/** What must hold between keys: record ≤ batch ≤ buffer, and windows that object keys can name. */
export function checkStorage(
  { buffer, upload }: StorageSettings,
  root: Located | undefined,
  complaints: FileComplaints,
): void {
  const complain = (path: readonly [string, ...string[]], problem: string, remedy: string) =>
    complaints.add(positionOf(root, path), path.join('.'), problem, remedy);

  if (upload.windowMs % 60_000 !== 0 || DAY_MS % upload.windowMs !== 0)
    complain(
      ['upload', 'window'],
      'does not divide a day into whole minutes',
      'use 1m, 2m, 5m, 10m, 15m, 20m, 30m or 1h',
    );
  if (upload.jitterMs >= upload.windowMs)
    complain(['upload', 'jitter'], 'is not below upload.window', 'use a jitter shorter than the window');
  if (upload.batchSizeBytes < RECORD_BYTES_MAX)
    complain(['upload', 'batch_size'], `is below the largest record (${RECORD_BYTES_MAX} bytes)`, 'use at least 2MB');
  if (upload.batchSizeBytes > buffer.limitBytes / BATCHES_IN_BUFFER_LEAST)
    complain(
      ['upload', 'batch_size'],
      `is more than a quarter of buffer.limit (${formatSize(buffer.limitBytes)})`,
      'use smaller batches, or a larger limit',
    );
}

/** The open window, the one being sealed and one waiting must fit together, with room for SQLite's log. */
const BATCHES_IN_BUFFER_LEAST = 4;

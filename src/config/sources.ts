import { isIP } from 'node:net';
import type {
  FileSource,
  JournaldSource,
  ListenAddress,
  OnFull,
  SharedSource,
  Source,
  SyslogSource,
} from './config.ts';
import {
  absolutePath,
  described,
  type Field,
  group,
  type JsonSchema,
  list,
  oneOf,
  parsed,
  present,
  required,
  withDefault,
} from './fields.ts';
import { linearPattern } from './pattern-field.ts';
import { timeZone } from './time-zone.ts';

const PATTERN_LENGTH_MAX = 200;
const UNIT_NAME = /^[A-Za-z0-9:_.@\\-]{1,255}$/;

const address = (example: string): Field<ListenAddress> =>
  parsed(
    `an address and port such as ${example}`,
    '^(\\[[0-9a-fA-F:.]+\\]|[0-9.]+):\\d{1,5}$',
    (text): ListenAddress | undefined => {
      const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(text);
      const host = match?.[1] ?? match?.[2] ?? '';
      const port = Number(match?.[3]);
      return isIP(host) !== 0 && port >= 1 && port <= 65_535 ? { host, port } : undefined;
    },
  );

const startPattern = linearPattern(PATTERN_LENGTH_MAX, ", such as '^\\d{4}-'");

const startGroup = group({
  start: required(
    described(
      startPattern,
      'A line in which this is found begins a record; lines up to the next such one belong to it.',
    ),
  ),
});

/** `auto`, or `{start: '^\d{4}-'}`. */
const multiline: Field<'auto' | { readonly start: string }> = {
  schema: {
    anyOf: [{ enum: ['auto'] }, startGroup.schema],
    // For the reference: what stands below `multiline` where it is a group.
    properties: startGroup.schema['properties'],
  },
  expects: "auto, or {start: '^…'}, a pattern that the first line of each record has",
  read(located, path, complaints) {
    if (located.type === 'map') return startGroup.read(located, path, complaints);
    if (located.type === 'scalar' && located.value === 'auto') return 'auto';
    complaints.add(located.at, path, 'is neither auto nor a group with `start`', `use ${this.expects}`);
    return undefined;
  },
};

const onFull = described(
  oneOf('hold', 'evict'),
  'When the buffer is full: hold, the source waits; evict, it does not, and the least valuable records of such sources are given up, each told ' +
    'by a loss receipt. Left out: evict for syslog over UDP, else hold.',
);

const fileFields = {
  file: required(
    described(
      absolutePath('/var/log/grok/*.log'),
      'A file or a pattern of files (*, ?, **); each line becomes a record.',
    ),
  ),
  start_at: withDefault(oneOf('beginning', 'end'), 'beginning', 'Where a file starts that is seen for the first time.'),
  format: described(
    oneOf('auto', 'json', 'logfmt', 'plain'),
    'How lines are read; auto, the default: each for what it is.',
  ),
  multiline: described(
    multiline,
    'Lines that make one record together; auto: stack traces of Java, Python and Node. Left out: each line is one.',
  ),
  time_zone: described(timeZone, "Of times that name none; left out: the host's."),
  on_full: onFull,
} as const;
const fileGroup = group(fileFields);

const syslogFields = {
  udp: described(address('127.0.0.1:5514'), 'Where datagrams are taken.'),
  tcp: described(address('127.0.0.1:5514'), 'Where connections are taken, framed by octet counts or by line breaks.'),
  agent_id_from: described(
    oneOf('app_name', 'fixed'),
    'Whose its records are: app_name, of the AI agent that a message names (the default in _defaults.yaml); fixed, of this one.',
  ),
  time_zone: described(timeZone, "Of times that name none; left out: the host's."),
} as const;

const journaldFields = {
  units: required(
    described(
      list(
        parsed('the name of a unit such as ollama.service', UNIT_NAME.source, (text) =>
          UNIT_NAME.test(text) && !text.startsWith('-') ? text : undefined,
        ),
        { lengthMax: 50, of: 'units' },
      ),
      'The systemd units whose journal is read.',
    ),
  ),
  agent_id_from: described(
    oneOf('unit', 'fixed'),
    'Whose its records are: unit, of the AI agent named like the unit (the default in _defaults.yaml); fixed, of this one.',
  ),
} as const;

const doorFields = {
  syslog: described(group(syslogFields), 'Messages of syslog, RFC 5424 and RFC 3164, on addresses of its own.'),
  journald: described(group(journaldFields), 'The journal of systemd, through journalctl.'),
  on_full: onFull,
} as const;

const kinds = ['file', 'syslog', 'journald'] as const;

/** One source: a file, or one of the doors. Which keys belong to it is decided by the one that names its kind. */
function source<T extends Source>(allowed: readonly (typeof kinds)[number][], expects: string): Field<T> {
  const groups: Readonly<Record<string, Field<unknown>>> = {
    file: fileGroup,
    syslog: group({ syslog: required(doorFields.syslog), on_full: onFull }),
    journald: group({ journald: required(doorFields.journald), on_full: onFull }),
  };
  return {
    schema: sourceSchema(allowed),
    expects,
    read(located, path, complaints) {
      const named = located.type === 'map' ? located.entries.filter(({ key }) => isKind(key)) : [];
      const kind = named[0]?.key;
      if (named.length > 1 || (kind !== undefined && !allowed.some((one) => one === kind))) {
        const problem = named.length > 1 ? `names ${named.map(({ key }) => key).join(' and ')}` : `is a ${kind}`;
        complaints.add(located.at, path, problem, `use ${expects}`);
        return undefined;
      }
      if (kind === undefined && !allowed.includes('file')) {
        complaints.add(located.at, path, 'names no source', `use ${expects}`);
        return undefined;
      }
      const read = groups[kind ?? 'file']!.read(located, path, complaints) as ReadSource | undefined;
      if (read === undefined) return undefined;
      if (read.syslog !== undefined && read.syslog.udp === undefined && read.syslog.tcp === undefined) {
        complaints.add(located.at, `${path}.syslog`, 'listens nowhere', 'give it udp, tcp or both');
        return undefined;
      }
      const from = read.syslog?.agent_id_from ?? read.journald?.agent_id_from;
      if (from === 'fixed' && !allowed.includes('file')) {
        const remedy = "put the source into an AI agent's file, or leave agent_id_from out";
        complaints.add(located.at, `${path}.${kind}.agent_id_from`, 'is fixed, but there is no AI agent here', remedy);
        return undefined;
      }
      if (read.journald?.units.length === 0) {
        complaints.add(located.at, `${path}.journald.units`, 'is empty', 'name at least one unit');
        return undefined;
      }
      return settingsOf(read) as T; // of an allowed kind, see above
    },
  };
}

/** The sources of an AI agent's file. */
export const agentSources = list(source<Source>(kinds, 'one of file, syslog and journald'), {
  lengthMax: 100,
  of: 'sources, each with `file`, `syslog` or `journald`',
});

/** Those of `_defaults.yaml`, which are open once on every server, and belong to no single AI agent. */
export const sharedSources = list(
  source<SharedSource>(['syslog', 'journald'], 'syslog or journald; files belong to an AI agent'),
  {
    lengthMax: 20,
    of: 'sources, each with `syslog` or `journald`',
  },
);

interface ReadSource {
  readonly on_full?: OnFull;
  readonly file?: string;
  readonly start_at?: FileSource['startAt'];
  readonly format?: FileSource['format'];
  readonly multiline?: FileSource['multiline'];
  readonly time_zone?: string;
  readonly syslog?: {
    readonly udp?: ListenAddress;
    readonly tcp?: ListenAddress;
    readonly agent_id_from?: SyslogSource['syslog']['agentIdFrom'];
    readonly time_zone?: string;
  };
  readonly journald?: {
    readonly units: readonly string[];
    readonly agent_id_from?: JournaldSource['journald']['agentIdFrom'];
  };
}

/** Only what was written is there: a key that was left out stays out. */
function settingsOf(read: ReadSource): Source {
  const { file, start_at, format, multiline, time_zone, syslog, journald, on_full: onFull } = read;
  if (syslog !== undefined) {
    const { udp, tcp, agent_id_from, time_zone } = syslog;
    return { syslog: present({ udp, tcp, agentIdFrom: agent_id_from, timeZone: time_zone }), ...present({ onFull }) };
  }
  if (journald !== undefined)
    return {
      journald: { units: journald.units, ...present({ agentIdFrom: journald.agent_id_from }) },
      ...present({ onFull }),
    };
  return { file: file!, startAt: start_at!, ...present({ format, multiline, timeZone: time_zone, onFull }) };
}

function sourceSchema(allowed: readonly string[]): JsonSchema {
  const fields: Readonly<Record<string, Field<unknown>>> = allowed.includes('file')
    ? { ...fileFields, ...doorFields }
    : doorFields;
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, field.schema])),
    oneOf: allowed.map((kind) => ({ required: [kind] })),
  };
}

function isKind(key: string): boolean {
  return kinds.some((kind) => kind === key);
}

import { REPORT_FORMATS, REPORT_KINDS, REPORT_LANGUAGES } from '../contract/reports.ts';
import { byType } from './by-type.ts';
import { CHANNEL_NAME, CHANNEL_NAME_MEANING, MAIL_PORTS, ownFields } from './channels-section.ts';
import { clockTime } from './clock-time.ts';
import { isCron } from './cron.ts';
import {
  absolutePath,
  defaultOf,
  described,
  duration,
  type Field,
  type Fields,
  flag,
  group,
  list,
  number,
  oneOf,
  parsed,
  type Read,
  record,
  required,
  size,
  withDefault,
} from './fields.ts';
import { mailAddress } from './mail-address.ts';
import { type ReportSettings, SHELF_TYPES, type ShelfSettings, type ShelfType } from './report-settings.ts';
import { timeZone } from './time-zone.ts';

export const SHELVES_MAX = 20;
/** Gmail and most others take 25 MB as it travels, which is 18 MB before it is encoded. */
const ATTACHMENT_MOST = '18MB';

const cron = parsed('a cron expression of five fields such as "20 0 * * *"', '^\\S+( +\\S+){4}$', (value) =>
  isCron(value) ? value.trim().split(/\s+/).join(' ') : undefined,
);
const schedule = (byDefault: string, meaning: string) => withDefault(cronOrNever(), byDefault, meaning);

function cronOrNever(): Field<string> {
  const never = oneOf('never');
  return {
    schema: { anyOf: [cron.schema, never.schema] },
    expects: `${cron.expects}, or never`,
    read: (located, path, complaints) =>
      located.type === 'scalar' && located.value === 'never' ? 'never' : cron.read(located, path, complaints),
  };
}

const languages = list(oneOf(...REPORT_LANGUAGES), {
  lengthMin: 1,
  lengthMax: REPORT_LANGUAGES.length,
  of: 'languages, en and he',
});

const commonFields = {
  languages: described(
    languages,
    'Of the files that it gets, the first with the plain name; left out: as reports.languages.',
  ),
  kinds: described(
    list(oneOf(...REPORT_KINDS), {
      lengthMin: 1,
      lengthMax: REPORT_KINDS.length,
      of: `kinds, of ${REPORT_KINDS.join(', ')}`,
    }),
    'Which reports it gets; left out: all.',
  ),
  formats: described(
    list(oneOf(...REPORT_FORMATS), { lengthMin: 1, lengthMax: REPORT_FORMATS.length, of: 'formats, pdf and xlsx' }),
    'Which files it gets; left out: all, and by mail the PDF.',
  ),
} as const;

const { host, port, tls, user, from } = ownFields.email;
const shelfFields = {
  archive: {},
  drive: {
    folder_id: described(
      parsed(
        'the id of a folder or Shared Drive, as its address in the browser ends',
        '^[A-Za-z0-9_-]{10,100}$',
        (id) => (/^[A-Za-z0-9_-]{10,100}$/.test(id) ? id : undefined),
      ),
      'The folder or Shared Drive that gets the root folder; left out: GDRIVE_FOLDER_ID. A service account needs one in a Shared Drive.',
    ),
    subject: described(
      mailAddress,
      'The person as whom the service account acts (domain-wide delegation); left out: as itself.',
    ),
  },
  email: {
    host,
    port,
    tls,
    user,
    from,
    to: ownFields.email.to,
    attachment_limit: withDefault(
      size('10KB', ATTACHMENT_MOST),
      '10MB',
      'A larger file is a link to this orchestrator.',
    ),
  },
  folder: {
    path: described(absolutePath('/srv/reports'), 'Where it is; left out: reports/ below the home.'),
  },
} as const satisfies Readonly<Record<ShelfType, Fields>>;

type CommonRead = Read<typeof commonFields>;
type ShelfRead = {
  [T in ShelfType]: CommonRead & Read<(typeof shelfFields)[T]> & { readonly type: T };
}[ShelfType];

const shelf: Field<ShelfRead> = byType(SHELF_TYPES, shelfFields, commonFields);

const fields = {
  enabled: withDefault(flag(), true, 'Whether reports are made by themselves.'),
  time_zone: withDefault(timeZone, 'Asia/Jerusalem', 'Of days, schedules and every time that is shown.'),
  languages: described(languages, 'In which reports are made; the first has the plain file names. Left out: en.'),
  daily: schedule('20 0 * * *', 'When the report of yesterday is made: cron, local time; never: by hand only.'),
  weekly: schedule('0 6 * * 1', 'When the report of last week (ISO, from Monday) is made.'),
  monthly: schedule('0 6 1 * *', 'When the report of last month is made.'),
  expected_by: withDefault(
    clockTime,
    '08:00',
    'People are told when the report of yesterday is not on every shelf by then.',
  ),
  late_data: withDefault(
    duration('0s', '31d'),
    '3d',
    'So long after its end, a day is looked at again; what arrived late makes a visible version 2.',
  ),
  critical_after: withDefault(
    duration('1m', '1d'),
    '30m',
    'The report of critical alerts is made when the first of the day settles, or is so old; and renewed as the day goes.',
  ),
  root: withDefault(
    parsed('the name of a folder, such as OWAL AI Reports', '^[^/\\\\]{1,100}$', folderName),
    'OWAL AI Reports',
    'The folder that holds Daily, Weekly, Monthly and Alerts.',
  ),
  keep_files: withDefault(
    duration('7d', '3650d'),
    '400d',
    'How long files are kept here; what is on shelves stays. Older ones are made again from the facts when somebody asks.',
  ),
  model_prices: described(
    record(
      { expects: 'the name of a model such as gpt-5 or claude-*', pattern: /^[^\s*]{1,100}\*?$/ },
      group({
        input: required(described(number({ least: 0, most: 100_000 }), 'In US dollars for a million tokens.')),
        output: required(described(number({ least: 0, most: 100_000 }), 'The same of what it writes.')),
      }),
    ),
    'What models cost, where records do not tell; * at the end stands for any version. The first that fits holds.',
  ),
  shelves: described(
    record({ expects: CHANNEL_NAME_MEANING, pattern: CHANNEL_NAME }, shelf),
    `Where reports are put, by names; left out: the folder reports/ below the home. At most ${SHELVES_MAX}. One that is added gets the next report, earlier ones by hand (nervesys report send); what waits for one that is taken away is given up.`,
  ),
} as const;

/** The `reports:` section of `orchestrator.yaml`. */
export const reportsSection = withDefault(
  group(fields),
  {},
  'Reports for people: PDF and Excel, each day, week and month, and of critical alerts.',
);

/** What holds where no configuration says anything. */
export const REPORTS_DEFAULTS: ReportSettings = Object.freeze(reportSettings(defaultOf(reportsSection)!));

export function reportSettings(read: Read<typeof fields>): ReportSettings {
  const languages = read.languages ?? ['en'];
  const shelves = [...(read.shelves ?? [])].map(([name, one]) => shelfSettings(name, one, languages));
  const { daily, weekly, monthly } = read;
  const when = (text: string) => (text === 'never' ? undefined : text);
  return {
    enabled: read.enabled,
    timeZone: read.time_zone,
    languages,
    schedule: { daily: when(daily), weekly: when(weekly), monthly: when(monthly) },
    expectedByMinutes: read.expected_by,
    lateDataMs: read.late_data,
    criticalAfterMs: read.critical_after,
    root: read.root,
    keepFilesMs: read.keep_files,
    modelPrices: [...(read.model_prices ?? [])].map(([model, price]) => ({ model, ...price })),
    shelves: shelves.length === 0 ? [defaultShelf(languages)] : shelves,
  };
}

function defaultShelf(languages: ReportSettings['languages']): ShelfSettings {
  return { name: 'folder', type: 'folder', path: undefined, languages, kinds: REPORT_KINDS, formats: REPORT_FORMATS };
}

function shelfSettings(name: string, one: ShelfRead, languages: ReportSettings['languages']): ShelfSettings {
  const common = {
    name,
    languages: one.languages ?? languages,
    kinds: one.kinds ?? REPORT_KINDS,
    formats: one.formats ?? (one.type === 'email' ? (['pdf'] as const) : REPORT_FORMATS),
  };
  switch (one.type) {
    case 'folder':
      return { ...common, type: one.type, path: one.path };
    case 'archive':
      return { ...common, type: one.type };
    case 'drive':
      return { ...common, type: one.type, folderId: one.folder_id, subject: one.subject };
    case 'email':
      return {
        ...common,
        type: one.type,
        host: one.host,
        port: one.port ?? MAIL_PORTS[one.tls],
        tls: one.tls,
        user: one.user,
        from: one.from,
        to: one.to,
        attachmentBytesMax: one.attachment_limit,
      };
    default:
      return one satisfies never;
  }
}

/** A name that every shelf takes as one folder. */
function folderName(value: string): string | undefined {
  const name = value.trim();
  return name !== '' && name.length <= 100 && name !== '.' && name !== '..' && !/[/\\\p{Cc}]/u.test(name)
    ? name
    : undefined;
}

import type { AgentState } from '../../../../contract/heartbeat.ts';
import type { ReportFacts } from '../../../../contract/report-facts.ts';
import { type Book, cellName } from '../book.ts';
import type { CellType, CellValue } from '../cell-types.ts';
import { type Column, headerOf, styleHeader, writeTable } from '../table.ts';
import type { ColumnKey, WorkbookWords } from '../words.ts';

interface ServerRow {
  readonly server: string;
  readonly agents: number | null;
  readonly state: AgentState | null;
  readonly availability: number | null;
  readonly objects: number | null;
  readonly bytes: number | null;
  readonly text_bytes: number | null;
  readonly lost: number | null;
  readonly dropped: number | null;
  readonly backlog: number | null;
  readonly oldest: number | null;
  readonly buffer: number | null;
}

export function archiveColumns({ report }: WorkbookWords): readonly Column<ServerRow>[] {
  return [
    { key: 'server', type: 'text', width: 18, value: ({ server }) => server },
    { key: 'agentCount', type: 'count', width: 14, value: ({ agents }) => agents },
    { key: 'state', type: 'words', width: 14, value: ({ state }) => (state === null ? null : report.state[state]) },
    { key: 'availability', type: 'share', width: 14, value: ({ availability }) => availability },
    { key: 'objects', type: 'count', width: 14, value: ({ objects }) => objects },
    { key: 'bytes', type: 'bytes', width: 14, value: ({ bytes }) => bytes },
    { key: 'textBytes', type: 'bytes', width: 14, value: ({ text_bytes }) => text_bytes },
    {
      key: 'compression',
      type: 'ratio',
      width: 14,
      value: ({ bytes, text_bytes }) =>
        bytes === null || bytes === 0 || text_bytes === null ? null : text_bytes / bytes,
    },
    { key: 'lost', type: 'count', width: 14, value: ({ lost }) => lost },
    { key: 'dropped', type: 'count', width: 14, value: ({ dropped }) => dropped },
    { key: 'backlogMost', type: 'count', width: 14, value: ({ backlog }) => backlog },
    { key: 'oldestMost', type: 'duration', width: 16, value: ({ oldest }) => oldest },
    { key: 'bufferMost', type: 'megabytes', width: 20, value: ({ buffer }) => buffer },
  ];
}

interface Told {
  readonly key: ColumnKey;
  readonly type: CellType;
  readonly value: CellValue;
}

/** The archive as a whole, beside each other above the list of servers. */
export function archiveTotals({ archive }: ReportFacts): readonly Told[] {
  return [
    { key: 'objects', type: 'count', value: archive.objects },
    { key: 'archivedRecords', type: 'count', value: archive.records },
    { key: 'bytes', type: 'bytes', value: archive.bytes },
    { key: 'textBytes', type: 'bytes', value: archive.text_bytes },
    { key: 'compression', type: 'ratio', value: archive.compression },
    { key: 'standingBytes', type: 'bytes', value: archive.standing_bytes },
    { key: 'standingObjects', type: 'count', value: archive.standing_objects },
    { key: 'cost', type: 'money', value: archive.cost },
    { key: 'costMonth', type: 'money', value: archive.cost_month },
    { key: 'waitingBatches', type: 'count', value: archive.waiting_batches },
    { key: 'bufferPeak', type: 'megabytes', value: archive.buffer_peak?.mb ?? null },
    { key: 'bufferPeakServer', type: 'text', value: archive.buffer_peak?.server ?? null },
    { key: 'bufferPeakAt', type: 'instant', value: archive.buffer_peak?.at ?? null },
  ];
}

/** Servers that are known of any of the three lists, in the order of the first that has them. */
export function serverRows({ servers, archive, losses }: ReportFacts): readonly ServerRow[] {
  const known = new Map(servers.map((one) => [one.server, one]));
  const archived = new Map(archive.by_server.map((one) => [one.server, one]));
  const lost = new Map(losses.map((one) => [one.server, one.lost_records]));
  return [...new Set([...known.keys(), ...archived.keys(), ...lost.keys()])].map((server) => {
    const [told, stored] = [known.get(server), archived.get(server)];
    return {
      server,
      agents: told?.agents ?? null,
      state: told?.state ?? null,
      availability: told?.availability ?? null,
      objects: stored?.objects ?? told?.objects ?? null,
      bytes: stored?.bytes ?? told?.archived_bytes ?? null,
      text_bytes: stored?.text_bytes ?? null,
      lost: told?.lost_records ?? lost.get(server) ?? null,
      dropped: told?.dropped_records ?? null,
      backlog: told?.backlog_records_most ?? null,
      oldest: told?.oldest_unarchived_seconds_most ?? null,
      buffer: told?.vitals.buffer_size_mb?.max ?? null,
    };
  });
}

const HEADER_ROW = 4;

export function writeArchive(book: Book, facts: ReportFacts, words: WorkbookWords): void {
  const sheet = words.sheets.archive;
  book.addSheet(sheet);
  writeTable(book, sheet, archiveColumns(words), serverRows(facts), words, { headerRow: HEADER_ROW, frozenColumns: 1 });
  const totals = archiveTotals(facts);
  book.row(
    sheet,
    'A1',
    totals.map((one) => headerOf(one, book, words)),
  );
  styleHeader(
    book,
    sheet,
    1,
    totals.map(({ type }) => type),
  );
  totals.forEach(({ type, value }, index) => {
    const cell = cellName(index + 1, 2);
    if (value === null) book.cell(sheet, cell, words.report.unknown, 'words', { centered: true });
    else book.cell(sheet, cell, value, type);
  });
}

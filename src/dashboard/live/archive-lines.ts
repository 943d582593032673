import type { AlertView } from '../../contract/fleet.ts';
import { type Line, readLine } from '../model/alert-lines.ts';
import type { Api } from './api.ts';

/** What the archive holds of the time around an alert. */
export interface ArchivedLines {
  readonly before: readonly Line[];
  /** From the instant on at which it was told last. */
  readonly after: readonly Line[];
  /** There are more of them than are shown. */
  readonly moreAfter: boolean;
}

const LINES_SHOWN_MAX = 100;
/** Lines come oldest first, so a busy AI agent's last ones before the alert are found by looking less far back. */
const BEFORE_MS = [300_000, 30_000, 3_000] as const;
const AFTER_MS = 600_000;
const LINES_READ_MAX = 2_000;
/** Lines may be long; an answer isn't read further than this. */
const BYTES_READ_MAX = 4 * 1024 * 1024;

/** Asks the archive for the lines before and after an alert was told last: of its AI agent, or of its server where it names none. */
export async function readArchivedLines(
  api: Pick<Api, 'logs'>,
  alert: Pick<AlertView, 'server' | 'agent_id' | 'last_at'>,
  signal: AbortSignal,
): Promise<ArchivedLines> {
  const at = Date.parse(alert.last_at);
  const ask = async (fromMs: number, toMs: number, limit: number): Promise<ReadLines> => {
    const ending = new AbortController();
    try {
      const stream = await api.logs(
        {
          server: alert.server,
          agentId: alert.agent_id,
          since: new Date(fromMs).toISOString(),
          until: new Date(toMs).toISOString(),
          limit,
        },
        AbortSignal.any([signal, ending.signal]),
      );
      return await readLines(stream, limit);
    } finally {
      ending.abort(); // what wasn't read isn't sent either
    }
  };
  let before: ReadLines = { lines: [], whole: true };
  for (const ms of BEFORE_MS) {
    before = await ask(at - ms, at, LINES_READ_MAX);
    if (before.whole) break;
  }
  const after = await ask(at, at + AFTER_MS, LINES_SHOWN_MAX + 1);
  return {
    before: before.lines.slice(-LINES_SHOWN_MAX),
    after: after.lines.slice(0, LINES_SHOWN_MAX),
    moreAfter: !after.whole || after.lines.length > LINES_SHOWN_MAX,
  };
}

interface ReadLines {
  readonly lines: readonly Line[];
  /** False: there is more than was read. */
  readonly whole: boolean;
}

async function readLines(stream: ReadableStream<Uint8Array>, limit: number): Promise<ReadLines> {
  const lines: Line[] = [];
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  let rest = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    const parts = (rest + (done ? decoder.decode() : decoder.decode(value, { stream: true }))).split('\n');
    rest = done ? '' : (parts.pop() ?? '');
    for (const part of parts) lines.push(...parseLine(part));
    if (done) return { lines, whole: lines.length < limit };
    bytes += value.byteLength;
    if (bytes > BYTES_READ_MAX) return { lines, whole: false };
  }
}

/** None of what isn't a record. */
function parseLine(text: string): Line[] {
  try {
    const line = readLine(JSON.parse(text));
    return line === undefined ? [] : [line];
  } catch {
    return [];
  }
}

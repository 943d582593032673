import type { AgentId } from '../../contract/ids.ts';
import type { ArchivedRecord } from '../../contract/record.ts';

/* Pure readers of a chunk's NDJSON from its end. */

/** A longer line is given with its message cut and without its context: many lines tell more than one. */
const LINE_BYTES_MAX = 4_000;
const CUT_MESSAGE_LENGTH = 1_000;
const LINE_FEED = 10;

/** Where the last line begins that holds this record (its JSON from `"timestamp":` on); `undefined`: none does. */
export function findLine(text: Buffer, json: Buffer): number | undefined {
  const at = text.lastIndexOf(json);
  return at === -1 ? undefined : lineStart(text, at);
}

/** The records of an AI agent that end before `end`, the last one first. */
export function* linesBackwards(
  text: Buffer,
  end: number,
  agentId: AgentId,
): Generator<{ readonly record: ArchivedRecord; readonly bytes: number }> {
  const marker = Buffer.from(`"agent_id":${JSON.stringify(agentId)}`);
  for (let before = end; before > 0; ) {
    const at = text.lastIndexOf(marker, before - 1);
    if (at === -1) return;
    const start = lineStart(text, at);
    const isWithin = at + marker.length <= before;
    const lineEnd = text.indexOf(LINE_FEED, at);
    before = start;
    if (!isWithin) continue;
    const record = JSON.parse(text.toString('utf8', start, lineEnd === -1 ? text.length : lineEnd)) as ArchivedRecord;
    if (record.agent_id !== agentId) continue; // a context may say anything
    const given = lineEnd - start > LINE_BYTES_MAX ? shortened(record) : record;
    yield { record: given, bytes: Buffer.byteLength(JSON.stringify(given)) + 1 };
  }
}

function lineStart(text: Buffer, at: number): number {
  return at === 0 ? 0 : text.lastIndexOf(LINE_FEED, at - 1) + 1;
}

function shortened(record: ArchivedRecord): ArchivedRecord {
  const message = record.message.slice(0, CUT_MESSAGE_LENGTH).toWellFormed();
  const truncated = message.length < record.message.length ? ['message', 'context'] : ['context'];
  return { ...record, message, context: { _truncated: truncated } };
}

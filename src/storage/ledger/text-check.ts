import { createHash, type Hash } from 'node:crypto';
import type { BatchManifest } from '../../contract/batch.ts';
import { type Epoch, NERVESYS_AGENT_ID } from '../../contract/ids.ts';
import {
  type ArchivedRecord,
  emptyLevelCounts,
  isLevel,
  LEVELS,
  type Level,
  LOSS_ACTION,
} from '../../contract/record.ts';
import { mergeRanges, type SequenceRange } from '../../contract/sequence-ranges.ts';
import type { LossReceipt } from './finding.ts';

const LINE_FEED = 0x0a;

/**
 * Holds the text of one object against its manifest, member by member, without keeping it. Each complaint is a sentence
 * without its subject; the first of a kind is enough, for one flipped byte must not fill a screen.
 */
export class TextCheck {
  readonly complaints: string[] = [];
  readonly receipts: LossReceipt[] = [];
  readonly #manifest: BatchManifest;
  readonly #key: string;
  readonly #hash: Hash = createHash('sha256');
  readonly #levels: Record<Level, number> = emptyLevelCounts();
  readonly #agents = new Map<string, number>();
  readonly #ranges: [number, number][] = [];
  #textBytes = 0;
  #records = 0;
  #firstTimestamp = '';
  #lastTimestamp = '';

  constructor(key: string, manifest: BatchManifest) {
    this.#key = key;
    this.#manifest = manifest;
  }

  /** Takes the text of member `index`, inflated. */
  take(index: number, text: Buffer): void {
    const member = this.#manifest.members[index]!;
    const recordsBefore = this.#records;
    const name = `member ${index + 1}`;
    this.#hash.update(text);
    this.#textBytes += text.length;
    if (text.length !== member.text_bytes)
      this.#complain(`${name} holds ${text.length} bytes of text, its manifest says ${member.text_bytes}`);
    if (text.length > 0 && text[text.length - 1] !== LINE_FEED) this.#complain(`${name} ends amid a line`);
    let first: number | undefined;
    for (let at = 0; at < text.length; ) {
      const end = text.indexOf(LINE_FEED, at);
      const sequence = this.#line(text.toString('utf8', at, end === -1 ? text.length : end), name);
      first ??= sequence;
      at = end === -1 ? text.length : end + 1;
    }
    const last = this.#ranges.at(-1)?.[1];
    if (this.#records > recordsBefore && (first !== member.first || last !== member.last))
      this.#complain(`${name} holds ${first}–${last}, its manifest says ${member.first}–${member.last}`);
  }

  /** What the whole text amounts to, held against what the manifest says. */
  finish(): void {
    const manifest = this.#manifest;
    this.#compare('records', this.#records, manifest.records);
    this.#compare('bytes of text', this.#textBytes, manifest.text_bytes);
    if (this.#hash.digest('hex') !== manifest.text_sha256)
      this.#complain('the SHA-256 of its text is not the one in its manifest');
    const [first, last] = [this.#ranges[0]?.[0], this.#ranges.at(-1)?.[1]];
    if (first !== manifest.first || last !== manifest.last)
      this.#complain(`it holds ${first}–${last}, its manifest says ${manifest.first}–${manifest.last}`);
    for (const level of LEVELS)
      this.#compare(`records of level ${level}`, this.#levels[level], manifest.levels[level] ?? 0);
    for (const [agentId, records] of Object.entries(manifest.agents))
      this.#compare(`records of ${JSON.stringify(agentId)}`, this.#agents.get(agentId) ?? 0, records);
    const named = Object.keys(manifest.agents).length + manifest.agents_more;
    this.#compare('AI agents', this.#agents.size, named);
    if (this.#firstTimestamp !== manifest.first_timestamp || this.#lastTimestamp !== manifest.last_timestamp)
      this.#complain('its first and last timestamp are not those in its manifest');
  }

  /** The sequences that were read. */
  get ranges(): SequenceRange[] {
    return mergeRanges(this.#ranges);
  }

  /** Checks one line; its sequence, or `undefined` when it has none. */
  #line(line: string, member: string): number | undefined {
    let record: ArchivedRecord;
    try {
      record = JSON.parse(line) as ArchivedRecord;
    } catch {
      this.#complain(`${member} holds a line that is not JSON`);
      return undefined;
    }
    const { epoch, server } = this.#manifest;
    this.#records++;
    const sequence = record?.id?.startsWith?.(`${epoch}-`) ? Number(record.id.slice(epoch.length + 1)) : Number.NaN;
    if (!Number.isSafeInteger(sequence) || record.server !== server) {
      this.#complain(`${member} holds a record of another epoch or server`);
      return undefined;
    }
    const last = this.#ranges.at(-1);
    if (last !== undefined && sequence <= last[1]) this.#complain(`${sequence} stands after ${last[1]}`);
    if (last !== undefined && sequence === last[1] + 1) last[1] = sequence;
    else this.#ranges.push([sequence, sequence]);
    if (isLevel(record.level)) this.#levels[record.level]++;
    this.#agents.set(record.agent_id, (this.#agents.get(record.agent_id) ?? 0) + 1);
    if (this.#firstTimestamp === '' || record.timestamp < this.#firstTimestamp) this.#firstTimestamp = record.timestamp;
    if (record.timestamp > this.#lastTimestamp) this.#lastTimestamp = record.timestamp;
    if (record.action === LOSS_ACTION && record.agent_id === NERVESYS_AGENT_ID) this.#receipt(record);
    return sequence;
  }

  #receipt(record: ArchivedRecord): void {
    const receipt = readReceipt(record, this.#key);
    if (receipt !== undefined) this.receipts.push(receipt);
  }

  #compare(what: string, found: number, said: number): void {
    if (found !== said) this.#complain(`it holds ${found} ${what}, its manifest says ${said}`);
  }

  #complain(complaint: string): void {
    if (this.complaints.length < COMPLAINTS_MAX) this.complaints.push(complaint);
  }
}

const COMPLAINTS_MAX = 20;

/** `undefined`: it accounts for nothing, as where a damaged buffer didn't even tell its epoch. */
function readReceipt(record: ArchivedRecord, key: string): LossReceipt | undefined {
  const { epoch, ranges, lost } = record.context as { epoch?: unknown; ranges?: unknown; lost?: unknown };
  if (typeof epoch !== 'string' || !Array.isArray(ranges)) return undefined;
  if (!ranges.every(isRange)) return undefined;
  const counts = typeof lost === 'object' && lost !== null ? Object.values(lost) : [];
  const lostRecords = counts.reduce<number>((sum, count) => sum + (typeof count === 'number' ? count : 0), 0);
  return { id: record.id, key, epoch: epoch as Epoch, ranges, lostRecords };
}

function isRange(value: unknown): value is SequenceRange {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [from, to] = value as unknown[];
  return (
    Number.isSafeInteger(from) &&
    Number.isSafeInteger(to) &&
    (from as number) >= 1 &&
    (from as number) <= (to as number)
  );
}

import { gunzipSync } from 'node:zlib';
import type { BatchManifest } from '../../../src/contract/batch.ts';
import { readManifestMember } from '../../../src/contract/batch-object.ts';
import { type ArchivedRecord, LOSS_ACTION } from '../../../src/contract/record.ts';
import { sha256Hex } from '../../../src/platform/digest.ts';
import type { ReadObject } from '../../support/running-system.ts';

/** What is wrong with an archive; all zero is what must be. */
export interface Findings {
  /** Acknowledged, and neither in the archive nor given up. */
  lost: number;
  doubled: number;
  outOfOrder: number;
  /** In the archive, though nobody sent it. */
  unknown: number;
  /** Sequences of an epoch that are in no object and in no loss receipt, or in two; and manifests that don't name the one before. */
  gaps: number;
  /** Objects whose bytes are not what their manifest says. */
  damaged: number;
  /** Buffers that were begun anew. */
  newEpochs: number;
}

const EXAMPLES_MAX = 20;
/** Each AI agent's lines are numbered from 1 in the order in which they were given: `line <n> …`. */
const NUMBERED = /^line (\d+) /;

/** Reads archive objects, each once, and holds them against what was acknowledged. */
export class Ledger {
  readonly #read = new Set<string>();
  readonly #manifests: { readonly manifest: BatchManifest; readonly sha256: string }[] = [];
  /** Numbers of each AI agent's lines, by object. */
  readonly #numbers: { readonly at: BatchManifest; readonly agents: Map<string, number[]> }[] = [];
  /** Of each object, the sequences of its records. */
  readonly #sequences: number[][] = [];
  readonly #receipts: (readonly [from: number, to: number])[] = [];
  #damaged = 0;
  records = 0;
  /** The first lines of each AI agent that are lost or doubled, for people. */
  readonly examples: string[] = [];

  get objects(): number {
    return this.#read.size;
  }

  readNew(objects: Iterable<ReadObject>): void {
    for (const object of objects) {
      if (this.#read.has(object.key)) continue;
      this.#read.add(object.key);
      try {
        this.#readObject(object);
      } catch {
        this.#damaged++;
      }
    }
  }

  /** The greatest number of an AI agent's lines so far. */
  greatest(agentId: string): number {
    return this.#numbers.reduce((max, { agents }) => Math.max(max, agents.get(agentId)?.at(-1) ?? 0), 0);
  }

  /** Records of sources that can't wait, by what the loss receipts say: that is no fault. */
  get givenUp(): number {
    return this.#receipts.reduce((sum, [from, to]) => sum + to - from + 1, 0);
  }

  /** `acknowledged`: how many lines of each AI agent were; of `evicted` ones, as many may be missing as receipts tell. */
  findings(acknowledged: ReadonlyMap<string, number>, evicted: ReadonlySet<string> = new Set()): Findings {
    let toldMissing = this.givenUp;
    const found: Findings = {
      lost: 0,
      doubled: 0,
      outOfOrder: 0,
      unknown: 0,
      gaps: this.#gaps(),
      damaged: this.#damaged,
      newEpochs: new Set(this.#manifests.map(({ manifest }) => manifest.epoch)).size - 1,
    };
    const inOrder = this.#numbers.toSorted((a, b) => a.at.first - b.at.first);
    for (const [agentId, count] of acknowledged) {
      const seen = new Set<number>();
      let before = 0;
      for (const number of inOrder.flatMap(({ agents }) => agents.get(agentId) ?? [])) {
        if (seen.has(number) && ++found.doubled > 0) this.#example(`${agentId} ${number} twice`);
        else if (number > count) found.unknown++;
        else if (number < before) found.outOfOrder++;
        seen.add(number);
        before = number;
      }
      for (let number = 1; number <= count; number++) {
        if (seen.has(number) || (evicted.has(agentId) && toldMissing-- > 0)) continue;
        found.lost++;
        this.#example(`${agentId} ${number} lost`);
      }
    }
    return found;
  }

  #example(text: string): void {
    if (this.examples.length < EXAMPLES_MAX) this.examples.push(text);
  }

  #readObject({ body }: ReadObject): void {
    const member = readManifestMember(body)!;
    const manifest = JSON.parse(member.json) as BatchManifest;
    const text = gunzipSync(body);
    this.#manifests.push({ manifest, sha256: sha256Hex(member.json) });
    const lines = text.toString().trimEnd().split('\n');
    const isWhole =
      sha256Hex(text) === manifest.text_sha256 &&
      lines.length === manifest.records &&
      manifest.members.every(
        ({ offset, bytes, text_bytes }) =>
          gunzipSync(body.subarray(member.bytes + offset, member.bytes + offset + bytes)).length === text_bytes,
      );
    if (!isWhole) this.#damaged++;
    this.records += lines.length;
    const agents = new Map<string, number[]>();
    const sequences: number[] = [];
    this.#sequences.push(sequences);
    for (const line of lines) {
      const { id, agent_id: agentId, action, message, context } = JSON.parse(line) as ArchivedRecord;
      sequences.push(Number(id.slice(id.lastIndexOf('-') + 1)));
      if (action === LOSS_ACTION) this.#receipts.push(...(context['ranges'] as [number, number][]));
      const number = NUMBERED.exec(message)?.[1];
      if (number === undefined) continue;
      const numbers = agents.get(agentId);
      if (numbers === undefined) agents.set(agentId, [Number(number)]);
      else numbers.push(Number(number));
    }
    this.#numbers.push({ at: manifest, agents });
  }

  #gaps(): number {
    let gaps = 0;
    const times = new Map<number, number>();
    const count = (sequence: number) => times.set(sequence, (times.get(sequence) ?? 0) + 1);
    this.#sequences.flat().forEach(count);
    const given = new Set<number>();
    for (const [from, to] of this.#receipts)
      for (let sequence = from; sequence <= to; sequence++) {
        count(sequence);
        given.add(sequence);
      }
    for (let sequence = 1; sequence <= times.size; sequence++) if (times.get(sequence) !== 1) gaps++;
    // A batch that was sealed again is named as it was at first; one that is wholly gone is named and stands nowhere.
    let before: { readonly manifest: BatchManifest; readonly sha256: string } | undefined;
    for (const one of this.#manifests.toSorted((a, b) => a.manifest.first - b.manifest.first)) {
      const { first, previous_manifest_sha256: named } = one.manifest;
      const isNamed = named === (before?.sha256 ?? null) || named === before?.manifest.resealed_from;
      if (!isNamed && !given.has(first - 1)) gaps++;
      before = one;
    }
    return gaps;
  }
}

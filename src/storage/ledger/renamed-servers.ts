import type { Epoch } from '../../contract/ids.ts';
import { countSequences, mergeRanges, type SequenceRange, subtractRanges } from '../../contract/sequence-ranges.ts';
import type { LedgerFinding } from './finding.ts';
import type { ServerLedger } from './verify-archive.ts';

/**
 * A server that was renamed goes on with its epoch under the new name. What one name lacks and another has isn't missing; that
 * can only be told once all names were looked at. So it is with what was given up under one name and told under the other.
 */
export class RenamedServers {
  readonly #standing = new Map<Epoch, { readonly server: string; readonly ranges: readonly SequenceRange[] }[]>();

  /** Notes what stands under a server's name. Returns whether it lacks something that another may have. */
  note({ server, epochs, findings }: ServerLedger): boolean {
    for (const { epoch, first, last, told } of epochs) {
      const ranges = mergeRanges([...subtractRanges([[first, last]], missingRanges(findings, epoch)), ...told]);
      this.#standing.set(epoch, [...(this.#standing.get(epoch) ?? []), { server, ranges }]);
    }
    return findings.some(isMissing);
  }

  /** The ledger without the findings that other names account for. */
  settle(ledger: ServerLedger): ServerLedger {
    const left = (epoch: Epoch, ranges: readonly SequenceRange[]) => {
      const others = (this.#standing.get(epoch) ?? []).filter(({ server }) => server !== ledger.server);
      return subtractRanges(ranges, mergeRanges(others.flatMap((other) => other.ranges)));
    };
    return {
      ...ledger,
      epochs: ledger.epochs.map((epoch) => {
        const missing = missingRanges(ledger.findings, epoch.epoch);
        return missing.length === 0 ? epoch : { ...epoch, missingRecords: countSequences(left(epoch.epoch, missing)) };
      }),
      findings: ledger.findings.filter((one) => !isMissing(one) || left(one.epoch, one.ranges).length > 0),
    };
  }
}

function missingRanges(findings: readonly LedgerFinding[], epoch: Epoch): SequenceRange[] {
  return mergeRanges(findings.filter(isMissing).flatMap((one) => (one.epoch === epoch ? one.ranges : [])));
}

/** Whether it is about sequences that are missing from an epoch, rather than a whole epoch. */
function isMissing(
  finding: LedgerFinding,
): finding is LedgerFinding & { readonly epoch: Epoch; readonly ranges: readonly SequenceRange[] } {
  return finding.kind === 'missing' && finding.epoch !== undefined && finding.ranges !== undefined;
}

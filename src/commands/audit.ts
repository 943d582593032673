import type { AuditAnswer, AuditHead } from '../contract/audit.ts';
import { verifyAudit } from '../contract/audit-chain.ts';
import { NervesysError } from '../platform/errors.ts';
import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { escapeControls, formatTable, note, print, printJson } from './output.ts';

/** The API's own bound. */
const ENTRIES_MAX = 1_000;

/** `nervesys audit list`: newest first. */
export async function list(options: ReaderOptions & { readonly limit: number }): Promise<number> {
  const limit = Math.min(options.limit, ENTRIES_MAX);
  const { entries } = (await connectOrchestrator(options).ask('GET', `/api/v1/audit?limit=${limit}`)) as AuditAnswer;
  if (options.json) printJson({ entries });
  else
    print(
      formatTable(entries, [
        { title: 'N', align: 'right', text: (one) => String(one.seq) },
        { title: 'WHEN', text: (one) => escapeControls(one.at.slice(0, 19).replace('T', ' ')) },
        { title: 'WHO', text: (one) => escapeControls([one.actor_type, one.actor ?? ''].join(' ').trim()) },
        { title: 'FROM', text: (one) => escapeControls(one.address ?? '–') },
        { title: 'WHAT', text: (one) => escapeControls(one.action) },
        { title: 'ON', text: (one) => escapeControls(one.subject ?? '–') },
        { title: 'DETAIL', text: (one) => (one.detail === '{}' ? '' : escapeControls(one.detail)) },
      ]),
    );
  return EXIT.done;
}

/** `nervesys audit verify`: computes every hash anew, here. Exit code 3 when an entry was changed, put in or taken out. */
export async function verify(options: ReaderOptions & { readonly noted?: string }): Promise<number> {
  const orchestrator = connectOrchestrator(options);
  const verdict = await verifyAudit(async (after, limit) => {
    return (await orchestrator.ask('GET', `/api/v1/audit?after=${after}&limit=${limit}`)) as AuditAnswer;
  }, parseNoted(options.noted));
  if (options.json) printJson(verdict);
  else if (verdict.broken === undefined) {
    print(`The audit log is whole: ${verdict.verified} entries.`);
    print(`Newest: ${verdict.head.seq}:${verdict.head.sha256}`);
    note(
      'Keep that line elsewhere: `nervesys audit verify --noted <it>` then proves that the log still goes on from there.',
    );
  } else {
    print(`The audit log is broken: ${escapeControls(verdict.broken.problem)}.`);
    print(`The ${verdict.verified} entries before it are as they were written.`);
  }
  return verdict.ok ? EXIT.done : EXIT.problems;
}

function parseNoted(text: string | undefined): AuditHead | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text);
  if (match !== null) return { seq: Number(match[1]), sha256: match[2] as string };
  throw new NervesysError('NSV_SETTING_INVALID', '--noted is not a line that `nervesys audit verify` printed', {
    hint: 'write it as 120:9f86d0…',
  });
}

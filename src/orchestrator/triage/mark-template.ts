import type { AlertView } from '../../contract/fleet.ts';
import type { MarkAnswer } from '../../contract/fleet-templates.ts';
import { CORRECTIONS_MAX, type TemplateId, type TemplateMark } from '../../contract/triage.ts';
import { NervesysError } from '../../platform/errors.ts';
import type { Queryable } from '../database/database.ts';
import type { AuditActor } from '../database/queries/append-audit.ts';
import { appendAudit } from '../database/queries/append-audit.ts';
import { readCorrectionOf, removeCorrection, storeCorrection } from '../database/queries/corrections.ts';
import { resolveAlerts } from '../database/queries/resolve-alerts.ts';

export interface Mark {
  readonly template: TemplateId;
  readonly text: string;
  readonly mark: TemplateMark;
  readonly note: string | null;
}

export interface MarkedBy {
  readonly name: string;
  readonly actor: AuditActor;
  readonly at: Date;
}

const AUDITED_TEXT_MAX = 300;

/**
 * People say of a template what it is. What is open of one that is ordinary is over by that. To be called within a transaction. Throws
 * `NSV_TOO_MANY_CORRECTIONS`.
 */
export async function markTemplate(
  transaction: Queryable,
  mark: Mark,
  by: MarkedBy,
): Promise<{ readonly answer: MarkAnswer; readonly alerts: readonly AlertView[] }> {
  const correction = await storeCorrection(transaction, {
    ...mark,
    marked_by: by.name,
    marked_at: by.at.toISOString(),
  });
  if (correction === undefined)
    throw new NervesysError('NSV_TOO_MANY_CORRECTIONS', `${CORRECTIONS_MAX} templates are marked already`);
  const alerts =
    mark.mark === 'ordinary'
      ? await resolveAlerts(transaction, { template: mark.template }, by.at, {
          by: by.name,
          note: timelineNote(mark.note),
        })
      : [];
  await appendAudit(transaction, {
    at: by.at,
    by: by.actor,
    action: 'template.marked',
    subject: mark.template,
    detail: {
      mark: mark.mark,
      text: mark.text.slice(0, AUDITED_TEXT_MAX).toWellFormed(),
      note: mark.note,
      resolved: alerts.length,
    },
  });
  return { answer: { correction, resolved: alerts.map(({ id }) => id) }, alerts };
}

/** Takes back what people said of a template, or of the older form of it by which it is known. Throws `NSV_NOT_FOUND`. */
export async function unmarkTemplate(transaction: Queryable, template: string, by: MarkedBy): Promise<void> {
  const found = await readCorrectionOf(transaction, template);
  const removed = found && (await removeCorrection(transaction, found.template));
  if (removed === undefined) throw new NervesysError('NSV_NOT_FOUND', `template ${template} is not marked`);
  await appendAudit(transaction, {
    at: by.at,
    by: by.actor,
    action: 'template.unmarked',
    subject: removed.template,
    detail: { mark: removed.mark, text: removed.text.slice(0, AUDITED_TEXT_MAX).toWellFormed() },
  });
}

/** As the timeline of an alert shows it. */
function timelineNote(note: string | null): string {
  return (note === null ? NOT_AN_ALERT : `${NOT_AN_ALERT}: ${note}`).slice(0, 500).toWellFormed();
}
const NOT_AN_ALERT = 'its template was marked as not an alert';

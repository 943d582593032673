import type { AlertView } from '../../contract/fleet.ts';
import { TEMPLATE_ID_PATTERN, TEMPLATE_LENGTH_MAX, type TemplateId } from '../../contract/triage.ts';
import { NervesysError } from '../../platform/errors.ts';
import { isIdOf } from './check-template.ts';

/** The template that an alert was made from; what an agent tells in its detail is taken as far as it holds together. */
export interface TemplateOfAlert {
  readonly template: TemplateId;
  /** Absent: the alert doesn't tell it, or it isn't the text of this id. */
  readonly text: string | undefined;
}

/** Throws `NSV_ALERT_UNMARKABLE` where there is none, saying what to do instead. */
export function templateOfAlert({ id, kind, detail }: AlertView): TemplateOfAlert {
  const { template, template_text: text, tier, rule } = detail;
  if (kind === 'rule' || tier === 'rule')
    throw new NervesysError('NSV_ALERT_UNMARKABLE', `alert ${id} was made by ${nameOf(rule)}, not by the triage`, {
      hint: 'change the rule in the configuration: rules always have the first say',
    });
  if (typeof template !== 'string' || !TEMPLATE_ID_PATTERN.test(template))
    throw new NervesysError('NSV_ALERT_UNMARKABLE', `alert ${id} (${kind}) was not made from a template of log lines`);
  const isSound = typeof text === 'string' && text.length <= TEMPLATE_LENGTH_MAX && isTextOf(template, text);
  return { template: template as TemplateId, text: isSound ? text : undefined };
}

/** The id of the template that an alert of the triage was made from; `undefined`: it was made from none. */
export function templateIdIn({ template, tier }: AlertView['detail']): TemplateId | undefined {
  const isSound = typeof template === 'string' && TEMPLATE_ID_PATTERN.test(template) && tier !== 'rule';
  return isSound ? (template as TemplateId) : undefined;
}

/** What could not be stored in it was replaced, and then its id tells nothing any more. */
function isTextOf(template: string, text: string): boolean {
  return isIdOf(template, text) || text.includes('\ufffd');
}

function nameOf(rule: unknown): string {
  return typeof rule === 'string' ? `the rule ${JSON.stringify(rule.slice(0, 100))}` : 'a rule';
}

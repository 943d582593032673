import { stringify } from 'yaml';
import type { CorrectionView } from '../contract/fleet-templates.ts';
import type { RuleSettings } from '../contract/rules.ts';
import { TEMPLATE_LENGTH_MAX, type TemplateCorrection, WILDCARD } from '../contract/triage.ts';
import { LinearPattern } from '../platform/linear-pattern.ts';
import { RULE_PATTERN_LENGTH_MAX, RULES_MAX } from './rules-section.ts';
import { writeRule } from './write-rule.ts';

/**
 * What people said of templates, as the `rules:` of a settings file: whoever keeps the configuration in Git puts them there, and takes the
 * marks back. The newest first; those that make no rule are named in a comment, with why.
 */
export function writeCorrectionRules(corrections: readonly CorrectionView[]): string {
  const names = new Set<string>();
  const rules: string[] = [];
  const leftOut: string[] = [];
  for (const correction of corrections) {
    const { template, text } = correction;
    const matches = templatePattern(text);
    if (matches === undefined) leftOut.push(`${template}: it has too little text of its own: ${inComment(text)}`);
    else if (rules.length >= RULES_MAX)
      leftOut.push(`${template}: a file takes ${RULES_MAX} rules: ${inComment(text)}`);
    else rules.push(commented(correction, stringify([writeRule(ruleOf(correction, matches, names))], STYLE)));
  }
  const left = leftOut.length === 0 ? '' : `\n# Left out:\n${leftOut.map((one) => `#   ${one}\n`).join('')}`;
  return `${HEAD}rules:${rules.length === 0 ? ' []\n' : `\n${rules.join('')}`}${left}`;
}

const HEAD = `# Made from what people said of templates. Add it to the rules of agents/_defaults.yaml, or of the file of an AI agent,
# and once that revision runs take the marks back: nervesys triage mark --remove TEMPLATE
`;
const STYLE = { lineWidth: 0 } as const;
const NAME_LENGTH_MAX = 40;
const COMMENT_LENGTH_MAX = 160;

function ruleOf({ template, text, mark }: TemplateCorrection, matches: string, names: Set<string>): RuleSettings {
  const effects = mark === 'ordinary' ? { ordinary: true as const } : { alert: { severity: 'critical' as const } };
  return { name: nameOf(mark, text, template, names), when: { matches }, effects };
}

/** `ordinary_connection_to_lost_1a2b3c4d`, as no other in `names`; adds it there. */
function nameOf(mark: string, text: string, template: string, names: Set<string>): string {
  for (const id of [template.slice(0, 8), template]) {
    const room = NAME_LENGTH_MAX - mark.length - id.length - 2;
    const words = text
      .toLowerCase()
      .replace(/[^a-z]+/g, '_')
      .slice(0, room)
      .replace(/^_+|_+$/g, '');
    const name = [mark, words, id].filter((part) => part !== '').join('_');
    if (names.has(name)) continue;
    names.add(name);
    return name;
  }
  throw new Error(`two corrections are of template ${template}`);
}

/**
 * A `LinearPattern` that finds the lines of a template: its words in their order, with any white space between and anything in the place of a
 * wildcard. What stands before may only be a header, as raw lines have it; behind it nothing, unless the text was too long to be taken whole.
 * `undefined`: nothing of it is constant, so it would find too much.
 */
export function templatePattern(text: string): string | undefined {
  const parts = text.split(WILDCARD);
  if (!parts.some((part) => /[\p{L}\p{N}]{2}/u.test(part))) return undefined;
  let pattern = '(?:^|\\W)';
  let isWhole = text.length < TEMPLATE_LENGTH_MAX;
  const room = RULE_PATTERN_LENGTH_MAX - ENDING.length;
  for (const piece of text.trim().split(/(<\*>|\s+)/)) {
    const next =
      piece === WILDCARD ? '.*?' : /^\s+$/.test(piece) ? '\\s+' : piece.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
    if (pattern.length + next.length > room) {
      isWhole = false;
      break;
    }
    pattern += next;
  }
  if (isWhole) pattern += ENDING;
  try {
    new LinearPattern(pattern);
    return pattern;
  } catch {
    return undefined; // it would match the empty text, or take too many states
  }
}

const ENDING = '\\s*$';

function commented({ text, note, marked_by: by, marked_at: at }: CorrectionView, yaml: string): string {
  const why = note === null ? '' : `: ${note}`;
  return `  # ${inComment(text)}\n  # ${inComment(`marked by ${by}, ${at.slice(0, 10)}${why}`)}\n${yaml.replace(/^(?=.)/gm, '  ')}`;
}

/** On one line, whatever was written: nothing of it gets out of the comment. */
function inComment(text: string): string {
  const line = text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ');
  return [...line].length > COMMENT_LENGTH_MAX ? `${[...line].slice(0, COMMENT_LENGTH_MAX).join('')}…` : line;
}

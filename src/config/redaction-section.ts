import {
  PII_KINDS,
  type PiiKind,
  REDACTION_DEFAULT,
  type RedactionSettings,
  SECRET_KINDS,
  type SecretKind,
  UNKNOWN_KIND,
} from '../contract/redaction.ts';
import { described, flag, group, list, oneOf, parsed, type Read, required } from './fields.ts';
import { linearPattern } from './pattern-field.ts';

const PATTERNS_MAX = 50;
const PATTERN_LENGTH_MAX = 500;
const NAME = /^[a-z][a-z0-9_]{0,39}$/;

const fields = {
  enabled: described(flag(), 'Whether credentials are replaced by [redacted:<kind>] before a record is stored; true.'),
  kinds: described(
    list(oneOf(...SECRET_KINDS), { lengthMax: SECRET_KINDS.length, of: `kinds of ${SECRET_KINDS.join(', ')}` }),
    'The kinds of credentials that are replaced; left out: all (docs/SECURITY.md lists them).',
  ),
  pii: described(
    list(oneOf(...PII_KINDS), { lengthMax: PII_KINDS.length, of: `kinds of ${PII_KINDS.join(', ')}` }),
    'Personal data that is replaced too: email, phone, iban, israeli_id, credit_card; left out: none.',
  ),
  patterns: described(
    list(
      group({
        name: required(
          described(
            parsed('a name of small letters, digits and _, such as employee_number', NAME.source, (name) =>
              NAME.test(name) && name !== UNKNOWN_KIND ? name : undefined,
            ),
            'The kind, as it stands in [redacted:<name>].',
          ),
        ),
        pattern: required(
          described(
            linearPattern(PATTERN_LENGTH_MAX),
            'What is replaced: a regular expression in the syntax of RE2, matched in linear time.',
          ),
        ),
      }),
      { lengthMax: PATTERNS_MAX, of: 'patterns, each with `name` and `pattern`' },
    ),
    'Further things that are replaced.',
  ),
} as const;

/** The `redaction:` section of an AI agent's file and of `_defaults.yaml`. */
export const redactionSection = described(group(fields), 'What is taken out of records before they are stored.');
type RedactionSection = Read<typeof fields>;

/** What is written over what it would be otherwise, key by key. */
export function mergeRedaction(
  own: RedactionSection | undefined,
  base: RedactionSettings = REDACTION_DEFAULT,
): RedactionSettings {
  return {
    enabled: own?.enabled ?? base.enabled,
    kinds: own?.kinds ?? (base.kinds as readonly SecretKind[]),
    pii: own?.pii ?? (base.pii as readonly PiiKind[]),
    patterns: own?.patterns ?? base.patterns,
  };
}

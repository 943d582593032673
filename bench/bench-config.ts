import { appendFileSync, cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface BenchConfigOptions {
  /** Whether secrets are looked for. */
  readonly redaction: boolean;
  /** So many of `typicalRules`, in the place of the example's own. */
  readonly rules: number;
  /** Whether lines are judged that no rule speaks of. */
  readonly triage?: boolean;
}

/** Puts the example configuration below a home, as a bench wants it. */
export function copyBenchConfig(home: string, { redaction, rules, triage = false }: BenchConfigOptions): void {
  const folder = join(home, 'config');
  cpSync(resolve(import.meta.dirname, '../config'), folder, { recursive: true });
  const agents = join(folder, 'agents');
  for (const file of readdirSync(agents)) {
    const text = readFileSync(join(agents, file), 'utf8');
    writeFileSync(join(agents, file), text.replace(/^rules:\n(?:(?: .*)?\n)*/m, ''));
  }
  const defaults = join(agents, '_defaults.yaml');
  if (!redaction) appendFileSync(defaults, '\nredaction:\n  enabled: false\n');
  if (!triage) appendFileSync(defaults, '\ntriage:\n  enabled: false\n');
  if (rules > 0) appendFileSync(defaults, `\n${typicalRules(rules)}`);
}

/** A `rules:` section of every kind of rule, in turn; most look for something that hardly ever comes, as people's do, and none drops a line. */
export function typicalRules(count: number): string {
  const kinds = [
    (n: number) => `when: { level_at_least: ERROR, contains: trouble number ${n} }, then: { alert: warning }`,
    (n: number) => `when: { matches: '(?i)error code ${n}\\d\\d\\b' }, then: { tag: code_${n} }`,
    (n: number) => `when: { matches: 'timeout after \\d{${(n % 3) + 2}} ms' }, then: { tag: timeout_${n} }`,
    (n: number) => `when: { action: step_${n}, level: [WARN, ERROR] }, then: { set: { level: ERROR } }`,
    (n: number) => `when: { context: { usage.total_tokens: { above: ${100_000 + n} } } }, then: { tag: costly_${n} }`,
    (n: number) => `when: { level: ERROR, rate: { more_than: ${100 + n}, within: 5m } }, then: { alert: warning }`,
    (n: number) => `when: { contains: ['retry ${n}', 'again ${n}', 'attempt ${n} of'] }, then: { sample: 10% }`,
    (n: number) => `when: { matches: 'EMP-${n % 10}\\d{5}' }, then: { redact: { matches: 'EMP-${n % 10}\\d{5}' } }`,
    (n: number) => `when: { agent: 'GR*', contains: health check ${n} }, then: { drop: true }`,
    (n: number) =>
      `when: { level_at_least: WARN, matches: 'quota|credit|billing|payment ${n}' }, then: { tag: money_${n} }`,
  ];
  const rules = Array.from({ length: count }, (_, n) => `  - { name: rule_${n}, ${kinds[n % kinds.length]!(n)} }\n`);
  return `rules:\n${rules.join('')}`;
}

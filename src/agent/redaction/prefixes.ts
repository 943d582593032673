import type { SecretKind } from '../../contract/redaction.ts';
import { isAlnum, isDigit, isTokenUnit, isWordStart, type SecretSpan, shapeOf, type TokenRuns } from './text.ts';

/** A credential that tells by its beginning what it is. */
export interface PrefixRule {
  readonly prefix: string;
  readonly kind: SecretKind;
  /** The span of the credential whose prefix stands at `at`. */
  readonly find: (text: string, at: number, runs: TokenRuns) => SecretSpan | undefined;
}

/** `body`: characters behind the prefix, of letters and digits (`alnum`) or also `_` and `-` (`token`). */
interface Body {
  readonly of: 'alnum' | 'token';
  readonly least: number;
  readonly most?: number;
  /** Letters and digits in a row that at least one part has: what tells `sk-…` of a vendor from `sk-learn-pipeline-2024`. */
  readonly part?: number;
  readonly kindOf?: (body: string) => SecretKind;
}

function rule(kind: SecretKind, prefixes: readonly string[], body: Body): PrefixRule[] {
  const { of, least, most = 2_048, part = 0, kindOf } = body;
  return prefixes.map((prefix) => ({
    prefix,
    kind,
    find(text, at, runs) {
      if (!isWordStart(text, at)) return undefined;
      const start = at + prefix.length;
      let end = runs.end(text, start);
      if (of === 'alnum') {
        end = start;
        while (end - start <= most && isAlnum(text, end)) end++;
      }
      if (end - start < least || end - start > most) return undefined;
      const { digits, upper, lower, longestPart } = shapeOf(text, start, end);
      if (longestPart < part || (digits === 0 && (upper === 0 || lower === 0))) return undefined;
      if (upper + lower === 0) return undefined;
      return { start: at, end, kind: kindOf?.(text.slice(start, Math.min(end, start + 64))) ?? kind };
    },
  }));
}

/** By a pattern that is tried at the prefix only; its repetitions are bounded and follow each other without overlap. */
function pattern(kind: SecretKind, prefix: string, expression: RegExp): PrefixRule {
  const sticky = new RegExp(expression.source, 'y');
  return {
    prefix,
    kind,
    find(text, at) {
      if (!isWordStart(text, at)) return undefined;
      sticky.lastIndex = at;
      return sticky.test(text) ? { start: at, end: sticky.lastIndex, kind } : undefined;
    },
  };
}

const AWS_SECRET = /(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])/g;
const AWS_SECRET_WITHIN = 128;

/** An unnamed secret key near behind its access key, as in tables and CSV. */
export function awsSecretBehind(text: string, end: number): SecretSpan | undefined {
  for (const { 0: value, index } of text.slice(end, end + AWS_SECRET_WITHIN).matchAll(AWS_SECRET)) {
    const { digits, upper, lower } = shapeOf(value, 0, value.length);
    if (digits > 0 && upper > 3 && lower > 3)
      return { start: end + index, end: end + index + value.length, kind: 'aws_secret_key' };
  }
  return undefined;
}

/** Keys of OpenAI and of those who took over its form; 32 hex digits are DeepSeek's. */
function openAiKind(body: string): SecretKind {
  return /^[0-9a-f]{32}$/.test(body) ? 'deepseek_key' : 'openai_key';
}

export const PREFIX_RULES: readonly PrefixRule[] = [
  pattern('aws_access_key', 'AKIA', /AKIA[A-Z0-9]{16}(?![A-Za-z0-9])/),
  pattern('aws_access_key', 'ASIA', /ASIA[A-Z0-9]{16}(?![A-Za-z0-9])/),
  pattern('gcp_api_key', 'AIza', /AIza[A-Za-z0-9_-]{30,45}/),
  ...rule('google_oauth', ['GOCSPX-'], { of: 'token', least: 20 }),
  pattern('google_oauth', '1//0', /1\/\/0[A-Za-z0-9_-]{30,256}/),
  ...Array.from({ length: 10 }, (_, digit) => azureClientSecret(`${digit}Q~`)),
  pattern('google_oauth', 'ya29.', /ya29\.[A-Za-z0-9_.-]{20,2048}/),
  ...rule('github_token', ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], { of: 'alnum', least: 30, most: 255 }),
  ...rule('github_token', ['github_pat_'], { of: 'token', least: 22 }),
  ...rule('gitlab_token', ['glpat-', 'glptt-', 'glrt-', 'gldt-', 'glcbt-', 'glsoat-', 'glft-'], {
    of: 'token',
    least: 16,
  }),
  ...rule('anthropic_key', ['sk-ant-'], { of: 'token', least: 20, part: 12 }),
  pattern('service_key', 'sk-lf-', /sk-lf-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/),
  ...rule('openai_key', ['sk-'], { of: 'token', least: 20, part: 16, kindOf: openAiKind }),
  ...rule('xai_key', ['xai-'], { of: 'token', least: 20, part: 16 }),
  ...rule('huggingface_token', ['hf_'], { of: 'alnum', least: 30, most: 64 }),
  ...rule('slack_token', ['xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-', 'xoxe-', 'xoxo-', 'xoxc-', 'xoxd-'], {
    of: 'token',
    least: 10,
    part: 6,
  }),
  ...rule('slack_token', ['xapp-'], { of: 'token', least: 16, part: 8 }),
  ...rule('stripe_key', ['sk_live_', 'rk_live_', 'sk_test_', 'rk_test_'], { of: 'alnum', least: 16, most: 255 }),
  pattern('stripe_key', 'whsec_', /whsec_[A-Za-z0-9+/]{20,128}={0,2}/),
  ...rule('npm_token', ['npm_'], { of: 'alnum', least: 30, most: 64 }),
  pattern('sendgrid_key', 'SG.', /SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,128}/),
  ...rule('groq_key', ['gsk_'], { of: 'alnum', least: 30, most: 128 }),
  ...rule('docker_token', ['dckr_pat_', 'dckr_oat_'], { of: 'token', least: 20 }),
  ...rule('pypi_token', ['pypi-AgE'], { of: 'token', least: 30 }),
  pattern('vault_token', 'hvs.', /hvs\.[A-Za-z0-9_-]{20,512}/),
  pattern('vault_token', 'hvb.', /hvb\.[A-Za-z0-9_-]{20,512}/),
  ...Array.from('0123456789abcdef', (digit) => pattern('twilio_key', `SK${digit}`, /SK[0-9a-f]{32}(?![0-9A-Za-z])/)),
  // Each of these alone is seldom seen; they share one kind.
  ...rule('service_key', ['shpat_', 'shpss_', 'shpca_', 'shppa_'], { of: 'alnum', least: 30 }),
  ...rule('service_key', ['dop_v1_', 'doo_v1_', 'dor_v1_'], { of: 'alnum', least: 40 }),
  ...rule(
    'service_key',
    ['glsa_', 'lin_api_', 'lsv2_pt_', 'lsv2_sk_', 'pcsk_', 'pplx-', 'nvapi-', 'tvly-', 'sntrys_', 'sntryu_'],
    {
      of: 'token',
      least: 24,
      part: 10,
    },
  ),
  ...rule(
    'service_key',
    ['ATATT3', 'xkeysib-', 'figd_', 'pul-', 'sq0csp-', 'sq0atp-', 'rzp_live_', 'NRAK-', 'PMAK-', 'ntn_', 'rnd_'],
    {
      of: 'token',
      least: 20,
      part: 12,
    },
  ),
  pattern('service_key', 'dapi', /dapi[0-9a-f]{32}(?:-\d)?(?![0-9A-Za-z])/),
  pattern('service_key', 'r8_', /r8_[A-Za-z0-9]{37,40}(?![0-9A-Za-z])/),
  pattern('private_key', 'AGE-SECRET-KEY-1', /AGE-SECRET-KEY-1[A-Z0-9]{50,64}/),
  pattern('nervesys_token', 'nsv1.', /nsv1\.[A-Za-z0-9_-]{24,4096}/),
  { prefix: 'eyJ', kind: 'jwt', find: findJwt },
];

/**
 * A header and a payload, which are JSON objects, and a signature; or the five parts of an encrypted one, whose other parts are no
 * JSON. What follows the header is judged once for each header, however many beginnings it has.
 */
function findJwt(text: string, at: number, runs: TokenRuns): SecretSpan | undefined {
  if (!isWordStart(text, at)) return undefined;
  const header = runs.end(text, at);
  if (header - at < 10 || text[header] !== '.' || header === runs.barren) return undefined;
  const ends = [header];
  while (ends.length < 5 && text[ends.at(-1)!] === '.') {
    let end = ends.at(-1)! + 1;
    while (isTokenUnit(text, end)) end++;
    ends.push(end);
  }
  const [, payload = 0, signature = 0] = ends;
  const plain = ends.length >= 3 && text.startsWith('eyJ', header + 1) && payload - header > 8;
  const encrypted = ends.length === 5 && signature - payload >= 8 && ends[4]! - ends[3]! >= 8;
  if (encrypted) return { start: at, end: ends[4]!, kind: 'jwt' };
  if (plain) return { start: at, end: signature, kind: 'jwt' };
  runs.barren = header;
  return undefined;
}

/** Three characters, a digit, `Q~`, and 31 to 34 more: the middle is what it is told by. */
function azureClientSecret(middle: string): PrefixRule {
  const sticky = /[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{30,36}/y;
  return {
    prefix: middle,
    kind: 'azure_client_secret',
    find(text, at) {
      sticky.lastIndex = Math.max(0, at - 3);
      return sticky.test(text) ? { start: at - 3, end: sticky.lastIndex, kind: 'azure_client_secret' } : undefined;
    },
  };
}

const BY_FIRST: ReadonlyMap<number, readonly PrefixRule[]> = Map.groupBy(PREFIX_RULES, ({ prefix }) =>
  prefix.charCodeAt(0),
);

/** The most specific credential that begins exactly at `at`. */
export function prefixedAt(text: string, at: number, runs: TokenRuns): SecretSpan | undefined {
  for (const each of BY_FIRST.get(text.charCodeAt(at)) ?? []) {
    if (!text.startsWith(each.prefix, at)) continue;
    const span = each.find(text, at, runs);
    if (span !== undefined) return span;
  }
  return telegramAt(text, at);
}

const TELEGRAM = /\d{6,12}:[A-Za-z0-9_-]{32,50}(?![A-Za-z0-9_-])/y;

/** A bot's number, a colon, 35 characters. */
export function telegramAt(text: string, at: number): SecretSpan | undefined {
  if (!isDigit(text, at)) return undefined;
  TELEGRAM.lastIndex = at;
  return TELEGRAM.test(text) ? { start: at, end: TELEGRAM.lastIndex, kind: 'telegram_token' } : undefined;
}

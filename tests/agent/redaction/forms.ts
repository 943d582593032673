import { alnum, base64, base64url, hex, json64, lines, pem } from './encodings.ts';
import { KIND_FORMS } from './kind-forms.ts';
import { ALNUM, DIGITS, draw, LOWER, pick, type Random, UPPER } from './random.ts';

function password(random: Random): string {
  const word = () => pick(random, 'correct', 'horse', 'battery', 'staple', 'winter', 'dragon', 'hunter', 'summer');
  switch (Math.floor(random() * 6)) {
    case 0:
      return `${word()}${draw(random, DIGITS, 2)}`;
    case 1:
      return `${word()}${draw(random, DIGITS, 4)}${draw(random, '!#*', 1)}`;
    case 2:
      return draw(random, ALNUM, 16);
    case 3:
      return `${draw(random, UPPER, 1)}${draw(random, LOWER, 5)}-${draw(random, ALNUM, 6)}`;
    case 4:
      return draw(random, `${ALNUM}!#%*+-_.~^?`, 14) + draw(random, ALNUM, 2);
    default:
      return `${draw(random, LOWER, 6)}@${draw(random, DIGITS, 3)}`;
  }
}

export const FORMS: Readonly<Record<string, (random: Random) => string>> = {
  aws_key: (r) => `AK${'IA'}${draw(r, `${UPPER}234567`, 16)}`,
  aws_temp_key: (r) => `AS${'IA'}${draw(r, `${UPPER}234567`, 16)}`,
  aws_secret: (r) => draw(r, `${ALNUM}/+`, 36) + draw(r, DIGITS, 1) + draw(r, ALNUM, 3),
  gcp_key: (r) => `AI${'za'}${draw(r, `${ALNUM}-_`, 35)}`,
  google_oauth: (r) => `ya${'29'}.${draw(r, `${ALNUM}-_`, 120)}`,
  azure_key: (r) => base64(r, 64),
  azure_short: (r) => base64(r, 32),
  azure_sas: (r) => encodeURIComponent(base64(r, 32)),
  ghp: (r) => `gh${'p_'}${draw(r, ALNUM, 36)}`,
  gho: (r) => `gh${'o_'}${draw(r, ALNUM, 36)}`,
  ghu: (r) => `gh${'u_'}${draw(r, ALNUM, 36)}`,
  ghs: (r) => `gh${'s_'}${draw(r, ALNUM, 36)}`,
  ghr: (r) => `gh${'r_'}${draw(r, ALNUM, 36)}`,
  github_pat: (r) => `github${'_pat_'}${draw(r, ALNUM, 22)}_${draw(r, ALNUM, 59)}`,
  gitlab: (r) => `gl${'pat-'}${base64url(r, 20)}`,
  npm: (r) => `np${'m_'}${draw(r, ALNUM, 36)}`,
  hf: (r) => `h${'f_'}${draw(r, UPPER + LOWER, 34)}`,
  openai: (r) => `s${'k-'}${draw(r, ALNUM, 20)}T3BlbkFJ${draw(r, ALNUM, 20)}`,
  openai_proj: (r) => `s${'k-'}${pick(r, 'proj', 'svcacct', 'admin')}-${base64url(r, 74)}T3BlbkFJ${base64url(r, 74)}`,
  anthropic: (r) => `s${'k-'}ant-${pick(r, 'api03', 'admin01', 'oat01')}-${base64url(r, 93)}AA`,
  xai: (r) => `xa${'i-'}${draw(r, ALNUM, 80)}`,
  deepseek: (r) => `s${'k-'}${hex(32)(r)}`,
  xoxb: (r) => `xo${'xb-'}${draw(r, DIGITS, 12)}-${draw(r, DIGITS, 13)}-${draw(r, ALNUM, 24)}`,
  xoxp: (r) => `xo${'xp-'}${draw(r, DIGITS, 12)}-${draw(r, DIGITS, 12)}-${draw(r, DIGITS, 13)}-${hex(32)(r)}`,
  xapp: (r) => `xa${'pp-'}1-A${draw(r, UPPER + DIGITS, 10)}-${draw(r, DIGITS, 13)}-${hex(64)(r)}`,
  slack_hook: (r) => `T${draw(r, UPPER + DIGITS, 8)}/B${draw(r, UPPER + DIGITS, 10)}/${draw(r, ALNUM, 24)}`,
  stripe_live: (r) => `s${'k_'}live_${draw(r, ALNUM, pick(r, 'a', 'b') === 'a' ? 24 : 99)}`,
  stripe_restricted: (r) => `r${'k_'}live_${draw(r, ALNUM, 24)}`,
  whsec: (r) => `wh${'sec_'}${draw(r, ALNUM, 32)}`,
  telegram: (r) => `${draw(r, '123456789', 10)}:A${'A'}${base64url(r, 33)}`,
  sendgrid: (r) => `S${'G.'}${base64url(r, 22)}.${base64url(r, 43)}`,
  nsv1: (r) => `nsv${'1.'}${json64({ url: 'http://127.0.0.1:7700', id: hex(8)(r), secret: base64url(r, 43) })}`,
  jwt: (r) =>
    `${json64({ alg: pick(r, 'HS256', 'RS256'), typ: 'JWT' })}.${json64({ sub: hex(8)(r), iat: 1 })}.${base64url(r, 43)}`,
  basic: (r) => Buffer.from(`${draw(r, LOWER, 5)}:${draw(r, ALNUM, 12)}`).toString('base64'),
  base64url: (r) => base64url(r, 40),
  base64image: (r) => `iVBORw0KGgo${base64(r, 400).replaceAll('=', '')}`,
  django: (r) => `django-insecure-${draw(r, `${ALNUM}!@#$%^*-_+`, 46)}${draw(r, DIGITS, 2)}`,
  session_token: (r) => `FwoGZXIvYXdzE${draw(r, `${ALNUM}/+`, 180)}${draw(r, ALNUM, 2)}=`,
  google_refresh: (r) => `1${'//'}0${draw(r, DIGITS, 1)}${base64url(r, 60)}`,
  gocspx: (r) => `GOC${'SPX-'}${base64url(r, 28)}`,
  azure_client: (r) => `${draw(r, ALNUM, 3)}8${'Q~'}${draw(r, `${ALNUM}-_.~`, 33)}${draw(r, ALNUM, 1)}`,
  pypi: (r) => `py${'pi-'}AgEIcHlwaS5vcmc${draw(r, `${ALNUM}-_`, 120)}`,
  dckr_pat: (r) => `dc${'kr_pat_'}${base64url(r, 27)}`,
  groq: (r) => `gs${'k_'}${draw(r, ALNUM, 52)}`,
  openrouter: (r) => `s${'k-'}or-v1-${hex(64)(r)}`,
  discord: (r) => `${draw(r, 'MNO', 1)}${draw(r, ALNUM, 25)}.${draw(r, ALNUM, 6)}.${base64url(r, 38)}`,
  discord_hook: (r) => base64url(r, 68),
  vault: (r) => `hv${'s.'}${base64url(r, 90)}`,
  twilio_key: (r) => `S${'K'}${hex(32)(r)}`,
  shopify: (r) => `sh${'pat_'}${hex(32)(r)}`,
  digitalocean: (r) => `do${'p_v1_'}${hex(64)(r)}`,
  grafana: (r) => `gl${'sa_'}${draw(r, ALNUM, 32)}_${hex(8)(r)}`,
  databricks: (r) => `da${'pi'}${hex(32)(r)}`,
  postman: (r) => `PM${'AK-'}${hex(24)(r)}-${hex(34)(r)}`,
  newrelic: (r) => `NR${'AK-'}${draw(r, UPPER + DIGITS, 27)}`,
  linear: (r) => `li${'n_api_'}${draw(r, ALNUM, 40)}`,
  age_key: (r) => `AGE-SECRET${'-KEY-'}1${draw(r, `${UPPER}${DIGITS}`, 58)}`,
  langsmith: (r) => `ls${'v2_pt_'}${hex(32)(r)}_${hex(10)(r)}`,
  pinecone: (r) => `pc${'sk_'}${draw(r, ALNUM, 6)}_${draw(r, ALNUM, 63)}`,
  base64pw: (r) => Buffer.from(draw(r, ALNUM, 18)).toString('base64'),
  base64pem: (r) => Buffer.from(pem(r, '')).toString('base64'),
  base64block: (r) => lines(r, 2, '\n'),
  base64line: (r) => lines(r, 3, '\n'),
  sha512: (r) => base64(r, 64),
  pem_dsa: (r) => pem(r, 'DSA '),
  pem_encrypted: (r) => pem(r, 'ENCRYPTED '),
  pem_openssh_escaped: (r) => pem(r, 'OPENSSH ', '\\n'),
  pem_space: (r) => pem(r, '', ' '),
  pem_pgp: (r) => {
    const edge = (word: string) => `-----${word} PGP PRIVATE KEY BLOCK-----`;
    return `${edge('BEGIN')}\n\n${lines(r, 6, '\n')}\n=${draw(r, ALNUM, 4)}\n${edge('END')}`;
  },
  quoted: (r) => `${draw(r, ALNUM, 3)}${draw(r, `${ALNUM}!#%*+-_.~^?$&;,()@:=/ <>|[]`, 12)}${draw(r, ALNUM, 2)}`,
  phrase12: (r) =>
    Array.from({ length: 12 }, () =>
      pick(r, 'abandon', 'zebra', 'ability', 'lunar', 'ladder', 'orbit', 'velvet', 'copper', 'island', 'pepper'),
    ).join(' '),
  hex7: hex(7),
  hex8: hex(8),
  hex12: hex(12),
  hex16: hex(16),
  hex24: hex(24),
  hex48: hex(48),
  alnum16: alnum(16),
  alnum29: alnum(29),
  alnum32: alnum(32),
  alnum40: alnum(40),
  alnum43: alnum(43),
  hex32: hex(32),
  hex40: hex(40),
  hex64: hex(64),
  alnum14: alnum(14),
  alnum20: alnum(20),
  alnum24: alnum(24),
  alnum28: alnum(28),
  uuid: (r) => [8, 4, 4, 4, 12].map((length) => hex(length)(r)).join('-'),
  private: () => 'PRIVATE',
  pem: (r) => pem(r, ''),
  pem_rsa: (r) => pem(r, 'RSA '),
  pem_ec: (r) => pem(r, 'EC '),
  pem_openssh: (r) => pem(r, 'OPENSSH '),
  pem_escaped: (r) => pem(r, '', '\\n'),
  password,
  phrase: (r) =>
    Array.from({ length: 4 }, () => pick(r, 'correct', 'horse', 'battery', 'staple', 'river', 'cloud')).join(' '),
  ...KIND_FORMS,
  urlpassword: (r) => draw(r, `${ALNUM}-_.~%40`.replace('%40', ''), 12) + draw(r, ALNUM, 2) + pick(r, '', '%40', '!'),
};

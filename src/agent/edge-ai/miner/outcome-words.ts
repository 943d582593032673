/** What people look for in a line: statements that differ in such a word are told apart unless many others stood there too. */
const STATES = new Set(
  (
    'true false yes no on off up down ok fail failure failures error errors warning success successful fatal critical normal active inactive ' +
    'online offline ready busy idle dead alive valid invalid begin end start stop full empty open read write'
  ).split(' '),
);
const BAD = new Set(
  (
    'fail fails failed failure failures failing error errors fatal critical emergency panic panicked abort aborted aborting crash crashed ' +
    'crashing denied deny refused rejected invalid illegal unauthorized forbidden bad broken corrupt corrupted corruption lost dead down ' +
    'offline unavailable unreachable unhealthy unable cannot timeout timedout expired killed violation exception warning wrong missing ' +
    'degraded dropped exceeded exhausted overflow stale unsafe'
  ).split(' '),
);
const GOOD = new Set(
  (
    'ok okay success successful successfully succeeded succeeds succeed passed healthy online up ready accepted granted authorized allowed ' +
    'established connected recovered restored completed complete finished valid alive active available normal resolved'
  ).split(' '),
);

/** A word that tells what happened or how something is. */
export function isState(text: string): boolean {
  return /..(?:ed|ing)$/.test(text) || STATES.has(text.toLowerCase());
}

/** A word that tells how something went. */
export function kindOfOutcome(text: string): 'bad' | 'good' | undefined {
  const word = text.toLowerCase();
  return BAD.has(word) ? 'bad' : GOOD.has(word) ? 'good' : undefined;
}

/** Has a sign in it or a large letter after a small one. */
export function looksLikeName(text: string): boolean {
  return /[._$@/-]|\p{Ll}\p{Lu}/u.test(text);
}

export function isBoolean(text: string): boolean {
  return /^(?:true|false|yes|no|True|False|TRUE|FALSE)$/.test(text);
}

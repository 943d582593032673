import type { Tokens } from './tokens.ts';

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

/** Nouns of trouble that another noun may follow: “lockup detector”, “stall warnings”. */
const TROUBLE_NOUNS = words(
  'error errors failure failures fault faults crash crashes panic oops lockup lockups stall stalls hang hangs deadlock deadlocks corruption ' +
    'overflow overrun overruns timeout timeouts attack attacks intrusion abort alarm alarms alert alerts leak leaks check exception ' +
    'exceptions loss violation spoof flood dump trap memory bug bugs outage temperature overload kill oom stuck hung',
);
/** Nouns that make of trouble a thing to be set up, counted or read about. */
const HEADS = words(
  'detector detectors detection handler handlers handling area areas warnings protection prevention threshold thresholds policy policies ' +
    'checker monitor monitors monitoring reporting reporter log logs page pages counter counters rate rates budget mode tolerance ' +
    'correction injection simulation drill drills suite suites exporter support option options feature features flag parameter parameters ' +
    'setting settings limiter limiting interval intervals simulator analyzer analyser notifier notifications template templates rules ' +
    'vector vectors register registers mask masks bitmap dashboard playbook runbook coverage scenario scenarios',
);
/** Behind a label of trouble: what is reported is a capability. */
const CAPABILITIES = words(
  'supports supported supporting enabled initialized initialised configured registered version handles',
);
const CAPABILITY_REACH = 4;
/** Keys whose value is the state of something; the value of any other is an argument. */
const STATE_KEYS = words(
  'status state result health outcome level severity reason error err msg message cause exit code type event kind class exception failure ' +
    'signal phase condition verdict response detail details description desc text what problem summary conclusion',
);

/** Whether words of trouble, `start` to `end`, are the first half of a name of something: “memory failure handling”, “machine check: CPU supports 4 banks”. */
export function isPartOfNounPhrase(
  { count, words, isAfterBreak, isLabel }: Tokens,
  start: number,
  end: number,
): boolean {
  if (!TROUBLE_NOUNS.has(words[end - 1]!) || end >= count) return false;
  if (!isAfterBreak[end]) return HEADS.has(words[end]!);
  if (!isLabel[end - 1] || start > 2) return false;
  for (let at = end; at < count && at < end + CAPABILITY_REACH; at++) if (CAPABILITIES.has(words[at]!)) return true;
  return false;
}

/** Whether a word is the value of a key that tells no state: `oops=panic`, `--on-fail=abort`. */
export function isArgument({ words, kinds }: Tokens, start: number): boolean {
  return start > 0 && kinds[start - 1] === 'key' && !STATE_KEYS.has(words[start - 1]!);
}

/** What stands behind them in quotes is what something is called, or what somebody wrote. */
const TITLES = words(
  'mail mails email song track film movie book title titled called named name label issue ticket comment subject query search searched asked ' +
    'rule alert post article page topic task branch commit product manufacturer vendor model thread question note poll quiz course to for on',
);

/** Whether a word stands in a quoted title: `mail "Server down?" forwarded`. */
export function isInTitle({ words, isQuoted }: Tokens, start: number): boolean {
  let at = start;
  while (at >= 0 && isQuoted[at]) at--;
  return at >= 0 && at < start && TITLES.has(words[at]!);
}

const INTENDED_DEEDS = words(
  'cancelled canceled stopped killed closed paused aborted terminated removed deleted disabled rejected declined suspended dismissed ended abandoned ' +
    'interrupted withdrawn blocked locked revoked deactivated',
);
/** Those who do such things unasked. */
const UNASKED = words(
  'signal kernel oom watchdog system timeout timer error errors exception peer remote host server a an the this that mistake accident ' +
    'scheduler supervisor node master controller itself hand default firewall scanner guard policy limit memory driver hypervisor ' +
    'sigterm sigsegv sigabrt foreign other another unknown attacker intruder malware ransomware failure fault lack',
);

/** Whether somebody did it, who is named: “cancelled by Dana”, “stopped by admin”. */
export function isDeedOfPerson({ count, words, kinds, isAfterBreak }: Tokens, start: number, end: number): boolean {
  if (end + 1 >= count || words[end] !== 'by' || isAfterBreak[end] || !INTENDED_DEEDS.has(words[end - 1]!))
    return false;
  if (end - start > 2) return false;
  const agent = words[end + 1]!;
  return (kinds[end + 1] === 'prose' || kinds[end + 1] === 'name') && !UNASKED.has(agent) && !agent.startsWith('sig');
}

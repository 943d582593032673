import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Clock } from '../../platform/clock.ts';

/** What is passed on to the program. SIGUSR1 is among them because Node would otherwise open its debugger on it. */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
/** Of these, the ones that ask for an end. */
const ENDING: ReadonlySet<string> = new Set(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']);

/** npm passes on what the terminal has sent already: two this close together are one. */
const SAME_SIGNAL_MS = 1_000;

export interface SignalRelay extends Disposable {
  /** The last signal that asked the program to end. */
  readonly endAsked: NodeJS.Signals | undefined;
  /** Aborts with the first signal that asks for an end. */
  readonly ending: AbortSignal;
  /** From now on signals go to this child; `undefined`: to nobody, for none runs just now. */
  attach(child: ChildProcess | undefined): void;
  /** From now on the program has ended: an ending signal aborts this controller instead. */
  childEnded(impatient: AbortController): void;
}

/** Passes this process's signals on to the child that is attached, until disposed. */
export function relaySignals(clock: Clock): SignalRelay {
  let child: ChildProcess | undefined;
  const ending = new AbortController();
  let endAsked: NodeJS.Signals | undefined;
  let endAskedAt = Number.NEGATIVE_INFINITY;
  let impatient: AbortController | undefined;
  const listeners = FORWARDED.map((name) => {
    const listener = () => {
      if (impatient !== undefined) {
        if (ENDING.has(name) && clock.monotonic() - endAskedAt > SAME_SIGNAL_MS) impatient.abort();
        return;
      }
      if (ENDING.has(name)) {
        endAsked = name;
        endAskedAt = clock.monotonic();
        ending.abort(new DOMException(`asked by ${name}`, 'AbortError'));
      }
      if (child !== undefined && !reachedChildAlready(name)) child.kill(name);
    };
    process.on(name, listener);
    return () => process.off(name, listener);
  });
  return {
    get endAsked() {
      return endAsked;
    },
    ending: ending.signal,
    attach(current) {
      child = current;
      if (endAsked !== undefined) child?.kill(endAsked); // it came while none ran
    },
    childEnded(controller) {
      impatient = controller;
    },
    [Symbol.dispose]() {
      for (const remove of listeners) remove();
    },
  };
}

/**
 * Ctrl-C and Ctrl-\ go to every process of the terminal's foreground group, so the child has had them; passing them on would
 * make them two, which many programs take for "now, without tidying up". A `kill -INT` of this one process while it stands in
 * the foreground can't be told from Ctrl-C and is not passed on; `kill` (SIGTERM) always is.
 */
function reachedChildAlready(name: NodeJS.Signals): boolean {
  return (name === 'SIGINT' || name === 'SIGQUIT') && inForeground();
}

function inForeground(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    // After the name in parentheses: state, ppid, pgrp, session, tty_nr, tpgid (proc_pid_stat(5)).
    const [, , group, , terminal, foregroundGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return terminal !== '0' && group === foregroundGroup;
  } catch {
    return process.stdin.isTTY === true; // not Linux: the best guess
  }
}

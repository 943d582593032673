/** What a command's exit code tells a script. `exec` passes on its child's instead. */
export const EXIT = {
  done: 0,
  failed: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** The command did its work and found problems (check, verify, doctor). */
  problems: 3,
} as const;

/**
 * The commands that this program has: all of them here. `scripts/bundle-agent.ts` puts the few that a server needs in place
 * of this, so that the one-file agent neither carries nor offers the others.
 */
export const SHIPPED_COMMANDS: readonly string[] | undefined = undefined;

/** Whether this is the package with its folders (examples, page) beside the code, rather than one file that stands anywhere. */
export const IS_WHOLE_PACKAGE = SHIPPED_COMMANDS === undefined;

import { NervesysError } from '../../platform/errors.ts';
import { type GitOptions, runGit } from './run-git.ts';

/** Before it git knew neither settings from the environment (the token, that no redirect is followed) nor how to leave those of this machine out. */
const OLDEST = [2, 32] as const;
/** The first one that knows signatures of SSH. */
const OLDEST_OF_SIGNATURES = [2, 34] as const;

/** Rejects with `NSV_GIT_FAILED` where git can't be run, or is one that would ignore what keeps us safe instead of refusing it. */
export async function checkGitVersion(
  options: GitOptions,
  needsSignatures: boolean,
  signal?: AbortSignal,
): Promise<void> {
  const said = (await runGit(options, ['version'], signal)).toString().trim();
  const [, major, minor] = /^git version (\d+)\.(\d+)/.exec(said)?.map(Number) ?? [];
  const oldest = needsSignatures ? OLDEST_OF_SIGNATURES : OLDEST;
  if (major !== undefined && minor !== undefined && (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])))
    return;
  throw new NervesysError(
    'NSV_GIT_FAILED',
    `follow the repository of the configuration: this is ${said.slice(0, 100)}`,
    {
      retryable: true,
      hint: `install git ${oldest.join('.')} or newer; the last good configuration holds`,
    },
  );
}

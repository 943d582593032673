import type { RevisionView } from '../../contract/rollout.ts';
import { useWords } from './page-context.ts';

interface CommitLinesProps {
  readonly revision: RevisionView;
  /** Also says that nobody signed it: in a list of many, which need not be signed, that would be noise. */
  readonly whole?: boolean;
}

/** Where a revision comes from: what its commit says, who made it and when, who signed it. All of that is text that somebody else has chosen. */
export function CommitLines({ revision: { revision, commit, found_at: foundAt }, whole }: CommitLinesProps) {
  const words = useWords();
  if (commit === null) {
    return (
      <>
        <p class="commit-subject">{words.say(revision === 'built-in' ? 'configBuiltIn' : 'configFolder')}</p>
        <p class="commit-by soft">
          <time dateTime={foundAt}>{words.moment(foundAt)}</time>
        </p>
      </>
    );
  }
  const { author, subject, committed_at: at, signer, sha } = commit;
  return (
    <>
      <p class="commit-subject">
        <bdi title={sha}>{subject}</bdi>
      </p>
      <p class="commit-by soft">
        <bdi>{author}</bdi> · <time dateTime={at}>{words.moment(at)}</time>
        {signer === null && whole && ` · ${words.say('configUnsigned')}`}
        {signer !== null && (
          <>
            {` · ${words.say('configSigned')} `}
            <bdi class="signer">{signer}</bdi>
          </>
        )}
      </p>
    </>
  );
}

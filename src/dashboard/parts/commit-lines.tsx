import type { RevisionView } from '../../contract/rollout.ts';
import { useWords } from './page-context.ts';

/** Where a revision comes from: what its commit says, who made it and when, who signed it. All of that is text that somebody else has chosen. */
export function CommitLines({
  revision: { revision, commit, found_at: foundAt },
}: {
  readonly revision: RevisionView;
}) {
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
        <bdi>{author}</bdi> · <time dateTime={at}>{words.moment(at)}</time> ·{' '}
        {signer === null ? (
          words.say('configUnsigned')
        ) : (
          <>
            {words.say('configSigned')} <bdi class="signer">{signer}</bdi>
          </>
        )}
      </p>
    </>
  );
}

import type { RevisionView } from '../../contract/rollout.ts';
import type { ConfigSummary } from '../model/config-summary.ts';
import { CommitLines } from './commit-lines.tsx';
import { ConfigCounts } from './config-counts.tsx';
import { Revision, RevisionMark } from './marks.tsx';
import { useWords } from './page-context.ts';

/** More are of no use to a reader: the fleet is not in order, and the list of servers says where. */
const OTHERS_SHOWN = 5;

interface DesiredRevisionProps {
  readonly name: string | null;
  /** Absent: nothing more is known of it. */
  readonly revision: RevisionView | undefined;
  readonly summary: ConfigSummary;
}

/** What everybody is to run in the end, where it comes from, and how far it has come. */
export function DesiredRevision({ name, revision, summary }: DesiredRevisionProps) {
  const words = useWords();
  const others = summary.running.filter((one) => one.revision !== name);
  return (
    <section class="panel" aria-labelledby="desired-title">
      <h2 id="desired-title">{words.say('configDesired')}</h2>
      {name === null ? (
        <p class="soft">{words.say('configNone')}</p>
      ) : (
        <>
          <div class="config-head">
            <Revision name={name} />
            {revision !== undefined && <RevisionMark state={revision.state} />}
          </div>
          {revision !== undefined && <CommitLines revision={revision} whole />}
          <p class="config-where">
            <ConfigCounts summary={summary} desired={name} />
            <Share part={summary.running.find((one) => one.revision === name)?.servers ?? 0} whole={summary.servers} />
          </p>
          {others.length > 0 && (
            <ul class="config-others soft">
              {others.slice(0, OTHERS_SHOWN).map(({ revision: other, servers }) => (
                <li key={other}>
                  {other === null
                    ? words.count('configUnsaid', servers)
                    : words.count('configOther', servers, { revision: `\u2066${other}\u2069` })}
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </section>
  );
}

/** How much of the fleet that is, to be taken in at a glance. The words beside say it too. */
function Share({ part, whole }: { readonly part: number; readonly whole: number }) {
  const share = whole === 0 ? 0 : part / whole;
  return <span class="share" aria-hidden="true" style={{ '--part': share.toFixed(3) }} />;
}

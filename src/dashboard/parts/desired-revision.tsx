import type { RevisionView, RolloutAnswer } from '../../contract/rollout.ts';
import { sayRolloutReason } from '../messages/rollout-reasons.ts';
import type { ConfigSummary } from '../model/config-summary.ts';
import { REASON_LENGTH_MAX, readable } from '../model/readable.ts';
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
  /** What the source holds. */
  readonly found: NonNullable<RolloutAnswer['found']> | null;
}

/** What everybody is to run in the end, where it comes from, and how far it has come. */
export function DesiredRevision({ name, revision, summary, found }: DesiredRevisionProps) {
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
          {found !== null && found.revision !== name && found.state !== 'everywhere' && <HeldBack found={found} />}
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

/** What the source holds is something else, and comes to nobody by itself: who has pushed it wonders why. */
function HeldBack({ found: { revision, state, reason } }: { readonly found: NonNullable<RolloutAnswer['found']> }) {
  const words = useWords();
  return (
    <div class={`held-back ${state === 'checked' ? 'soft' : 'finding'}`}>
      <p>
        {words.say('configFound')} <Revision name={revision} /> <RevisionMark state={state} />
      </p>
      {reason !== null && (
        <p>
          <bdi>{sayRolloutReason(words, readable(reason, REASON_LENGTH_MAX))}</bdi>
        </p>
      )}
    </div>
  );
}

/** How much of the fleet that is, to be taken in at a glance. The words beside say it too. */
function Share({ part, whole }: { readonly part: number; readonly whole: number }) {
  const share = whole === 0 ? 0 : part / whole;
  return <span class="share" aria-hidden="true" style={{ '--part': share.toFixed(3) }} />;
}

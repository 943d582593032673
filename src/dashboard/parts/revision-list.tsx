import { useState } from 'preact/hooks';
import type { FleetConfig, RevisionView } from '../../contract/rollout.ts';
import { sayRolloutReason } from '../messages/rollout-reasons.ts';
import { REASON_LENGTH_MAX, readable } from '../model/readable.ts';
import { Age } from './age.tsx';
import { CommitLines } from './commit-lines.tsx';
import { Complaints } from './complaints.tsx';
import { Revision, RevisionMark } from './marks.tsx';
import { useWords } from './page-context.ts';
import { SteerButton } from './rollout-actions.tsx';

/** More would push the eye past what is of today; the rest is one click away. */
const SHOWN_AT_FIRST = 10;

interface RevisionListProps {
  readonly revisions: readonly RevisionView[];
  readonly config: FleetConfig;
  readonly maySteer: boolean;
}

/** Every revision that was found and what became of it, the one found last first. */
export function RevisionList({ revisions, config, maySteer }: RevisionListProps) {
  const words = useWords();
  const [all, setAll] = useState(false);
  const shown = all ? revisions : revisions.slice(0, SHOWN_AT_FIRST);
  return (
    <section aria-labelledby="revisions-title">
      <div class="toolbar">
        <h2 id="revisions-title">{words.say('revisions')}</h2>
        {revisions.length === 0 && <span class="count">{words.say('revisionsNone')}</span>}
        {revisions.length > SHOWN_AT_FIRST && (
          <button type="button" class="link" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? words.say('alertsShowFewer') : words.say('alertsShowAll', { count: words.number(revisions.length) })}
          </button>
        )}
      </div>
      {shown.length > 0 && (
        <ul class="revision-list">
          {shown.map((one) => (
            <RevisionItem key={one.revision} revision={one} config={config} maySteer={maySteer} />
          ))}
        </ul>
      )}
    </section>
  );
}

interface RevisionItemProps {
  readonly revision: RevisionView;
  readonly config: FleetConfig;
  readonly maySteer: boolean;
}

function RevisionItem({ revision: one, config, maySteer }: RevisionItemProps) {
  const words = useWords();
  return (
    <li class="revision-item">
      <div class="revision-head">
        <Revision name={one.revision} />
        <RevisionMark state={one.state} />
        <span class="soft">
          <Age at={one.state_at} />
        </span>
      </div>
      <div class="revision-body">
        <CommitLines revision={one} />
        {one.reason !== null && (
          <p class="refusal">
            <bdi>{sayRolloutReason(words, readable(one.reason, REASON_LENGTH_MAX))}</bdi>
          </p>
        )}
        {one.state === 'refused' && <Complaints revision={one.revision} />}
      </div>
      {maySteer && <RevisionAction key={one.state} revision={one} config={config} />}
    </li>
  );
}

/** A revision that was good before can be gone back to at once; one that was taken back begins again by stages, while nothing else is under way. */
function RevisionAction({
  revision: { revision, state, was_everywhere: wasEverywhere },
  config,
}: Omit<RevisionItemProps, 'maySteer'>) {
  const { desired, rollout } = config;
  if (state === 'checked' && rollout === null)
    return (
      <div class="revision-action">
        <SteerButton act="begin" revision={revision} wanted={revision} />
      </div>
    );
  if (state === 'rolled_back' && rollout === null)
    return (
      <div class="revision-action">
        <SteerButton act="again" revision={revision} wanted={revision} />
      </div>
    );
  // An older orchestrator doesn't say, and goes back to any.
  if (state === 'replaced' && wasEverywhere !== false && desired !== null && desired !== revision)
    return (
      <div class="revision-action">
        <SteerButton act="backTo" revision={desired} previous={revision} wanted={revision} />
      </div>
    );
  return null;
}

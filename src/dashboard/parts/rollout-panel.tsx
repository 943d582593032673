import type { RolloutAnswer, RolloutFinding, RolloutView } from '../../contract/rollout.ts';
import { sayFinding, sayHold, sayRolloutReason } from '../messages/rollout-reasons.ts';
import { REASON_LENGTH_MAX, readable } from '../model/readable.ts';
import { Age } from './age.tsx';
import { Countdown } from './countdown.tsx';
import { Fact } from './fact.tsx';
import { Revision, RolloutMark } from './marks.tsx';
import { useWords } from './page-context.ts';
import { RolloutActions } from './rollout-actions.tsx';
import { RolloutStages } from './rollout-stages.tsx';

interface RolloutPanelProps {
  readonly answer: RolloutAnswer;
  readonly maySteer: boolean;
}

/** The rollout under way, or the last one: where it is, since when, what holds or has ended it. */
export function RolloutPanel({ answer: { config, rollout, servers }, maySteer }: RolloutPanelProps) {
  const words = useWords();
  const isUnderWay = rollout !== null && rollout.ended_at === null;
  const waiting = servers
    .filter((one) => one.desired !== null && one.running !== one.desired && one.error === null)
    .map((one) => one.server);
  return (
    <section class="panel" aria-labelledby="rollout-title">
      <h2 id="rollout-title">{words.say(isUnderWay ? 'rolloutNow' : 'rolloutLast')}</h2>
      {rollout === null ? (
        <p class="soft">{words.say('rolloutNone')}</p>
      ) : (
        <>
          <div class="config-head" role="status">
            <Revision name={rollout.revision} />
            <RolloutMark state={rollout.state} />
            <span class="soft">
              {words.say('rolloutStage', {
                stage: words.number(rollout.stage),
                stages: words.number(rollout.stages.length),
              })}
            </span>
          </div>
          <RolloutStages rollout={rollout} />
          {rollout.findings.map((finding) => (
            <Finding key={finding.sign} finding={finding} />
          ))}
          <RolloutFacts rollout={rollout} />
          {waiting.length > 0 && <Waiting servers={waiting} />}
        </>
      )}
      {maySteer && rollout !== null && (
        <RolloutActions key={`${rollout.id} ${rollout.state}`} rollout={rollout} config={config} />
      )}
    </section>
  );
}

/** A sign by which it was halted, and where it was seen. */
function Finding({ finding }: { readonly finding: RolloutFinding }) {
  const words = useWords();
  return (
    <div class="finding">
      <p>
        <bdi>{sayFinding(words, readable(finding.text, REASON_LENGTH_MAX))}</bdi>
      </p>
      <ServerNames servers={finding.servers} />
    </div>
  );
}

function RolloutFacts({ rollout }: { readonly rollout: RolloutView }) {
  const words = useWords();
  const { state, findings, reason, hold, next_at: nextAt, ended_at: endedAt, ended_by: endedBy } = rollout;
  const isLast = rollout.stage === rollout.stages.length;
  return (
    <dl class="facts">
      <Fact label="rolloutStarted">
        <Age at={rollout.started_at} />
      </Fact>
      {endedAt === null ? (
        <Fact label="rolloutStageSince">
          <Age at={rollout.stage_at} />
        </Fact>
      ) : (
        <Fact label="rolloutEnded">
          <Age at={endedAt} />
        </Fact>
      )}
      {nextAt !== null && (
        <Fact label={isLast ? 'rolloutNextLast' : 'rolloutNext'}>
          <Countdown to={nextAt} />
        </Fact>
      )}
      {endedBy !== null && (
        <Fact label="rolloutBy">
          <bdi>{endedBy}</bdi>
        </Fact>
      )}
      <Fact label={state === 'rolling' || state === 'paused' ? 'rolloutFallback' : 'rolloutBefore'}>
        <Revision name={rollout.previous} />
      </Fact>
      {hold !== null && (
        <Fact label="rolloutHold">
          <bdi>{sayHold(words, hold)}</bdi>
        </Fact>
      )}
      {reason !== null && findings.length === 0 && (
        <Fact label="rolloutWhy">
          <bdi>{sayRolloutReason(words, readable(reason, REASON_LENGTH_MAX))}</bdi>
        </Fact>
      )}
    </dl>
  );
}

/** Names beyond these help nobody; the number says how many there are. */
const SERVERS_SHOWN = 20;

/** Servers that were told of another revision than they run, and have not said why not: folded, since it passes. */
function Waiting({ servers }: { readonly servers: readonly string[] }) {
  const words = useWords();
  return (
    <details class="elsewhere">
      <summary>{words.count('rolloutWaiting', servers.length)}</summary>
      <ServerNames servers={servers} />
    </details>
  );
}

function ServerNames({ servers }: { readonly servers: readonly string[] }) {
  const words = useWords();
  const more = servers.length - SERVERS_SHOWN;
  return (
    <ul class="server-names">
      {servers.slice(0, SERVERS_SHOWN).map((server) => (
        <li key={server}>
          <bdi dir="ltr">{server}</bdi>
        </li>
      ))}
      {more > 0 && <li class="soft">{words.count('andMore', more)}</li>}
    </ul>
  );
}

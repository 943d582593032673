import type { FleetConfig, RolloutView } from '../../contract/rollout.ts';
import type { RolloutStep } from '../live/api.ts';
import type { TextKey } from '../messages/words.ts';
import { ConfirmButton } from './confirm-button.tsx';
import { usePage, useWords } from './page-context.ts';

const LABELS: Readonly<Record<SteerButtonProps['act'], readonly [label: TextKey, question: TextKey, RolloutStep]>> = {
  pause: ['rolloutPause', 'rolloutPauseAsk', 'pause'],
  resume: ['rolloutResume', 'rolloutResumeAsk', 'resume'],
  begin: ['rolloutBegin', 'rolloutBeginAsk', 'resume'],
  again: ['rolloutAgain', 'rolloutAgainAsk', 'resume'],
  rollback: ['rolloutBack', 'rolloutBackAsk', 'rollback'],
  backTo: ['rolloutBackTo', 'rolloutBackAsk', 'rollback'],
};

interface SteerButtonProps {
  readonly act: 'pause' | 'resume' | 'begin' | 'again' | 'rollback' | 'backTo';
  /** What is rolled out, or left. */
  readonly revision: string;
  /** What is gone back to. */
  readonly previous?: string;
  /** Names this one to the orchestrator, rather than what goes without saying. */
  readonly wanted?: string;
  readonly prominent?: boolean;
}

/** One thing that may be done to a rollout: asked first, with a reason for those who read of it later. */
export function SteerButton({ act, revision, previous = '', wanted, prominent }: SteerButtonProps) {
  const words = useWords();
  const { rollout } = usePage();
  const [label, question, step] = LABELS[act];
  return (
    <ConfirmButton
      label={words.say(label)}
      question={words.say(question, { revision: `\u2066${revision}\u2069`, previous: `\u2066${previous}\u2069` })}
      refusal={words.say('cancel')}
      prominent={prominent ?? false}
      harmless={act === 'pause' || act === 'resume' || act === 'begin'}
      asksReason
      onConfirm={(reason) =>
        rollout.steer(step, {
          ...(wanted === undefined ? {} : { revision: wanted }),
          ...(reason === undefined ? {} : { reason }),
        })
      }
    />
  );
}

/** What operators may do to the rollout that is shown. */
export function RolloutActions({ rollout, config }: { readonly rollout: RolloutView; readonly config: FleetConfig }) {
  const { revision, previous, state } = rollout;
  switch (state) {
    case 'rolling':
    case 'paused':
      return (
        <div class="actions">
          <SteerButton act={state === 'rolling' ? 'pause' : 'resume'} revision={revision} prominent />
          <SteerButton act="rollback" revision={revision} previous={previous} wanted={previous} prominent />
        </div>
      );
    case 'done':
      if (config.desired !== revision) return null; // it was left since
      return (
        <div class="actions">
          <SteerButton act="rollback" revision={revision} previous={previous} wanted={previous} prominent />
        </div>
      );
    case 'halted':
    case 'rolled_back':
      if (config.desired === revision) return null; // it was gone back to since
      return (
        <div class="actions">
          <SteerButton act="again" revision={revision} wanted={revision} prominent />
        </div>
      );
    case 'replaced':
      return null;
    default:
      return state satisfies never;
  }
}

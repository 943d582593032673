import type { RolloutView } from '../../contract/rollout.ts';
import { useWords } from './page-context.ts';

/** The stages in their order, the one where it is (or was, when it ended) told apart by more than its colour. */
export function RolloutStages({ rollout: { stages, stage, state } }: { readonly rollout: RolloutView }) {
  const words = useWords();
  return (
    <ol class={`stages stages-${state}`} aria-label={words.say('rolloutStages')}>
      {stages.map((text, index) => {
        const isBehind = index + 1 < stage || state === 'done';
        const isHere = index + 1 === stage && state !== 'done';
        return (
          <li
            key={index}
            class={isBehind ? 'stage-behind' : isHere ? 'stage-here' : 'stage-ahead'}
            aria-current={isHere ? 'step' : undefined}
          >
            <bdi dir="ltr" title={text}>
              {text}
            </bdi>
          </li>
        );
      })}
    </ol>
  );
}

import { useState } from 'preact/hooks';
import { reasonOf } from '../live/api.ts';
import type { TextKey } from '../messages/words.ts';
import { useWords } from './page-context.ts';

interface NextPageProps {
  readonly label: TextKey;
  /** While it is asked for. */
  readonly asking: TextKey;
  /** Brings it. */
  readonly onTurn: () => Promise<void>;
}

/** One page further in a long list. What the orchestrator says against it stands beside. */
export function NextPage({ label, asking: askingLabel, onTurn }: NextPageProps) {
  const words = useWords();
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<string>();
  const turn = async () => {
    setAsking(true);
    setProblem(undefined);
    try {
      await onTurn();
    } catch (error) {
      setProblem(reasonOf(error));
    } finally {
      setAsking(false);
    }
  };
  return (
    <div class="pages">
      <button type="button" aria-disabled={asking} onClick={() => !asking && turn()}>
        {words.say(asking ? askingLabel : label)}
      </button>
      {problem !== undefined && (
        <p class="problem" role="alert">
          {words.say('actionFailed', { reason: problem })}
        </p>
      )}
    </div>
  );
}

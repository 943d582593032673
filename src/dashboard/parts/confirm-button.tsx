import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { reasonOf } from '../live/api.ts';
import { useWords } from './page-context.ts';

interface ConfirmButtonProps {
  readonly label: string;
  /** What is asked before it is done: what it does, and to what. */
  readonly question: string;
  readonly onConfirm: () => Promise<void>;
}

type Step =
  | { readonly type: 'idle' }
  | { readonly type: 'asking'; readonly problem?: string }
  | { readonly type: 'doing' };

/** Something that can't be taken back: the first press asks, the second does it. What the orchestrator says against it stands beside. */
export function ConfirmButton({ label, question, onConfirm }: ConfirmButtonProps) {
  const words = useWords();
  const [step, setStep] = useState<Step>({ type: 'idle' });
  const keep = useRef<HTMLButtonElement>(null);
  // Before it is painted: whoever sees the question has the harmless answer under Enter.
  useLayoutEffect(() => {
    if (step.type === 'asking') keep.current?.focus(); // a second press of Enter changes nothing
  }, [step.type]);

  const confirm = async () => {
    setStep({ type: 'doing' });
    try {
      await onConfirm();
      setStep({ type: 'idle' });
    } catch (error) {
      setStep({ type: 'asking', problem: words.say('actionFailed', { reason: reasonOf(error) }) });
    }
  };

  if (step.type === 'idle') {
    return (
      <button type="button" class="link revoke" onClick={() => setStep({ type: 'asking' })}>
        {label}
      </button>
    );
  }
  return (
    <fieldset class="confirm" onKeyDown={(event) => event.key === 'Escape' && setStep({ type: 'idle' })}>
      <legend>{question}</legend>
      {step.type === 'asking' && step.problem !== undefined && (
        <p class="problem" role="alert">
          {step.problem}
        </p>
      )}
      <button type="button" class="danger" disabled={step.type === 'doing'} onClick={confirm}>
        {label}
      </button>
      <button ref={keep} type="button" disabled={step.type === 'doing'} onClick={() => setStep({ type: 'idle' })}>
        {words.say('keep')}
      </button>
    </fieldset>
  );
}

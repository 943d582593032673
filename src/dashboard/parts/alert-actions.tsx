import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { AlertDetail } from '../../contract/fleet.ts';
import type { LiveAlert } from '../live/live-alert.ts';
import type { TextKey } from '../messages/words.ts';
import { ConfirmButton } from './confirm-button.tsx';
import { useWords } from './page-context.ts';
import { SilenceForm } from './silence-form.tsx';

interface AlertActionsProps {
  readonly alert: AlertDetail;
  readonly watched: LiveAlert;
  /** After what has taken its own button away: the focus needs another place. */
  readonly onDone: () => void;
}

/** What operators may do about an alert. */
export function AlertActions({ alert, watched, onDone }: AlertActionsProps) {
  const [silencing, setSilencing] = useState(false);
  const wasSilencing = useRef(false);
  const { state } = alert;
  const done = { watched, onDone };
  return (
    <div class="actions">
      {state === 'open' && (
        <Step step="acknowledge" label="alertAcknowledge" question="alertAcknowledgeAsk" {...done} />
      )}
      {state !== 'resolved' && <Step step="resolve" label="alertResolve" question="alertResolveAsk" {...done} />}
      {silencing ? (
        <SilenceForm
          alert={alert}
          onSilence={async (wish) => {
            await watched.silence(wish);
            setSilencing(false);
          }}
          onCancel={() => setSilencing(false)}
        />
      ) : (
        <SilenceButton
          wasOpen={wasSilencing.current}
          onPress={() => {
            wasSilencing.current = true;
            setSilencing(true);
          }}
        />
      )}
    </div>
  );
}

interface StepProps extends Pick<AlertActionsProps, 'watched' | 'onDone'> {
  readonly step: 'acknowledge' | 'resolve';
  readonly label: TextKey;
  readonly question: TextKey;
}

/** A step in the alert's life, with a note where somebody has one. */
function Step({ step, label, question, watched, onDone }: StepProps) {
  const words = useWords();
  return (
    <ConfirmButton
      label={words.say(label)}
      question={words.say(question)}
      refusal={words.say('cancel')}
      reasonLabel={words.say('alertNote')}
      prominent
      harmless
      asksReason
      onConfirm={async (note) => {
        await watched.change(step, note);
        onDone();
      }}
    />
  );
}

interface SilenceButtonProps {
  /** Its form was open before: the focus comes back here. */
  readonly wasOpen: boolean;
  readonly onPress: () => void;
}

function SilenceButton({ wasOpen, onPress }: SilenceButtonProps) {
  const words = useWords();
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    if (wasOpen) button.current?.focus({ preventScroll: true });
  }, []);
  return (
    <button ref={button} type="button" onClick={onPress}>
      {words.say('silence')}
    </button>
  );
}

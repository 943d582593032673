import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { AlertDetail } from '../../contract/fleet.ts';
import type { LiveAlert } from '../live/live-alert.ts';
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
  const words = useWords();
  const [silencing, setSilencing] = useState(false);
  const wasSilencing = useRef(false);
  const { state } = alert;
  return (
    <div class="actions">
      {state === 'open' && (
        <ConfirmButton
          label={words.say('alertAcknowledge')}
          question={words.say('alertAcknowledgeAsk')}
          refusal={words.say('cancel')}
          reasonLabel={words.say('alertNote')}
          prominent
          harmless
          asksReason
          onConfirm={async (note) => {
            await watched.change('acknowledge', note);
            onDone();
          }}
        />
      )}
      {state !== 'resolved' && (
        <ConfirmButton
          label={words.say('alertResolve')}
          question={words.say('alertResolveAsk')}
          refusal={words.say('cancel')}
          reasonLabel={words.say('alertNote')}
          prominent
          harmless
          asksReason
          onConfirm={async (note) => {
            await watched.change('resolve', note);
            onDone();
          }}
        />
      )}
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

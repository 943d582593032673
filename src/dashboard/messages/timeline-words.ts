import type { AlertDeliveryView, AlertEventView } from '../../contract/fleet.ts';
import { isolate } from '../model/readable.ts';
import type { TextKey, Words } from './words.ts';

const EVENTS: Readonly<Record<AlertEventView['event'], TextKey>> = {
  opened: 'timelineOpened',
  reopened: 'timelineReopened',
  worsened: 'timelineWorsened',
  eased: 'timelineEased',
  acknowledged: 'alertAcknowledgedBy',
  resolved: 'alertResolvedBy',
};

/** What a channel is asked to tell; another, of a newer orchestrator, is named as it came. */
const TOLD: Readonly<Record<string, TextKey>> = {
  opened: 'alert',
  escalated: 'timelineEscalation',
  reminded: 'timelineReminder',
  acknowledged: 'timelineAcknowledgement',
  resolved: 'timelineAllClear',
};

/** What happened to an alert; its note is shown beside. */
export function sayAlertEvent(words: Words, { event, by, severity }: AlertEventView, severityKey: TextKey): string {
  if (event === 'resolved' && by === null) return words.say('timelineByItself');
  if (!Object.hasOwn(EVENTS, event)) return event;
  return words.say(EVENTS[event], { name: isolate(by ?? ''), severity: words.say(severityKey) || severity });
}

/** What a channel was to tell of an alert and how it went; its error is shown beside. */
export function sayDelivery(words: Words, delivery: AlertDeliveryView): string {
  const { channel, event, state, held, due_at: due, attempts } = delivery;
  const key = Object.hasOwn(TOLD, event) ? TOLD[event] : undefined;
  const values = {
    what: key === undefined ? isolate(event) : words.say(key),
    channel: isolate(channel),
    time: words.moment(due),
    attempts: words.number(attempts),
  };
  switch (state) {
    case 'told':
      return words.say('deliveryTold', values);
    case 'moot':
      return words.say('deliveryMoot', values);
    case 'failed':
      return words.count('deliveryFailed', attempts, values);
    case 'waiting':
      if (held === 'quiet_hours') return words.say('deliveryQuiet', values);
      if (held === 'silenced') return words.say('deliverySilenced', values);
      return attempts > 0 ? words.count('deliveryAgain', attempts, values) : words.say('deliveryDue', values);
    default:
      return state satisfies never;
  }
}

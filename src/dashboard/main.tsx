import { render } from 'preact';
import { App } from './app.tsx';
import { createApi } from './live/api.ts';
import { browserClock } from './live/browser-clock.ts';
import { HistoryCache } from './live/history-cache.ts';
import { LiveAlert } from './live/live-alert.ts';
import { LiveAlerts } from './live/live-alerts.ts';
import { LiveFleet } from './live/live-fleet.ts';
import { LiveRollout } from './live/live-rollout.ts';
import { Polled } from './live/polled.ts';
import { chooseLanguage, type Language } from './messages/words.ts';
import { HISTORY_MINUTES } from './model/history.ts';
import type { Page } from './parts/page-context.ts';
import './styles/page.css';
import './styles/fleet.css';
import './styles/panels.css';
import './styles/audit.css';
import './styles/configuration.css';
import './styles/alerts.css';
import './styles/alert.css';
import './styles/templates.css';
import './styles/reports.css';

/** The page's composition root: makes the parts, hands them to each other, and listens to the browser. */

const LANGUAGE_KEY = 'nervesys.language';

const api = createApi();
const live = new LiveFleet(api, browserClock);
const history = new HistoryCache(({ agent_id, server }) => api.history(agent_id, server, HISTORY_MINUTES));
live.listen(history);
const rollout = new LiveRollout(api, live.model, browserClock);
const alerts = new LiveAlerts(api, live, browserClock);

const secondListeners = new Set<() => void>();
setInterval(() => {
  if (!document.hidden) for (const listener of secondListeners) listener();
}, 1000);

addEventListener('online', () => live.nudge());
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) live.nudge();
});

const page: Page = {
  api,
  live,
  history,
  rollout,
  alerts,
  watchAlert: (id) => new LiveAlert(id, api, live, browserClock),
  poll: (load, isBusy) => new Polled({ load, isBusy, clock: browserClock }),
  everySecond(listener) {
    secondListeners.add(listener);
    return () => secondListeners.delete(listener);
  },
};

render(
  <App page={page} language={chooseLanguage(remembered(), navigator.languages)} onLanguage={remember} />,
  document.getElementById('page')!,
);
void live.run();

/** Storage may be forbidden by the browser's settings; the page does without. */
function remembered(): string | null {
  try {
    return localStorage.getItem(LANGUAGE_KEY);
  } catch {
    return null;
  }
}

function remember(language: Language): void {
  try {
    localStorage.setItem(LANGUAGE_KEY, language);
  } catch {
    // as above
  }
}

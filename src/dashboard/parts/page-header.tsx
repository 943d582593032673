import type { Connection } from '../live/live-fleet.ts';
import { LANGUAGE_NAMES, LANGUAGES, type Language, type TextKey } from '../messages/words.ts';
import { REPORTS_ADDRESS } from '../model/view.ts';
import { useWords } from './page-context.ts';
import { useView } from './use-view.ts';

const CONNECTION_WORDS: Readonly<Record<Exclude<Connection, 'signed-out'>, TextKey>> = {
  connecting: 'connectionConnecting',
  live: 'connectionLive',
  reconnecting: 'connectionReconnecting',
};

interface PageHeaderProps {
  readonly connection: Connection;
  readonly onLanguage: (language: Language) => void;
  readonly onAddServer: () => void;
  readonly onSignOut: () => void;
}

export function PageHeader({ connection, onLanguage, onAddServer, onSignOut }: PageHeaderProps) {
  const words = useWords();
  const view = useView();
  return (
    <header class="page-header">
      <p class="wordmark" dir="ltr">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M3 17h7l3.5-9 4.5 16 3.5-7H29" />
        </svg>
        Nervesys
      </p>
      {connection !== 'signed-out' && (
        <nav>
          <a class="header-link" href={REPORTS_ADDRESS} aria-current={view.type === 'reports' ? 'page' : undefined}>
            {words.say('reports')}
          </a>
        </nav>
      )}
      <p class={`connection connection-${connection}`} role="status">
        {connection !== 'signed-out' && (
          <>
            <span class="dot" aria-hidden="true" />
            {words.say(CONNECTION_WORDS[connection])}
          </>
        )}
      </p>
      <div class="header-actions">
        {connection !== 'signed-out' && (
          <button type="button" onClick={onAddServer}>
            {words.say('addServer')}
          </button>
        )}
        <fieldset class="languages">
          <legend class="visually-hidden">{words.say('language')}</legend>
          {LANGUAGES.map((language) => (
            <button
              key={language}
              type="button"
              lang={language}
              aria-pressed={language === words.language}
              onClick={() => onLanguage(language)}
            >
              {LANGUAGE_NAMES[language]}
            </button>
          ))}
        </fieldset>
        {connection !== 'signed-out' && (
          <button type="button" class="quiet" onClick={onSignOut}>
            {words.say('signOut')}
          </button>
        )}
      </div>
    </header>
  );
}

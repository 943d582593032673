import { useEffect, useMemo, useState } from 'preact/hooks';
import type { AgentState } from '../contract/heartbeat.ts';
import { createWords, type Language } from './messages/words.ts';
import type { FleetModel } from './model/fleet-model.ts';
import { summarize } from './model/summary.ts';
import type { View } from './model/view.ts';
import { AddServer } from './parts/add-server.tsx';
import { AlertList } from './parts/alert-list.tsx';
import { AlertPage } from './parts/alert-page.tsx';
import { Alerts } from './parts/alerts.tsx';
import { AuditLog } from './parts/audit-log.tsx';
import { ConfigLine } from './parts/config-line.tsx';
import { Configuration } from './parts/configuration.tsx';
import { EmptyFleet } from './parts/empty-fleet.tsx';
import { FleetTable } from './parts/fleet-table.tsx';
import { type Page, PageContext, useStore, useWords, WordsContext } from './parts/page-context.ts';
import { PageHeader } from './parts/page-header.tsx';
import { ReportPage } from './parts/report-page.tsx';
import { Reports } from './parts/reports.tsx';
import { ServerList } from './parts/server-list.tsx';
import { SignIn } from './parts/sign-in.tsx';
import { SummaryStrip } from './parts/summary-strip.tsx';
import { Templates } from './parts/templates.tsx';
import { TokenList } from './parts/token-list.tsx';
import { useView } from './parts/use-view.ts';

interface AppProps {
  readonly page: Page;
  readonly language: Language;
  /** Remembers the reader's choice. */
  readonly onLanguage: (language: Language) => void;
}

export function App({ page, language: first, onLanguage }: AppProps) {
  const connection = useStore(page.live.connection);
  const [language, setLanguage] = useState(first);
  const [adding, setAdding] = useState(false);
  const words = useMemo(() => createWords(language), [language]);

  useEffect(() => {
    document.documentElement.lang = words.language;
    document.documentElement.dir = words.direction;
  }, [words]);
  useEffect(() => {
    if (connection === 'signed-out') setAdding(false);
  }, [connection]);

  const signOut = async () => {
    try {
      await page.api.signOut();
      page.history.clear();
      page.live.signedOut();
    } catch {
      // The session still stands, and so does the page; the connection state says if the orchestrator is away.
    }
  };

  return (
    <PageContext.Provider value={page}>
      <WordsContext.Provider value={words}>
        <PageHeader
          connection={connection}
          onAddServer={() => setAdding(true)}
          onSignOut={signOut}
          onLanguage={(chosen) => {
            setLanguage(chosen);
            onLanguage(chosen);
          }}
        />
        {connection === 'signed-out' ? (
          <SignIn />
        ) : (
          <Content page={page} adding={adding} onAdded={() => setAdding(false)} />
        )}
      </WordsContext.Provider>
    </PageContext.Provider>
  );
}

interface ContentProps {
  readonly page: Page;
  readonly adding: boolean;
  readonly onAdded: () => void;
}

/** What the reader has turned to. */
function Content({ page, adding, onAdded }: ContentProps) {
  const model = useStore(page.live.model);
  const connection = useStore(page.live.connection);
  const databaseAway = useStore(page.live.databaseAway);
  const view = useView();
  const words = useWords();
  useEffect(() => {
    if (view.type === 'alert' || view.type === 'report') return; // they bear a title of their own
    document.title = view.type === 'fleet' ? 'Nervesys' : `${words.say(view.type)} · Nervesys`;
  }, [view, words]);
  if (!model.loaded) return <main class="soft">{words.say(databaseAway ? 'databaseAwayNote' : 'loading')}</main>;
  return (
    <main>
      {connection === 'reconnecting' && (
        <p class="note">{words.say(databaseAway ? 'databaseAwayNote' : 'reconnectingNote')}</p>
      )}
      <Shown view={view} model={model} />
      {adding && <AddServer servers={model.servers} onClose={onAdded} />}
    </main>
  );
}

function Shown({ view, model }: { readonly view: View; readonly model: FleetModel }) {
  switch (view.type) {
    case 'fleet':
      return <Fleet model={model} />;
    case 'configuration':
      return <Configuration model={model} />;
    case 'alerts':
      return <Alerts />;
    case 'templates':
      return <Templates />;
    case 'reports':
      return <Reports kind={view.kind} />;
    case 'report':
      return <ReportPage key={`${view.kind} ${view.period}`} kind={view.kind} period={view.period} />;
    case 'alert':
      return <AlertPage key={view.id} id={view.id} model={model} />;
    default:
      return view satisfies never;
  }
}

function Fleet({ model }: { readonly model: FleetModel }) {
  const [state, setState] = useState<AgentState>();
  const summary = useMemo(() => summarize(model), [model]);
  return (
    <>
      <SummaryStrip summary={summary} chosen={state} onChoose={setState} />
      <ConfigLine model={model} />
      {model.alerts.length > 0 && <AlertList alerts={model.alerts} />}
      {summary.heardAgents === 0 && <EmptyFleet servers={summary.servers} />}
      {summary.agents > 0 && <FleetTable model={model} state={state} onState={setState} />}
      <ServerList servers={model.servers} />
      <TokenList />
      <AuditLog />
    </>
  );
}

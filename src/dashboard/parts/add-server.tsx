import { useEffect, useRef, useState } from 'preact/hooks';
import type { FleetServer } from '../../contract/fleet.ts';
import { parseServerName } from '../../contract/ids.ts';
import { type CreatedToken, reasonOf } from '../live/api.ts';
import { Command } from './command.tsx';
import { usePage, useWords } from './page-context.ts';

type Step =
  | { readonly type: 'naming'; readonly problem?: string }
  | { readonly type: 'creating' }
  | { readonly type: 'created'; readonly server: string; readonly token: CreatedToken };

interface AddServerProps {
  readonly servers: ReadonlyMap<string, FleetServer>;
  readonly onClose: () => void;
}

/** Makes a token for one server and shows the command that uses it, once; then waits for the server to join. */
export function AddServer({ servers, onClose }: AddServerProps) {
  const words = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="panel add-server" aria-labelledby="add-server-title" onClose={onClose}>
      <header>
        <h2 id="add-server-title">{words.say('addServer')}</h2>
        <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
          {words.say('close')}
        </button>
      </header>
      <Steps servers={servers} />
    </dialog>
  );
}

function Steps({ servers }: { readonly servers: ReadonlyMap<string, FleetServer> }) {
  const words = useWords();
  const { api } = usePage();
  const [step, setStep] = useState<Step>({ type: 'naming' });
  const [name, setName] = useState(() => freeName(servers));

  const create = async (event: SubmitEvent) => {
    event.preventDefault();
    const server = parseServerName(name.trim());
    if (server === undefined) return setStep({ type: 'naming', problem: words.say('addServerNameBad') });
    setStep({ type: 'creating' });
    try {
      setStep({ type: 'created', server, token: await api.createToken(server) });
    } catch (error) {
      setStep({ type: 'naming', problem: words.say('addServerFailed', { reason: reasonOf(error) }) });
    }
  };

  if (step.type === 'created') {
    const known = servers.get(step.server);
    return (
      <Created
        step={step}
        joined={known !== undefined}
        onAnother={() => {
          setName(freeName(servers));
          setStep({ type: 'naming' });
        }}
      />
    );
  }
  return (
    <form onSubmit={create}>
      <p>{words.say('addServerText')}</p>
      <label class="field">
        <span>{words.say('addServerName')}</span>
        <input
          dir="ltr"
          autocomplete="off"
          spellcheck={false}
          maxLength={100}
          value={name}
          aria-describedby="server-name-hint"
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <small id="server-name-hint">{words.say('addServerNameHint')}</small>
      </label>
      {step.type === 'naming' && step.problem !== undefined && (
        <p class="problem" role="alert">
          {step.problem}
        </p>
      )}
      <button type="submit" class="primary" disabled={step.type === 'creating'}>
        {words.say(step.type === 'creating' ? 'addServerCreating' : 'addServerCreate')}
      </button>
      <Command label={words.say('addServerTerminal')} text="npm run nervesys -- token create" />
    </form>
  );
}

interface CreatedProps {
  readonly step: Extract<Step, { type: 'created' }>;
  readonly joined: boolean;
  readonly onAnother: () => void;
}

function Created({ step: { server, token }, joined, onAnother }: CreatedProps) {
  const words = useWords();
  const command = `NERVESYS_TOKEN=${token.token} NERVESYS_SERVER=${server} npm run nervesys -- agent`;
  return (
    <div>
      <Command label={words.say('addServerCommand')} text={command} />
      <p class="soft">{words.say('addServerOnce', { time: words.moment(token.expires_at) })}</p>
      <Command
        label={words.say('addServerSameMachine')}
        text={`${command} --home ~/nervesys-${server} --agent-port 4319`}
      />
      <p class={joined ? 'joined' : 'waiting'} role="status">
        {joined ? words.say('addServerJoined', { server }) : words.say('addServerWaiting')}
      </p>
      <button type="button" onClick={onAnother}>
        {words.say('addServerAnother')}
      </button>
    </div>
  );
}

/** A first suggestion in the fleet's own manner of naming: AIGARDEN02 where AIGARDEN01 is. */
function freeName(servers: ReadonlyMap<string, FleetServer>): string {
  const last = [...servers.keys()].sort().at(-1);
  const match = last === undefined ? null : /^(.*?)(\d+)$/.exec(last);
  if (match === null) return 'AIGARDEN02';
  for (let number = Number(match[2]) + 1; ; number += 1) {
    const name = match[1] + String(number).padStart(match[2]!.length, '0');
    if (!servers.has(name)) return name;
  }
}

import { useEffect, useRef, useState } from 'preact/hooks';
import type { FleetServer, TokenAnswer } from '../../contract/fleet.ts';
import { parseServerPattern } from '../../contract/server-pattern.ts';
import { reasonOf, type TokenWish } from '../live/api.ts';
import type { TextKey } from '../messages/words.ts';
import { Command } from './command.tsx';
import { JoinInstructions } from './join-instructions.tsx';
import { usePage, useWords } from './page-context.ts';

type Step =
  | { readonly type: 'asking'; readonly problem?: string }
  | { readonly type: 'creating' }
  | {
      readonly type: 'created';
      readonly wish: TokenWish;
      readonly token: TokenAnswer;
      /** Who was there before, and since when. */
      readonly before: ReadonlyMap<string, string>;
    };

type Audience = 'one' | 'several' | 'any';
const AUDIENCES: readonly (readonly [Audience, TextKey])[] = [
  ['one', 'addServerOne'],
  ['several', 'addServerSeveral'],
  ['any', 'addServerAny'],
];
const HOUR_SECONDS = 3600;
/** The first is what is offered: a token pasted by a person is used within the hour, a forgotten one should not stay open. */
const VALID_SECONDS = [HOUR_SECONDS, 24 * HOUR_SECONDS, 7 * 24 * HOUR_SECONDS, 30 * 24 * HOUR_SECONDS] as const;
/** The API's own bound. */
const SEVERAL_MAX = 100_000;
const SEVERAL_AT_FIRST = 5;

interface AddServerProps {
  readonly servers: ReadonlyMap<string, FleetServer>;
  readonly onClose: () => void;
}

/** Makes a token for one server or many and shows the command that uses it, once; then waits for them to join. */
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
  const [step, setStep] = useState<Step>({ type: 'asking' });

  const create = async (wish: TokenWish) => {
    setStep({ type: 'creating' });
    const before = new Map([...servers.values()].map((one) => [one.server, one.enrolled_at]));
    try {
      const token = await api.createToken(wish);
      setStep({ type: 'created', wish, token, before });
    } catch (error) {
      setStep({ type: 'asking', problem: words.say('addServerFailed', { reason: reasonOf(error) }) });
    }
  };

  if (step.type === 'created') {
    return (
      <>
        <JoinInstructions {...step} servers={servers} />
        <button type="button" class="again" onClick={() => setStep({ type: 'asking' })}>
          {words.say('addServerAnother')}
        </button>
      </>
    );
  }
  return (
    <WishForm
      suggested={freeName(servers)}
      busy={step.type === 'creating'}
      problem={step.type === 'asking' ? step.problem : undefined}
      onCreate={create}
    />
  );
}

interface WishFormProps {
  readonly suggested: string;
  readonly busy: boolean;
  readonly problem: string | undefined;
  readonly onCreate: (wish: TokenWish) => void;
}

function WishForm({ suggested, busy, problem: refused, onCreate }: WishFormProps) {
  const words = useWords();
  const [audience, setAudience] = useState<Audience>('one');
  const [count, setCount] = useState(SEVERAL_AT_FIRST);
  const [names, setNames] = useState<Readonly<Record<'one' | 'many', string>>>({ one: suggested, many: '' });
  const [validSeconds, setValidSeconds] = useState<number>(HOUR_SECONDS);
  const [mistake, setMistake] = useState<string>();
  const kind = audience === 'one' ? 'one' : 'many';
  const problem = mistake ?? refused;

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const text = names[kind].trim();
    const server = text === '' ? null : parseServerPattern(text);
    if (server === undefined) return setMistake(words.say('addServerNameBad'));
    setMistake(undefined);
    const uses = audience === 'one' ? 1 : audience === 'any' ? null : count;
    onCreate({ server, uses, expiresInSeconds: validSeconds });
  };

  return (
    <form onSubmit={submit}>
      <p>{words.say('addServerText')}</p>
      <fieldset class="choice">
        <legend>{words.say('addServerWho')}</legend>
        {AUDIENCES.map(([value, key]) => (
          <span key={value}>
            <label>
              <input
                type="radio"
                name="audience"
                value={value}
                checked={audience === value}
                onChange={() => setAudience(value)}
              />
              {words.say(key)}
            </label>
            {value === 'several' && audience === 'several' && (
              <input
                type="number"
                required
                min={2}
                max={SEVERAL_MAX}
                value={count}
                aria-label={words.say('addServerCount')}
                onInput={(event) => setCount(event.currentTarget.valueAsNumber)}
              />
            )}
          </span>
        ))}
      </fieldset>
      <label class="field">
        <span>{words.say(audience === 'one' ? 'addServerName' : 'addServerNames')}</span>
        <input
          dir="ltr"
          autocomplete="off"
          spellcheck={false}
          maxLength={100}
          placeholder={audience === 'one' ? '' : 'AIGARDEN*'}
          value={names[kind]}
          aria-describedby="server-name-hint"
          onInput={(event) => setNames({ ...names, [kind]: event.currentTarget.value })}
        />
        <small id="server-name-hint">{words.say('addServerNameHint')}</small>
      </label>
      <label class="field">
        <span>{words.say('addServerValid')}</span>
        <select value={validSeconds} onChange={(event) => setValidSeconds(Number(event.currentTarget.value))}>
          {VALID_SECONDS.map((seconds) => (
            <option key={seconds} value={seconds}>
              {words.duration(seconds)}
            </option>
          ))}
        </select>
      </label>
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <button type="submit" class="primary" disabled={busy}>
        {words.say(busy ? 'addServerCreating' : 'addServerCreate')}
      </button>
      <Command label={words.say('addServerTerminal')} text="npm run nervesys -- token create" />
    </form>
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

import { useEffect, useState } from 'preact/hooks';
import type { TokenView } from '../../contract/fleet.ts';
import { reasonOf } from '../live/api.ts';
import type { TextKey, Words } from '../messages/words.ts';
import { ConfirmButton } from './confirm-button.tsx';
import { usePage, useWords } from './page-context.ts';

const STATE_WORDS: Readonly<Record<TokenView['state'], TextKey>> = {
  open: 'tokenOpen',
  used: 'tokenUsedUp',
  expired: 'tokenExpired',
  revoked: 'tokenRevoked',
};

type Loaded =
  | { readonly type: 'loading' }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'loaded'; readonly tokens: readonly TokenView[] };

/** The tokens that were made, folded away; asked for when they are looked at, and again each time. */
export function TokenList() {
  const words = useWords();
  const [open, setOpen] = useState(false);
  return (
    <details class="servers tokens" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2>{words.say('tokens')}</h2>
      </summary>
      {open && <Tokens />}
    </details>
  );
}

function Tokens() {
  const words = useWords();
  const { api } = usePage();
  const [loaded, setLoaded] = useState<Loaded>({ type: 'loading' });
  const load = async (signal?: AbortSignal) => {
    try {
      setLoaded({ type: 'loaded', tokens: await api.tokens(signal) });
    } catch (error) {
      if (!signal?.aborted) setLoaded({ type: 'failed', reason: reasonOf(error) });
    }
  };
  useEffect(() => {
    const closing = new AbortController();
    void load(closing.signal);
    return () => closing.abort();
  }, [api]);

  if (loaded.type === 'loading') return <p class="soft">{words.say('tokensLoading')}</p>;
  if (loaded.type === 'failed') return <p class="soft">{words.say('actionFailed', { reason: loaded.reason })}</p>;
  if (loaded.tokens.length === 0) return <p class="soft">{words.say('tokensNone')}</p>;
  return (
    <ul class="server-list">
      {loaded.tokens.map((token) => (
        <li key={token.id} class={`token-${token.state}`}>
          <bdi dir="ltr" class="server-name">
            {token.server ?? words.say('tokenAny')}
          </bdi>
          <span>{words.say(STATE_WORDS[token.state])}</span>
          <span>{sayUses(words, token)}</span>
          <bdi dir="ltr" class="token-id">
            {token.id}
          </bdi>
          <span class="soft">{words.say('tokenUntil', { time: words.moment(token.expires_at) })}</span>
          {token.state === 'open' && (
            <ConfirmButton
              label={words.say('revoke')}
              question={words.say('tokenRevokeAsk', { token: token.id })}
              onConfirm={async () => {
                await api.revokeToken(token.id);
                await load();
              }}
            />
          )}
        </li>
      ))}
    </ul>
  );
}

function sayUses(words: Words, { uses, uses_max: most }: TokenView): string {
  if (most === null) return words.count('tokenUsesReusable', uses);
  return words.say('tokenUses', { uses: words.number(uses), most: words.number(most) });
}

import type { TokenAnswer } from './fleet.ts';
import { parseServerName } from './ids.ts';

/** What people paste on a new server. Both carry the token in the environment, never as an argument, which every user could read. */
export interface JoinCommands {
  /**
   * For a bare Linux host with `curl` or `wget`, in any shell: fetches the bootstrap script, and runs it if it is the one whose hash
   * the orchestrator told. `undefined` where the orchestrator hands out none.
   */
  readonly install: string | undefined;
  /** For a host that has the program already. */
  readonly agent: string;
}

/**
 * The commands for a token that was just made. `server`: what it is bound to, a name or a pattern; only a name is worth saying, with any
 * other token a server joins under the name of its host. `program`: how the agent is started where the program is there.
 */
export function joinCommands(answer: TokenAnswer, server: string | null, program: string): JoinCommands {
  const name = server === null ? undefined : parseServerName(server);
  const environment = `NERVESYS_TOKEN=${answer.token}${name === undefined ? '' : ` NERVESYS_SERVER=${name}`}`;
  const script = isBare(answer) ? installScript(answer.url, answer.bootstrap_sha256, answer.fingerprint) : undefined;
  return {
    install: script === undefined ? undefined : `${environment} sh -c '${script}'`,
    agent: `${environment} ${program}`,
  };
}

/** Whether the token's address leads to the orchestrator's own machine, so that no other can use it. */
export function isOwnMachineOnly({ url }: TokenAnswer): boolean {
  return url !== undefined && URL.canParse(url) && /^(127(\.\d+){3}|localhost|\[::1\])$/.test(new URL(url).hostname);
}

/**
 * A file of nobody else's, checked before anything of it runs, and taken away whatever came of it. Where the orchestrator's certificate
 * is its own, which no host knows yet, whoever stands in between may answer: the hash is what refuses him, and the script
 * itself checks the certificate by the token. Holds no single quote.
 */
function installScript(url: string, sha256: string, fingerprint: string | null): string {
  const [curl, wget] = fingerprint === null ? ['-fsS', '-q'] : ['-fsSk', '-q --no-check-certificate'];
  return [
    `u=${shellSafe(url)}/api/v1/agent/bootstrap.sh f=$(mktemp)`,
    `{ curl ${curl} -o "$f" "$u" || wget ${wget} -O "$f" "$u"; }`,
    `echo "${sha256}  $f" | sha256sum -c`,
    'sh "$f"; s=$?; rm -f "$f"; exit $s',
  ].join(' && ');
}

type Bare = TokenAnswer & {
  readonly url: string;
  readonly bootstrap_sha256: string;
  readonly fingerprint: string | null;
};

/** An older orchestrator tells no hash; and what isn't one has no business in a command that people paste. */
function isBare(answer: TokenAnswer): answer is Bare {
  const { token, url, fingerprint, bootstrap_sha256: sha256 } = answer;
  return (
    /^nsv1\.[\w-]+$/.test(token) &&
    /^[0-9a-f]{64}$/.test(sha256 ?? '') &&
    fingerprint !== undefined &&
    url !== undefined &&
    URL.canParse(url)
  );
}

/** An address whose characters mean nothing to a shell; what means something is written as in any URL, `%27`. */
function shellSafe(url: string): string {
  const { origin, pathname } = new URL(url);
  const path = pathname.replace(/\/+$/, '').replace(/[^\w/.~%-]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
  return origin + path;
}

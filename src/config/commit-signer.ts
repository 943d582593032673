/** A public key; a commit that it has signed well is taken. */
export type CommitSigner =
  | {
      readonly type: 'ssh';
      /** `ssh-ed25519 AAAA…` */
      readonly key: string;
      /** What stands behind it, a person's name. */
      readonly name: string | undefined;
    }
  | { readonly type: 'gpg' /** One armoured block. */; readonly armoured: string };

export const COMMIT_SIGNER_EXPECTED =
  'an SSH public key such as ssh-ed25519 AAAA… Dana, or a GPG public key as `gpg --armor --export` prints it';

const SSH_KEY =
  /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) +([A-Za-z0-9+/]{40,4000}={0,2})(?: +([^\p{Cc}]{1,100}))?$/u;
const GPG_BLOCK =
  /^-----BEGIN PGP PUBLIC KEY BLOCK-----\n(?:[A-Za-z]+: [^\n]*\n)*\n((?:[A-Za-z0-9+/]{1,80}={0,2}\n)+)(?:=[A-Za-z0-9+/]{4}\n)?-----END PGP PUBLIC KEY BLOCK-----$/;
const GPG_LENGTH_MAX = 64 * 1024;

/**
 * A key as people have it at hand. A fingerprint is not enough: the key itself would have to be fetched from somewhere, and whoever answers there
 * would have a say in what the fleet runs.
 */
export function parseCommitSigner(text: string): CommitSigner | undefined {
  const trimmed = text.trim().replaceAll('\r\n', '\n');
  return parseSshKey(trimmed) ?? parseGpgKey(trimmed);
}

function parseSshKey(text: string): CommitSigner | undefined {
  const [, kind, base64, name] = SSH_KEY.exec(text) ?? [];
  if (kind === undefined || base64 === undefined) return undefined;
  const bytes = Buffer.from(base64, 'base64');
  // The key says itself what it is: its length in four bytes, then its kind.
  if (bytes.readUInt32BE(0) !== kind.length || bytes.toString('latin1', 4, 4 + kind.length) !== kind) return undefined;
  return { type: 'ssh', key: `${kind} ${base64}`, name: name?.trim() || undefined };
}

function parseGpgKey(text: string): CommitSigner | undefined {
  if (text.length > GPG_LENGTH_MAX) return undefined;
  const [, base64] = GPG_BLOCK.exec(text) ?? [];
  const [first = 0] = Buffer.from(base64 ?? '', 'base64');
  // The tag of its first packet, in the old form or the new one: 6, a public key.
  const tag = (first & 0x40) === 0 ? (first >> 2) & 0x0f : first & 0x3f;
  return (first & 0x80) !== 0 && tag === 6 ? { type: 'gpg', armoured: text } : undefined;
}

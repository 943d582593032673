#!/bin/sh
# Pulls the settings files of a Git repository into NERVESYS_HOME/config, whole or not at all: they come to stand there by one rename, once
# `nervesys config check` has found no mistake in them. For hosts with cron; safe to run again, and quiet where nothing is new.
#
#   sync_config.sh REPOSITORY [BRANCH [FOLDER]]     a branch or a tag (main); the folder in it that holds the files (config; / is all of it)
#   */5 * * * *  nervesys  sh /opt/nervesys/sync_config.sh https://github.com/owalai/nervesys-config.git
#
# An orchestrator follows the folder; an agent reads it at its start. An agent that is to follow Git while it runs needs none of this:
# `config.source: git` (docs/CONFIG.md).
#
#   NERVESYS_HOME                                            where config/ is; by default as for nervesys
#   NERVESYS_GIT_TOKEN, or _FILE                             opens it over https
#   NERVESYS_GIT_SSH_KEY_FILE, _KNOWN_HOSTS_FILE             open it over ssh
#   NERVESYS_GIT_SIGNED_BY_FILE                              only a commit that one of these keys has signed is taken: SSH public keys, a line each,
#                                                            and GPG public keys as `gpg --armor --export` prints them
#   NERVESYS_COMMAND                                         the command that checks, where it is not found by itself
#
# Ends with 0: it is there. 1: it could not be pulled. 2: wrong usage. 3: it has mistakes, or isn't signed well. Whatever it isn't 0 for has changed nothing.
set -eu
umask 022
ulimit -f 204800 # blocks of 512 bytes: a repository of more than 100 MB is no configuration

GIT_SECONDS_MAX=120
FILES_BYTES_MAX=100000000

say() { printf 'sync_config: %s\n' "$*"; }
die() {
  status=$1
  shift
  printf 'sync_config: %s\n' "$*" >&2
  exit "$status"
}
have() { command -v "$1" >/dev/null 2>&1; }

usage() { sed -n '2,/^set -eu/p' "$0" | sed '$d; s/^# \{0,1\}//'; }

check_arguments() {
  case $REPOSITORY in
  -* | *::* | *[[:space:]]*) die 2 'this is no address of a repository' ;;
  *://*:*@*) die 2 'a password has no place in an address: set NERVESYS_GIT_TOKEN' ;;
  http://127.0.0.1[:/]* | http://localhost[:/]*) ;;
  http://*) die 2 'over plain HTTP anybody on the way could change it: use https' ;;
  https://* | ssh://* | file:///* | /* | *@*:*) ;;
  *) die 2 'use https://…, ssh://…, git@host:path or an absolute path' ;;
  esac
  case $BRANCH in [!A-Za-z0-9]* | *[!A-Za-z0-9._/-]* | '') die 2 'this is no name of a branch or a tag' ;; esac
  case "/$FOLDER/" in */../* | */.git/*) die 2 'this is no folder in a repository' ;; esac
}

# What checks: given, installed for everybody, beside this script as agent_bootstrap.sh installs it, or of this package.
find_nervesys() {
  here=$(cd "$(dirname "$0")" && pwd)
  if [ -n "${NERVESYS_COMMAND:-}" ]; then
    :
  elif have nervesys; then
    NERVESYS_COMMAND=nervesys
  elif [ -f "$here/nervesys-agent.cjs" ] && [ -x "$here/bin/node" ]; then
    NERVESYS_COMMAND="$here/bin/node $here/nervesys-agent.cjs"
  elif [ -f /opt/nervesys/nervesys-agent.cjs ] && [ -x /opt/nervesys/bin/node ]; then
    NERVESYS_COMMAND='/opt/nervesys/bin/node /opt/nervesys/nervesys-agent.cjs'
  elif [ -f "$here/../dist/main.js" ] && have node; then
    NERVESYS_COMMAND="node $here/../dist/main.js"
  elif [ -f "$here/../src/main.ts" ] && have node; then
    NERVESYS_COMMAND="node $here/../src/main.ts"
  else
    die 1 'nervesys is not found: name the command in NERVESYS_COMMAND'
  fi
}

# Whether git is of this version or newer.
is_git() {
  git version | sed -n 's/^git version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | {
    read -r major minor && { [ "$major" -gt "$1" ] || { [ "$major" = "$1" ] && [ "$minor" -ge "$2" ]; }; }
  }
}

# Nothing of this user's or machine's settings, no prompts, no hooks, no redirects, and no protocol but the repository's own. Secrets are in the environment of git alone, never arguments.
prepare_git() {
  have git || die 1 'git is not installed'
  # An older one would ignore the settings below, instead of refusing them.
  is_git 2 32 || die 1 "this is $(git version); git 2.32 or newer is needed"
  unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_CONFIG_PARAMETERS
  export LC_ALL=C GIT_TERMINAL_PROMPT=0 GIT_ASKPASS=/bin/false GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
  case $REPOSITORY in
  /*) GIT_ALLOW_PROTOCOL='file' ;;
  *://*) GIT_ALLOW_PROTOCOL=${REPOSITORY%%://*} ;;
  *) GIT_ALLOW_PROTOCOL=ssh ;;
  esac
  export GIT_ALLOW_PROTOCOL
  export GIT_CONFIG_COUNT=5
  export GIT_CONFIG_KEY_0=core.hooksPath GIT_CONFIG_VALUE_0=/dev/null
  export GIT_CONFIG_KEY_1=transfer.fsckObjects GIT_CONFIG_VALUE_1=true
  export GIT_CONFIG_KEY_2=http.followRedirects GIT_CONFIG_VALUE_2=false # git sends the token wherever it is sent to
  export GIT_CONFIG_KEY_3=core.bigFileThreshold GIT_CONFIG_VALUE_3=1m       # what is larger goes through memory by pieces
  export GIT_CONFIG_KEY_4=fetch.unpackLimit GIT_CONFIG_VALUE_4=1            # one file, which the limit above bounds
  token=${NERVESYS_GIT_TOKEN:-}
  [ -z "${NERVESYS_GIT_TOKEN_FILE:-}" ] || token=$(cat "$NERVESYS_GIT_TOKEN_FILE")
  unset NERVESYS_GIT_TOKEN
  case $REPOSITORY in
  http*)
    if [ -n "$token" ]; then
      origin=$(printf '%s' "$REPOSITORY" | sed 's|^\([a-z]*://[^/]*\).*|\1|')
      basic=$(printf 'x-access-token:%s' "$token" | base64 | tr -d '\n')
      export GIT_CONFIG_COUNT=6 GIT_CONFIG_KEY_5="http.$origin/.extraHeader" GIT_CONFIG_VALUE_5="Authorization: Basic $basic"
    fi
    ;;
  esac
  ssh='ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes -o ConnectTimeout=15'
  [ -z "${NERVESYS_GIT_SSH_KEY_FILE:-}" ] || ssh="$ssh -i '$NERVESYS_GIT_SSH_KEY_FILE'"
  [ -z "${NERVESYS_GIT_KNOWN_HOSTS_FILE:-}" ] || ssh="$ssh -o 'UserKnownHostsFile=\"$NERVESYS_GIT_KNOWN_HOSTS_FILE\"'"
  export GIT_SSH_COMMAND="$ssh"
}

bounded() { if have timeout; then timeout "$GIT_SECONDS_MAX" "$@"; else "$@"; fi; }

# The commit that the branch (or else the tag) is at, one deep, in a repository of its own that goes with this script.
fetch() {
  git init --quiet --template= "$TEMP/repository"
  cd "$TEMP/repository"
  fetch_branch || {
    grep -q 'server sha256$' "$TEMP/said" && rm -rf .git && git init --quiet --template= --object-format=sha256 && fetch_branch
  } || die 1 "$BRANCH cannot be fetched: $(last_words)"
  COMMIT=$(git rev-parse --verify --quiet 'FETCH_HEAD^{commit}') || die 3 "$BRANCH is no commit"
  if [ -z "$FOLDER" ]; then
    TREE=$(git rev-parse --verify --quiet "$COMMIT^{tree}")
  else
    TREE=$(git rev-parse --verify --quiet "$COMMIT:$FOLDER") || TREE=
    if [ -z "$TREE" ] || [ "$(git cat-file -t "$TREE")" != tree ]; then
      die 3 "$COMMIT has no folder $FOLDER; nothing was changed"
    fi
  fi
}

fetch_branch() {
  fetch_ref "refs/heads/$BRANCH" || {
    grep -q "couldn't find remote ref" "$TEMP/said" && fetch_ref "refs/tags/$BRANCH"
  }
}

# Of a folder of another user git asks whether it may be served; whoever names the repository has said so.
fetch_ref() {
  ref=$1
  set --
  [ "$GIT_ALLOW_PROTOCOL" != file ] || set -- "--upload-pack=git -c safe.directory='*' upload-pack"
  bounded git fetch --quiet --no-tags --depth=1 "$@" -- "$REPOSITORY" "$ref" 2>"$TEMP/said"
}

# What it or the other side has said last, before words that say nothing.
last_words() {
  if [ -n "$(find .git/objects/pack -size +204799)" ]; then
    printf 'it is larger than 100 MB, one commit deep'
  else
    { grep -Ev '^$|Could not read from remote|^Please make sure|^and the repository exists|^fatal: (fsck error|fetch-pack: |index-pack failed)' "$TEMP/said" || cat "$TEMP/said"; } |
      tail -n 1 | tr -d '[:cntrl:]' | sed "s|://[^/@]*@|://|g; s|^fatal: couldn't find remote ref.*|it has no branch and no tag of this name|"
  fi
}

# Whoever asks for signatures here must not lose them by this script: it would put other files in the place of those that say so.
check_signers_are_given() {
  [ -z "${NERVESYS_GIT_SIGNED_BY_FILE:-}" ] || {
    [ -r "$NERVESYS_GIT_SIGNED_BY_FILE" ] || die 2 "$NERVESYS_GIT_SIGNED_BY_FILE cannot be read"
    case $NERVESYS_GIT_SIGNED_BY_FILE in /*) ;; *) NERVESYS_GIT_SIGNED_BY_FILE=$PWD/$NERVESYS_GIT_SIGNED_BY_FILE ;; esac
    return 0
  }
  for file in orchestrator.yaml agents/_defaults.yaml; do
    if grep -Eqs '^[^#]*signed_by[[:space:]]*:' "$HOME_FOLDER/config/$file"; then
      die 2 "$HOME_FOLDER/config/$file asks for signed commits (signed_by): name a file with the keys in NERVESYS_GIT_SIGNED_BY_FILE"
    fi
  done
}

# Whether one of the given keys has signed the commit well, with nothing but those keys.
check_signature() {
  keys=${NERVESYS_GIT_SIGNED_BY_FILE:-}
  [ -n "$keys" ] || return 0
  is_git 2 34 || die 1 "this is $(git version); signatures need git 2.34 or newer"
  mkdir -m 700 "$TEMP/gnupg"
  printf 'trust-model always\nno-auto-key-retrieve\nno-auto-key-locate\nno-autostart\n' >"$TEMP/gnupg/gpg.conf"
  sed -n 's/^\(\(ssh\|ecdsa\|sk\)-[^ ]* [^ ]*\).*/signer namespaces="git" \1/p' "$keys" >"$TEMP/allowed"
  sed -n '/^-----BEGIN PGP PUBLIC KEY BLOCK-----/,/^-----END PGP PUBLIC KEY BLOCK-----/p' "$keys" | tr -d '\r' >"$TEMP/keys.asc"
  [ -s "$TEMP/allowed" ] || [ -s "$TEMP/keys.asc" ] || die 2 "$keys holds no public key, of SSH or GPG"
  git cat-file commit "$COMMIT" | sed -n '/^$/q; s/^gpgsig[^ ]* -----BEGIN \([A-Z]*\).*/\1/p' >"$TEMP/kind"
  case $(head -n 1 "$TEMP/kind") in
  '') die 3 "$COMMIT is not signed; nothing was changed" ;;
  SSH)
    have ssh-keygen || die 1 'ssh-keygen is not installed: the signature cannot be checked'
    [ -s "$TEMP/allowed" ] || signed_by_a_stranger
    ;;
  PGP)
    [ -s "$TEMP/keys.asc" ] || signed_by_a_stranger
    have gpg || die 1 'gpg is not installed: the signature cannot be checked'
    GNUPGHOME=$TEMP/gnupg gpg --batch --no-tty --quiet --import "$TEMP/keys.asc" >"$TEMP/said" 2>&1 ||
      die 1 "gpg does not take the keys in $keys: $(tail -n 1 "$TEMP/said")"
    ;;
  *) signed_by_a_stranger ;;
  esac
  set -- -c gpg.ssh.allowedSignersFile="$TEMP/allowed" -c gpg.ssh.program=ssh-keygen -c gpg.program=gpg -c gpg.x509.program=false
  # Two words for one thing: only what both call good is.
  GNUPGHOME=$TEMP/gnupg git "$@" verify-commit "$COMMIT" >/dev/null 2>&1 || signed_by_a_stranger
  [ "$(GNUPGHOME=$TEMP/gnupg git "$@" log -1 --format=%G? "$COMMIT")" = G ] || signed_by_a_stranger
}

signed_by_a_stranger() { die 3 "$COMMIT is not signed well by any of the keys in $keys; nothing was changed"; }

# Writes the files to $1, as they are in the repository, whatever its .gitattributes says. Links are refused: they would lead out of the folder.
write_files() {
  git ls-tree -r -l "$TREE" >"$TEMP/list" || die 3 "the files of $COMMIT in ${FOLDER:-/} have no end; nothing was changed"
  [ -s "$TEMP/list" ] || die 3 "$COMMIT has no file in ${FOLDER:-/}; nothing was changed"
  if grep -E '^(120000|160000) ' "$TEMP/list" >"$TEMP/links"; then
    die 3 "$COMMIT has a link where a file belongs: $(cut -f 2 "$TEMP/links" | head -n 1); nothing was changed"
  fi
  cut -f 2 "$TEMP/list" | grep -Eq '^((thresholds|orchestrator|storage)|agents/[^/]*)\.yaml$' ||
    die 3 "$COMMIT has no settings file in ${FOLDER:-/}; nothing was changed"
  bytes=$(awk '{ sum += $4 } END { printf "%.0f", sum }' "$TEMP/list")
  [ "$bytes" -le "$FILES_BYTES_MAX" ] || die 3 "$COMMIT has $bytes bytes in ${FOLDER:-/}; nothing was changed"
  mkdir -p .git/info
  printf '* -text !eol -ident -filter !working-tree-encoding\n' >.git/info/attributes
  git read-tree "$TREE"
  git checkout-index --quiet --all --prefix="$1/"
}

check() {
  status=0
  # shellcheck disable=SC2086 # a command and its arguments
  $NERVESYS_COMMAND config check "$1" >"$TEMP/said" 2>&1 || status=$?
  [ $status = 0 ] && return
  cat "$TEMP/said" >&2
  [ $status = 3 ] || die 1 "$COMMIT could not be checked; nothing was changed"
  die 3 "$COMMIT has mistakes; nothing was changed"
}

# `config` is a link to the files in use: a rename changes it at once, for whoever reads.
put_in_place() {
  sync # a link that survives a power loss must not lead to files that didn't
  if [ -d "$HOME_FOLDER/config" ] && [ ! -L "$HOME_FOLDER/config" ]; then
    aside=$HOME_FOLDER/config.before-sync
    n=1
    while [ -e "$aside" ]; do
      n=$((n + 1))
      aside=$HOME_FOLDER/config.before-sync-$n
    done
    mv "$HOME_FOLDER/config" "$aside"
    say "what stood in $HOME_FOLDER/config is kept in $aside"
  fi
  rm -f "$LINK"
  ln -s "config-revisions/$TREE" "$LINK"
  mv -T "$LINK" "$HOME_FOLDER/config"
}

# All but the files in use and those that were before: whoever has just begun to read goes on with them.
remove_old() {
  for old in "$REVISIONS"/* "$REVISIONS"/.draft-*; do
    case ${old##*/} in "$TREE" | "${BEFORE##*/}") ;; *) rm -rf "$old" ;; esac
  done
}

cleanup() { rm -rf "${TEMP:-}" "${DRAFT:-}"; }

case ${1:-} in
-h | --help)
  usage
  exit 0
  ;;
esac
if [ $# -lt 1 ] || [ $# -gt 3 ]; then
  usage >&2
  exit 2
fi
REPOSITORY=$1
BRANCH=${2:-main}
FOLDER=$(printf '%s' "${3:-config}" | sed 's|^/*||; s|/*$||')
check_arguments
if [ -n "${NERVESYS_HOME:-}" ]; then
  HOME_FOLDER=$NERVESYS_HOME
elif [ "$(id -u)" = 0 ]; then
  HOME_FOLDER=/var/lib/nervesys
else
  HOME_FOLDER=$HOME/.local/share/nervesys
fi
find_nervesys
prepare_git
mkdir -p "$HOME_FOLDER/config-revisions"
HOME_FOLDER=$(cd "$HOME_FOLDER" && pwd)
REVISIONS=$HOME_FOLDER/config-revisions
check_signers_are_given
LINK=$HOME_FOLDER/.config.link
if have flock; then
  exec 9>"$REVISIONS/.lock"
  flock -n 9 || exit 0 # another one is at it
fi
TEMP=
DRAFT=
trap cleanup EXIT
trap 'exit 130' INT TERM HUP
TEMP=$(mktemp -d)

fetch
BEFORE=$(readlink "$HOME_FOLDER/config" 2>/dev/null || :)
[ "$BEFORE" != "config-revisions/$TREE" ] || [ ! -d "$HOME_FOLDER/config" ] || exit 0
check_signature
DRAFT=$REVISIONS/.draft-$$
rm -rf "$DRAFT"
mkdir "$DRAFT"
write_files "$DRAFT"
check "$DRAFT"
rm -rf "${REVISIONS:?}/$TREE"
mv "$DRAFT" "$REVISIONS/$TREE"
put_in_place
remove_old
say "$HOME_FOLDER/config is at $COMMIT"

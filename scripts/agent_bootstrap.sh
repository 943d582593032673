#!/bin/sh
# Installs the Nervesys agent on a bare Linux host, from the orchestrator that a token names: the one-file agent and, where Node 24
# is missing, the Node program that the orchestrator runs on itself. Safe to run again: it renews what changed, and nothing else.
#
#   curl -fsS https://ORCHESTRATOR/api/v1/agent/bootstrap.sh -o agent_bootstrap.sh
#   NERVESYS_TOKEN=nsv1.… sh agent_bootstrap.sh            the token is asked for where it is not given
#   sh agent_bootstrap.sh --uninstall [--purge]            --purge: also what has not been archived yet, and this server's key
#
# As root: a system unit under a user of its own. As anybody else: a user unit. Without systemd: a background process, which
# nothing starts again at boot. The token is never an argument, which every user of this host could read.
#
#   NERVESYS_SERVER    this server's name; the host's by default
#   NERVESYS_PREFIX    a folder that everything goes below, as if it were /; no service manager is touched then
set -eu
umask 077

say() { printf '%s\n' "$*"; }
die() {
  printf 'agent_bootstrap: %s\n' "$*" >&2
  exit 1
}
# Not every sleep knows fractions; how long something took, the clock tells.
nap() { sleep 0.2 2>/dev/null || sleep 1; }
seconds() { date +%s; }
have() { command -v "$1" >/dev/null 2>&1; }

BUNDLE_NAME=nervesys-agent.cjs
SCRIPT_NAME=agent_bootstrap.sh
NODE_MAJOR_MIN=24
JOIN_SECONDS=60
STOP_SECONDS=20

PREFIX=${NERVESYS_PREFIX:-}
if [ "$(id -u)" = 0 ]; then
  AS_ROOT=yes
  PROGRAM=$PREFIX/opt/nervesys
  STATE=$PREFIX/var/lib/nervesys
  CONF=$PREFIX/etc/nervesys
  UNIT=$PREFIX/etc/systemd/system/nervesys-agent.service
else
  AS_ROOT=no
  PROGRAM=$PREFIX${XDG_DATA_HOME:-$HOME/.local/share}/nervesys-agent
  STATE=$PREFIX${XDG_DATA_HOME:-$HOME/.local/share}/nervesys
  CONF=$PREFIX${XDG_CONFIG_HOME:-$HOME/.config}/nervesys
  UNIT=$PREFIX${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user/nervesys-agent.service
fi
NODE=$PROGRAM/bin/node
BUNDLE=$PROGRAM/$BUNDLE_NAME
# What the agent has upgraded itself to; it runs in the place of the one that is installed here.
UPGRADED=$STATE/program
KEY_FILE=$STATE/agent/agent.key
ENV_FILE=$CONF/agent.env
# The orchestrator that the last token named, and its certificate, where root installs. The file with the key is the agent's to write:
# whoever has taken the agent over must not choose from where root fetches its programs and its unit.
ADDRESS_FILE=$CONF/orchestrator.url
AUTHORITY_FILE=$CONF/orchestrator.pem
PID_FILE=$PROGRAM/agent.pid
LOG_FILE=$PROGRAM/agent.log

# --- the service ---------------------------------------------------------------------------------------------------------------

# What runs the agent: system, user (units of systemd) or process.
manager() {
  if [ -n "$PREFIX" ] || ! have systemctl || [ ! -d /run/systemd/system ]; then
    say process
  elif [ $AS_ROOT = yes ]; then
    say system
  elif systemctl --user show-environment >/dev/null 2>&1; then
    say user
  else
    say process
  fi
}

# The process that this script started, if it is still that one.
running_pid() {
  [ -f "$PID_FILE" ] || return 1
  pid=$(cat "$PID_FILE")
  case $pid in '' | *[!0-9]*) return 1 ;; esac
  tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -e "$BUNDLE" -e "$UPGRADED/" || return 1
  say "$pid"
}

stop_process() {
  pid=$(running_pid) || return 0
  kill "$pid" 2>/dev/null || return 0
  until=$(($(seconds) + STOP_SECONDS))
  while running_pid >/dev/null; do
    [ "$(seconds)" -lt $until ] || die "the agent (process $pid) does not end"
    nap
  done
  rm -f "$PID_FILE"
}

start_process() {
  [ ! -f "$LOG_FILE" ] || mv -f "$LOG_FILE" "$LOG_FILE.1"
  (
    set -a
    # shellcheck source=/dev/null
    . "$ENV_FILE"
    set +a
    export MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=131072 NERVESYS_HOME="$STATE"
    cd /
    nohup "$NODE" --max-semi-space-size=1 "$BUNDLE" agent </dev/null >>"$LOG_FILE" 2>&1 &
    printf '%s\n' "$!" >"$PID_FILE"
  )
}

# A user's unit: what the hardening of the system unit needs is root's to give.
user_unit() {
  cat <<END
[Unit]
Description=Nervesys lean agent
[Service]
Environment=NERVESYS_HOME=$STATE MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=131072
EnvironmentFile=-$ENV_FILE
ExecStart=$NODE --max-semi-space-size=1 $BUNDLE agent
Restart=always
RestartSec=2
TimeoutStopSec=20
NoNewPrivileges=yes
UMask=0077
[Install]
WantedBy=default.target
END
}

# $1: yes where something changed, so that a running agent must be started anew.
start_service() {
  case $MANAGER in
  system)
    systemctl daemon-reload
    systemctl enable --quiet nervesys-agent.service
    if [ "$1" = yes ]; then systemctl restart nervesys-agent.service; else systemctl start nervesys-agent.service; fi
    ;;
  user)
    systemctl --user daemon-reload
    systemctl --user enable --quiet nervesys-agent.service
    if [ "$1" = yes ]; then systemctl --user restart nervesys-agent.service; else systemctl --user start nervesys-agent.service; fi
    loginctl enable-linger >/dev/null 2>&1 ||
      say "Note: it runs only while you are signed in; an administrator can change that: loginctl enable-linger $(id -un)"
    ;;
  process)
    [ "$1" = no ] || stop_process
    running_pid >/dev/null || start_process
    ;;
  esac
}

# What the agent logged last about a refusal; it logs no secret.
last_words() {
  case $MANAGER in
  system) journalctl -u nervesys-agent.service -n 50 -o cat --no-pager 2>/dev/null ;;
  user) journalctl --user -u nervesys-agent.service -n 50 -o cat --no-pager 2>/dev/null ;;
  process) tail -n 50 "$LOG_FILE" 2>/dev/null ;;
  esac | grep -E '"level":"(WARN|ERROR)"|^error:|^hint:' | tail -n 3
}

# --- uninstall -----------------------------------------------------------------------------------------------------------------

uninstall() {
  MANAGER=$(manager)
  case $MANAGER in
  system) systemctl disable --now --quiet nervesys-agent.service 2>/dev/null || true ;;
  user) systemctl --user disable --now --quiet nervesys-agent.service 2>/dev/null || true ;;
  process) stop_process ;;
  esac
  rm -f "$UNIT" "$ENV_FILE" "$ADDRESS_FILE" "$AUTHORITY_FILE" "$PROGRAM/README" "$PROGRAM/$SCRIPT_NAME" "$BUNDLE" "$NODE" "$PID_FILE" "$LOG_FILE" "$LOG_FILE.1"
  rm -rf "$UPGRADED"
  rmdir "$PROGRAM/bin" "$PROGRAM" "$CONF" 2>/dev/null || true
  case $MANAGER in
  system) systemctl daemon-reload ;;
  user) systemctl --user daemon-reload ;;
  esac
  if [ "$1" = purge ]; then
    # Only what is the agent's: an orchestrator may share this home.
    rm -rf "$STATE/agent"
    rmdir "$STATE" 2>/dev/null || true
    say "Removed, with this server's key and what had not been archived. Revoke the server on the page."
  else
    say "Removed. What was not archived yet, and this server's key, stay in $STATE/agent; --purge removes them too."
  fi
}

# --- asking the orchestrator ---------------------------------------------------------------------------------------------------

# A field of flat JSON on standard input: a text or a number.
field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" | head -n 1; }

sha256_of() {
  if have sha256sum; then
    sha256sum <"$1" | cut -d ' ' -f 1
  elif have openssl; then
    openssl dgst -sha256 -r <"$1" | cut -d ' ' -f 1
  else
    die "neither sha256sum nor openssl is here to check what is fetched"
  fi
}

decode_base64url() {
  text=$(printf '%s' "$1" | tr -- '-_' '+/')
  case $((${#text} % 4)) in 2) text="$text==" ;; 3) text="$text=" ;; esac
  printf '%s' "$text" | if have base64; then base64 -d; else openssl base64 -d -A; fi 2>/dev/null
}

# The certificate that the token's fingerprint names, among those that the orchestrator shows, becomes the only one that is believed.
pin_certificate() {
  have openssl || die "openssl is needed to check the orchestrator's certificate by the fingerprint in the token"
  host=${URL#https://}
  host=${host%%/*}
  case $host in *:*) ;; *) host=$host:443 ;; esac
  openssl s_client -connect "$host" -servername "${host%:*}" -showcerts </dev/null 2>/dev/null |
    awk -v to="$TEMP/shown" '/BEGIN CERT/ { n++; on = 1 } on { print > (to n ".pem") } /END CERT/ { on = 0; close(to n ".pem") }' || true
  wanted=$(printf '%s' "$FINGERPRINT" | tr 'A-F' 'a-f' | tr -d ':')
  for shown in "$TEMP"/shown*.pem; do
    [ -f "$shown" ] || die "$URL shows no certificate"
    found=$(openssl x509 -in "$shown" -outform DER 2>/dev/null | openssl dgst -sha256 -r | cut -d ' ' -f 1)
    if [ "$found" = "$wanted" ]; then
      CA_FILE=$shown
      return
    fi
  done
  die "the certificate of $URL is not the one that the token names: somebody may stand in between. Nothing was installed"
}

# fetch PATH FILE SECRET: true when it came whole. The secret goes by a file, never by an argument.
fetch() {
  rm -f "$2"
  if have curl; then
    printf 'header = "Authorization: Bearer %s"\n' "$3" >"$TEMP/curlrc"
    status=$(curl -q -K "$TEMP/curlrc" ${CA_FILE:+--cacert "$CA_FILE"} -sS --proto '=http,https' --connect-timeout 15 --max-time 900 \
      -o "$2" -w '%{http_code}' "$URL/api/v1/agent/$1") || die "$URL did not answer"
    [ "$status" = 200 ]
  elif have wget; then
    printf 'header = Authorization: Bearer %s\n' "$3" >"$TEMP/wgetrc"
    WGETRC=$TEMP/wgetrc wget -q ${CA_FILE:+--ca-certificate="$CA_FILE"} --content-on-error --max-redirect=0 --tries=1 --timeout=60 \
      -O "$2" "$URL/api/v1/agent/$1" || {
      [ -s "$2" ] || die "$URL did not answer"
      return 1
    }
  else
    die "neither curl nor wget is here"
  fi
}

# Why the orchestrator refused: its own words.
refusal() {
  code=$(field code <"$1")
  say "${code:-no reason given} $(sed -n 's/.*"detail":"\([^"]*\)".*/(\1)/p' "$1" | head -n 1)"
}

# get NAME FILE SHA256: puts a checked file in place in one step, so that a broken download never takes the place of a good one.
get() {
  if [ -f "$2" ] && [ ! -L "$2" ] && [ "$(sha256_of "$2")" = "$3" ]; then return 1; fi
  fetch "$1" "$TEMP/$1" "$SECRET" || die "$1 was refused: $(refusal "$TEMP/$1")"
  found=$(sha256_of "$TEMP/$1")
  [ "$found" = "$3" ] || die "$1 is not what the orchestrator announced (SHA-256 $found instead of $3); it was thrown away"
  # `set -e` doesn't reach into a condition, and this is called in one.
  { cp "$TEMP/$1" "$2.new" && chmod 755 "$2.new" && mv -f "$2.new" "$2"; } || die "cannot write $2"
}

# --- install -------------------------------------------------------------------------------------------------------------------

read_token() {
  TOKEN=$(printf '%s' "${NERVESYS_TOKEN:-}" | tr -d ' \r\n')
  if [ -z "$TOKEN" ] && [ ! -f "$KEY_FILE" ] && [ -t 0 ]; then
    printf 'Token, as "nervesys token create" printed it (not shown): '
    trap 'stty echo; cleanup' EXIT
    stty -echo
    read -r TOKEN || true
    stty echo
    say
  fi
  unset NERVESYS_TOKEN
  TOKEN_SECRET=
  [ -n "$TOKEN" ] || return 0
  case $TOKEN in
  nsv1.*[!A-Za-z0-9_-]* | nsv1.) die "NERVESYS_TOKEN is not a Nervesys token; copy the whole of it" ;;
  nsv1.*) ;;
  *) die "NERVESYS_TOKEN is not a Nervesys token; it begins with nsv1." ;;
  esac
  parts=$(decode_base64url "${TOKEN#nsv1.}") || die "NERVESYS_TOKEN is not a Nervesys token; copy the whole of it"
  TOKEN_URL=$(printf '%s' "$parts" | field u)
  TOKEN_SECRET=$(printf '%s' "$parts" | field s)
  FINGERPRINT=$(printf '%s' "$parts" | field f)
  if [ -z "$TOKEN_URL" ] || [ -z "$TOKEN_SECRET" ]; then die "NERVESYS_TOKEN is not a Nervesys token; copy the whole of it"; fi
}

# The secret that opens the downloads: this server's own key where it has one that still opens, else the token's.
find_manifest() {
  CA_FILE=
  key=
  [ ! -f "$KEY_FILE" ] || key=$(field key <"$KEY_FILE")
  known=
  if [ $AS_ROOT = yes ]; then
    [ ! -f "$ADDRESS_FILE" ] || known=$(cat "$ADDRESS_FILE")
  elif [ -f "$KEY_FILE" ]; then
    known=$(field url <"$KEY_FILE")
    known=${known%/}
  fi
  URL=${TOKEN_URL:-$known}
  [ -n "$URL" ] || die "this host does not know its orchestrator yet: set NERVESYS_TOKEN"
  URL=${URL%/}
  case $URL in http://* | https://*) ;; *) die "the address of the orchestrator is not usable" ;; esac
  case ${FINGERPRINT:-null} in
  null)
    # Without a token's word the certificate that was found by an earlier one.
    if [ "$known" != "$URL" ]; then
      :
    elif [ $AS_ROOT = yes ]; then
      [ ! -f "$AUTHORITY_FILE" ] || CA_FILE=$AUTHORITY_FILE
    else
      authority=$(field authority <"$KEY_FILE")
      if [ -n "$authority" ]; then
        CA_FILE=$TEMP/authority.pem
        printf '%b\n' "$authority" >"$CA_FILE"
      fi
    fi
    ;;
  *) case $URL in https://*) pin_certificate ;; esac ;;
  esac
  # The key is shown to the orchestrator that gave it, and to nobody that a token may name.
  [ -z "$key" ] || [ "$(field url <"$KEY_FILE" | sed 's,/$,,')" = "$URL" ] || key=
  [ -n "$key$TOKEN_SECRET" ] || die "this host has no key of $URL: set NERVESYS_TOKEN"
  for SECRET in $key $TOKEN_SECRET; do
    case $SECRET in *[!A-Za-z0-9_-]*) continue ;; esac
    if fetch manifest "$TEMP/manifest" "$SECRET"; then return; fi
  done
  die "the orchestrator at $URL refuses: $(refusal "$TEMP/manifest")"
}

# Whom root asks the next time, without a token.
keep_orchestrator() {
  printf '%s\n' "$URL" >"$ADDRESS_FILE"
  if [ -z "$CA_FILE" ]; then
    rm -f "$AUTHORITY_FILE"
  elif [ "$CA_FILE" != "$AUTHORITY_FILE" ]; then
    cp "$CA_FILE" "$AUTHORITY_FILE"
  fi
}

node_is_new() { [ "$("$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null || say 0)" -ge $NODE_MAJOR_MIN ]; }

install_node() {
  if own=$(command -v node) && node_is_new "$own"; then
    own=$(readlink -f "$own")
    if [ "$(readlink "$NODE" 2>/dev/null)" != "$own" ]; then
      ln -sfn "$own" "$NODE.new"
      mv -f "$NODE.new" "$NODE"
      CHANGED=yes
    fi
    say "Node: $own, which is here already"
    return
  fi
  case $(uname -s)-$(uname -m) in
  Linux-x86_64) here=linux-x64 ;;
  Linux-aarch64) here=linux-arm64 ;;
  *) here=$(uname -s)-$(uname -m) ;;
  esac
  there=$(field node_platform <"$TEMP/manifest")-$(field node_arch <"$TEMP/manifest")
  [ "$here" = "$there" ] || die "Node $NODE_MAJOR_MIN is not here, and the orchestrator's own is for $there, not $here: install Node $NODE_MAJOR_MIN first"
  if get node "$NODE" "$(field node_sha256 <"$TEMP/manifest")"; then CHANGED=yes; fi
  node_is_new "$NODE" || die "the orchestrator's Node does not run here (another C library?): install Node $NODE_MAJOR_MIN first"
  say "Node: $("$NODE" --version) from the orchestrator"
}

install_agent() {
  read_token
  [ -n "$TOKEN" ] || [ -f "$KEY_FILE" ] || die "NERVESYS_TOKEN is not set, and this server has not joined yet"
  server=${NERVESYS_SERVER:-}
  case $server in *[!A-Za-z0-9._-]* | -* | .*) die "NERVESYS_SERVER may have letters, digits, dots, hyphens and underscores" ;; esac
  MANAGER=$(manager)
  CHANGED=no
  find_manifest

  mkdir -p "$PROGRAM/bin" "$CONF" "$STATE"
  chmod 755 "$PROGRAM" "$PROGRAM/bin"
  [ $AS_ROOT = no ] || keep_orchestrator
  # Kept for --uninstall: the command that people paste fetches this script into a file that it takes away.
  [ ! -f "$0" ] || cmp -s "$0" "$PROGRAM/$SCRIPT_NAME" || cp "$0" "$PROGRAM/$SCRIPT_NAME"
  install_node
  if get bundle "$BUNDLE" "$(field bundle_sha256 <"$TEMP/manifest")"; then CHANGED=yes; fi
  if [ -d "$UPGRADED" ]; then
    rm -rf "$UPGRADED"
    CHANGED=yes
  fi
  say "Agent: version $(field version <"$TEMP/manifest")"

  joined=no
  # A key that opened the manifest is good; a token is kept only until the agent has exchanged it.
  if [ -f "$KEY_FILE" ] && [ "$SECRET" != "$TOKEN_SECRET" ]; then joined=yes; fi
  [ -n "$server" ] || [ ! -f "$ENV_FILE" ] || server=$(sed -n 's/^NERVESYS_SERVER=//p' "$ENV_FILE")
  {
    [ -z "$server" ] || say "NERVESYS_SERVER=$server"
    [ $joined = yes ] || say "NERVESYS_TOKEN=$TOKEN"
  } >"$TEMP/agent.env"
  if ! cmp -s "$TEMP/agent.env" "$ENV_FILE"; then
    cp "$TEMP/agent.env" "$ENV_FILE"
    CHANGED=yes
  fi

  case $MANAGER in
  system)
    id nervesys >/dev/null 2>&1 || useradd --system --home-dir "$STATE" --no-create-home --shell /usr/sbin/nologin nervesys
    for group in adm systemd-journal; do
      if getent group "$group" >/dev/null; then usermod -aG "$group" nervesys; fi
    done
    chown -R nervesys: "$STATE"
    if get unit "$UNIT" "$(field unit_sha256 <"$TEMP/manifest")"; then CHANGED=yes; fi
    chmod 644 "$UNIT"
    ;;
  user)
    mkdir -p "$(dirname "$UNIT")"
    user_unit >"$TEMP/user.service"
    if ! cmp -s "$TEMP/user.service" "$UNIT"; then
      cp "$TEMP/user.service" "$UNIT"
      CHANGED=yes
    fi
    ;;
  esac
  before=$(cat "$KEY_FILE" 2>/dev/null || true)
  start_service $CHANGED

  until=$(($(seconds) + JOIN_SECONDS))
  while [ $joined = no ]; do
    if [ -f "$KEY_FILE" ] && [ "$(cat "$KEY_FILE")" != "$before" ]; then break; fi
    words=$(last_words || true)
    case $words in *NSV_TOKEN_* | *NSV_FORBIDDEN* | *NSV_SETTING_INVALID*) die "the agent could not join: $words" ;; esac
    [ "$(seconds)" -lt $until ] || die "the agent runs, but has not joined within $JOIN_SECONDS s. $words"
    nap
  done
  if [ $joined = no ]; then
    sed '/^NERVESYS_TOKEN=/d' "$ENV_FILE" >"$TEMP/agent.env"
    cp "$TEMP/agent.env" "$ENV_FILE" # the running agent has its key; the token has no business on this host any more
  fi

  say "This server is $(field server <"$KEY_FILE"), and its agent takes records at http://127.0.0.1:4318/logs."
  [ ! -f "$PROGRAM/$SCRIPT_NAME" ] || say "Remove it with: sh $PROGRAM/$SCRIPT_NAME --uninstall"
  case $MANAGER in
  system) say "Look at it with: systemctl status nervesys-agent; journalctl -u nervesys-agent" ;;
  user) say "Look at it with: systemctl --user status nervesys-agent" ;;
  process) say "There is no systemd to run it here: it is process $(running_pid), logs to $LOG_FILE, and nothing starts it again after a reboot or a crash. Run this script again then." ;;
  esac
}

cleanup() { [ -z "${TEMP:-}" ] || rm -rf "$TEMP"; }

action=install
purge=
for argument in "$@"; do
  case $argument in
  --uninstall) action=uninstall ;;
  --purge) purge=purge ;;
  -h | --help)
    sed -n '2,/^set -eu/p' "$0" | sed '$d; s/^# \{0,1\}//'
    exit 0
    ;;
  *) die "unknown argument; a token is given by NERVESYS_TOKEN in the environment, never as an argument" ;;
  esac
done
TEMP=
trap cleanup EXIT
trap 'exit 130' INT TERM HUP
if [ $action = uninstall ]; then
  uninstall "$purge"
else
  [ -z "$purge" ] || die "--purge goes with --uninstall"
  TEMP=$(mktemp -d)
  install_agent
fi

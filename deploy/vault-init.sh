#!/bin/sh
# Makes a new Vault usable for the orchestrator, and opens a sealed one; everything is done once, and left alone when it is there.
# Secrets go by standard input and files, never by arguments.
set -eu
umask 077

KEYS=${VAULT_INIT_KEYS:-/run/keys}
APPROLE=${VAULT_INIT_APPROLE:-/run/approle}
DATABASE=${VAULT_INIT_DATABASE:-/run/database}
# Of the user `node` in the orchestrator's image.
ORCHESTRATOR_UID=${VAULT_INIT_UID:-1000}
# Of the user `postgres` in Postgres' alpine image.
POSTGRES_UID=${VAULT_INIT_POSTGRES_UID:-70}
WAIT_SECONDS=60

fail() {
  printf 'vault-init: %s\n' "$*" >&2
  exit 1
}

# 0: open, 2: sealed or new, anything else: not there.
status() {
  code=0
  vault status >/dev/null 2>&1 || code=$?
  printf '%s' "$code"
}

waited=0
while true; do
  state=$(status)
  case $state in 0 | 2) break ;; esac
  [ $waited -lt $WAIT_SECONDS ] || fail "Vault does not answer at $VAULT_ADDR"
  sleep 1
  waited=$((waited + 1))
done

if ! vault operator init -status >/dev/null 2>&1; then
  vault operator init -key-shares=1 -key-threshold=1 >"$KEYS/init.new" || fail "Vault could not be initialised"
  sed -n 's/^Unseal Key 1: //p' "$KEYS/init.new" >"$KEYS/unseal-key"
  sed -n 's/^Initial Root Token: //p' "$KEYS/init.new" >"$KEYS/root-token"
  rm "$KEYS/init.new"
fi
if [ "$state" = 2 ]; then
  [ -s "$KEYS/unseal-key" ] || fail "Vault is sealed, and its key is not here: unseal it by hand (vault operator unseal)"
  tr -d '\n' <"$KEYS/unseal-key" | vault write sys/unseal key=- >/dev/null || fail "the key does not open Vault"
fi
[ -s "$KEYS/root-token" ] || { # an administrator took it away: all was made before
  [ -s "$APPROLE/secret-id" ] || fail "there is neither a root token nor an AppRole"
  exit 0
}
VAULT_TOKEN=$(cat "$KEYS/root-token")
export VAULT_TOKEN

vault read sys/mounts/secret >/dev/null 2>&1 || vault secrets enable -path=secret -version=2 kv >/dev/null
vault read sys/auth/approle >/dev/null 2>&1 || vault auth enable approle >/dev/null
vault policy write nervesys - >/dev/null <<'END'
path "secret/data/nervesys" { capabilities = ["read"] }
END
vault write auth/approle/role/nervesys token_policies=nervesys token_ttl=1h token_max_ttl=24h >/dev/null

if [ ! -s "$DATABASE/password" ]; then
  head -c 32 /dev/urandom | sha256sum | cut -c 1-48 >"$DATABASE/password"
fi
chown "$POSTGRES_UID" "$DATABASE/password"
if ! vault kv get -mount=secret nervesys >/dev/null 2>&1; then
  case ${STORJ_ACCESS_KEY:-}${STORJ_SECRET_KEY:-} in
  *[!A-Za-z0-9+/=_-]*) fail "STORJ_ACCESS_KEY and STORJ_SECRET_KEY may have letters, digits and +/=_- only; put others into Vault by hand" ;;
  esac
  {
    printf '{"DATABASE_URL":"postgres://nervesys:%s@postgres:5432/nervesys"' "$(cat "$DATABASE/password")"
    if [ -n "${STORJ_ACCESS_KEY:-}" ]; then
      printf ',"STORJ_ACCESS_KEY":"%s","STORJ_SECRET_KEY":"%s"' "$STORJ_ACCESS_KEY" "${STORJ_SECRET_KEY:-}"
    fi
    printf '}'
  } | vault kv put -mount=secret nervesys - >/dev/null
fi
if [ ! -s "$APPROLE/secret-id" ]; then
  vault read -field=role_id auth/approle/role/nervesys/role-id >"$APPROLE/role-id"
  vault write -f -field=secret_id auth/approle/role/nervesys/secret-id >"$APPROLE/secret-id"
fi
chown "$ORCHESTRATOR_UID" "$APPROLE" "$APPROLE/role-id" "$APPROLE/secret-id"
printf 'Vault is open, and holds what the orchestrator needs.\n'

#!/bin/sh
# Makes the reports of a range of days, one after the other: for days before reports were switched on, or after their facts were mended.
#
#   generate_reports.sh FROM TO [--kind daily|weekly|monthly|critical] [--again] [option of `nervesys report`…]
#   generate_reports.sh 2025-12-01 2025-12-10
#   generate_reports.sh 2025-09 2025-11 --kind monthly --lang he --out ./reports
#
# FROM and TO are days, ISO weeks (2025-W50) or months (2025-12), both included; today and yesterday are days too. What there is already
# is left as it is, so that a run that was broken off is simply begun again; --again makes it anew. The running orchestrator does the work:
# the machine is found as by nervesys itself (--home, --port, --url). On a terminal a bar says how far it is.
#
#   NERVESYS_COMMAND    the command, where it is not found by itself
#
# Ends with 0: all are made. 1: some failed, and are named. 2: wrong usage. 3: all are made, and some are not on every shelf.
set -eu

die() {
  printf 'generate_reports: %s\n' "$*" >&2
  exit 2
}
have() { command -v "$1" >/dev/null 2>&1; }
usage() { sed -n '2,/^set -eu/p' "$0" | sed '$d; s/^# \{0,1\}//'; }

# Given, installed for everybody, or of this package. An agent's program has no reports.
find_nervesys() {
  here=$(cd "$(dirname "$0")" && pwd)
  if [ -n "${NERVESYS_COMMAND:-}" ]; then
    :
  elif have nervesys; then
    NERVESYS_COMMAND=nervesys
  elif [ -f "$here/../dist/main.js" ] && have node; then
    NERVESYS_COMMAND="node $here/../dist/main.js"
  elif [ -f "$here/../src/main.ts" ] && have node; then
    NERVESYS_COMMAND="node $here/../src/main.ts"
  else
    printf 'generate_reports: nervesys is not found: name the command in NERVESYS_COMMAND\n' >&2
    exit 1
  fi
}

case ${1:-} in
-h | --help)
  usage
  exit 0
  ;;
esac
[ $# -ge 2 ] || {
  usage >&2
  exit 2
}
FROM=$1
TO=$2
shift 2
case $FROM in -* | '') die "FROM is ${FROM:-empty}, no day, week or month" ;; esac
case $TO in -* | '') die "TO is ${TO:-empty}, no day, week or month" ;; esac

KIND=daily
MISSING=--missing
# The others are handed on as they are: each is put behind, until all have been looked at.
left=$#
while [ "$left" -gt 0 ]; do
  left=$((left - 1))
  case $1 in
  --kind)
    [ "$left" -gt 0 ] || die '--kind needs one of daily, weekly, monthly, critical'
    KIND=$2
    left=$((left - 1))
    shift 2
    ;;
  --kind=*)
    KIND=${1#--kind=}
    shift
    ;;
  --again)
    MISSING=
    shift
    ;;
  *)
    set -- "$@" "$1"
    shift
    ;;
  esac
done
case $KIND in daily | weekly | monthly | critical) ;; *) die "$KIND is no kind: use daily, weekly, monthly or critical" ;; esac
find_nervesys

# shellcheck disable=SC2086 # a command and its arguments
exec $NERVESYS_COMMAND report "$KIND" --from "$FROM" --to "$TO" $MISSING "$@"

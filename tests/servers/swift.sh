#!/usr/bin/env bash
# A real S3 server for tests that knows no conditional writes (501): one-machine OpenStack Swift with its S3 door, from Debian's packages
#   apt-get install --no-install-recommends swift swift-proxy swift-account swift-container swift-object memcached
#
#   swift.sh start DIR PORT PORT2 PORT3 PORT4 PORT5    prints `up` once http://127.0.0.1:PORT answers; key test:tester, secret testing
#   swift.sh stop DIR                                  ends what `start` has started, by pid
#
# Everything is below DIR and on 127.0.0.1. Needs root: its programs read /etc/swift, which is ours only in a mount namespace of their own.
set -euo pipefail
action=${1:?start or stop} dir=${2:?a folder}
etc=$dir/etc run=$dir/run log=$dir/log

# At once: what they hold is thrown away.
stop() {
  local part
  for part in proxy object container account memcached; do
    [ ! -s "$run/$part.pid" ] || kill -9 "$(cat "$run/$part.pid")" 2>/dev/null || true
  done
}

if [ "$action" = stop ]; then stop; exit 0; fi

port=${3:?a port}
declare -A ports=([account]=${4:?} [container]=${5:?} [object]=${6:?} [memcached]=${7:?})
mkdir -p "$etc" "$dir/dev/d1" "$run" "$log"
trap 'stop; echo "failed; see $log" >&2' ERR
cat > "$etc/swift.conf" <<C
[swift-hash]
swift_hash_path_suffix = nervesystest
swift_hash_path_prefix = nervesystest
[storage-policy:0]
name = Policy-0
default = yes
C
cd "$etc"
for name in account container object; do
  cat > "$name-server.conf" <<C
[DEFAULT]
devices = $dir/dev
mount_check = false
bind_ip = 127.0.0.1
bind_port = ${ports[$name]}
workers = 0
user = swift
swift_dir = $etc
log_level = WARNING
fallocate_reserve = 0
[pipeline:main]
pipeline = $name-server
[app:$name-server]
use = egg:swift#$name
C
  swift-ring-builder "$name.builder" create 4 1 1 >/dev/null
  swift-ring-builder "$name.builder" add "r1z1-127.0.0.1:${ports[$name]}/d1" 1 >/dev/null
  swift-ring-builder "$name.builder" rebalance >/dev/null || true # it warns that there is but one device
  test -f "$name.ring.gz"
done
cat > proxy-server.conf <<C
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $port
workers = 0
user = swift
swift_dir = $etc
log_level = WARNING
[pipeline:main]
pipeline = catch_errors gatekeeper cache listing_formats bulk s3api tempauth copy slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
error_suppression_limit = 100000
allow_account_management = true
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:s3api]
use = egg:swift#s3api
s3_acl = no
location = us-east-1
dns_compliant_bucket_names = true
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:${ports[memcached]}
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:symlink]
use = egg:swift#symlink
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_object_versioning = true
C
chown -R swift:swift "$dir"
# A part notes its own pid, and then becomes the server: nothing stands between us and it when it is to end.
cat > "$dir/inside.sh" <<C
set -e
mount --bind "$etc" /etc/swift
part() { local name=\$1; shift; bash -c 'echo \$\$ > "\$0"; exec "\$@"' "$run/\$name.pid" "\$@" >"$log/\$name.log" 2>&1 </dev/null & }
part memcached memcached -u swift -l 127.0.0.1 -p ${ports[memcached]} -m 32
for name in account container object; do part \$name swift-\$name-server "$etc/\$name-server.conf"; done
part proxy swift-proxy-server "$etc/proxy-server.conf"
C
unshare -m bash "$dir/inside.sh"
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
for each in "$port" "${ports[@]}"; do
  for n in $(seq 1 100); do answers "$each" && break; sleep 0.2; done
  answers "$each"
done
echo up

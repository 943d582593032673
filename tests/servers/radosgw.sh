#!/usr/bin/env bash
# A real S3 server for tests: one-machine Ceph (monitor, manager, one OSD in memory) and its S3 gateway, from Debian's packages
#   apt-get install --no-install-recommends radosgw ceph-mon ceph-osd ceph-mgr ceph-common
#
#   radosgw.sh start DIR PORT MON_PORT    prints `up` once http://127.0.0.1:PORT answers; key NERVEKEY, secret NERVESECRET
#   radosgw.sh stop DIR                   ends what `start` has started, by pid
#
# Everything is below DIR (a short path on a disk: it holds Unix sockets) and on 127.0.0.1. Needs root. Every wait is bounded.
set -euo pipefail
action=${1:?start or stop} dir=${2:?a folder}
conf=$dir/ceph.conf run=$dir/run log=$dir/log

# At once: what they hold is thrown away.
stop() {
  local part
  for part in rgw osd mgr mon; do
    [ ! -s "$run/$part.pid" ] || kill -9 "$(cat "$run/$part.pid")" 2>/dev/null || true
  done
}

if [ "$action" = stop ]; then stop; exit 0; fi

port=${3:?a port} mon_port=${4:?a port for the monitor}
mkdir -p "$dir"/{mon,mgr,osd,run,log,rgw}
trap 'stop; echo "failed; see $log" >&2' ERR
fsid=$(cat /proc/sys/kernel/random/uuid)
cat > "$conf" <<C
[global]
fsid = $fsid
mon host = v1:127.0.0.1:$mon_port
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
auth cluster required = none
auth service required = none
auth client required = none
auth allow insecure global id reclaim = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon warn on pool no redundancy = false
osd objectstore = memstore
memstore device bytes = 1073741824
osd max object name len = 256
osd max object namespace len = 64
run dir = $run
admin socket = $run/\$name.\$pid.asok
log file = $log/\$name.log
keyring = $dir/keyring
mon data = $dir/mon
mgr data = $dir/mgr
osd data = $dir/osd
rgw data = $dir/rgw
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:$port
rgw thread pool size = 16
rgw s3 auth use sts = true
rgw sts key = nervesys12345678
C
export CEPH_CONF=$conf
cd "$dir"
bounded() { timeout 25 "$@"; }

ceph-authtool --create-keyring keyring --gen-key -n mon. --cap mon 'allow *' >/dev/null
for name in client.admin client.rgw; do
  ceph-authtool keyring --gen-key -n $name --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *' >/dev/null
done
monmaptool --create --addv a "v1:127.0.0.1:$mon_port" --fsid "$fsid" monmap >/dev/null
bounded ceph-mon -c "$conf" -i a --mkfs --monmap monmap --keyring keyring
ceph-mon -c "$conf" -i a -f >"$log/mon.out" 2>&1 </dev/null & echo $! > "$run/mon.pid"
bounded ceph -c "$conf" --connect-timeout 20 -s >/dev/null 2>&1
ceph-mgr -c "$conf" -i x -f >"$log/mgr.out" 2>&1 </dev/null & echo $! > "$run/mgr.pid"
osd=$(cat /proc/sys/kernel/random/uuid)
bounded ceph -c "$conf" osd new "$osd" >/dev/null 2>&1
bounded ceph-osd -c "$conf" -i 0 --mkfs --osd-uuid "$osd" >"$log/mkfs.out" 2>&1
ceph-osd -c "$conf" -i 0 -f >"$log/osd.out" 2>&1 </dev/null & echo $! > "$run/osd.pid"
for n in $(seq 1 60); do bounded ceph -c "$conf" osd stat 2>/dev/null | grep -q '1 up' && break; sleep 0.3; done
radosgw -c "$conf" -n client.rgw -f >"$log/rgw.out" 2>&1 </dev/null & echo $! > "$run/rgw.pid"
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }
for n in $(seq 1 100); do answers && break; sleep 0.3; done
answers
bounded radosgw-admin -c "$conf" -n client.rgw user create --uid=tester --display-name=tester \
  --access-key=NERVEKEY --secret-key=NERVESECRET >"$log/user.out" 2>&1
# A role that may do everything with objects: what a session may do is then the session policy's doing alone.
admin() { bounded radosgw-admin -c "$conf" -n client.rgw "$@" >>"$log/role.out" 2>&1; }
trust='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam:::user/tester"]},"Action":["sts:AssumeRole"]}]}'
rights='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":["arn:aws:s3:::*"]}]}'
admin role create --role-name=nervesys --path=/ --assume-role-policy-doc="$trust"
admin role-policy put --role-name=nervesys --policy-name=all --policy-doc="$rights"
echo up

import { dateParts } from '../dates.ts';
import { borderline, routine, type System, trouble } from '../system.ts';

/** The agent on a node of a container cluster: structured lines of a constant phrase and `key="value"`. */
export const nodeAgent: System = {
  name: 'Podwarden',
  seed: 4107,
  startsAt: Date.UTC(2026, 4, 5, 9, 30, 0),
  gapMs: 3_000,
  header: ({ at, level, component }) => {
    const { month, day, hour, minute, second, millis } = dateParts(at);
    return `${level.charAt(0)}${month}${day} ${hour}:${minute}:${second}.${millis}{pad:0..999;3} {pad:1200..1299;7} ${component}.go:{int:30..900}] `;
  },
  values: {
    pod: [
      'shop/cart-{hex:9}-{hex:5}',
      'shop/checkout-{int:0..4}',
      'kube-system/dns-{hex:9}-{hex:5}',
      'ml/train-job-{int:1..40}',
      'monitoring/scraper-{hex:5}',
    ],
    container: ['cart', 'sidecar', 'dns', 'trainer', 'scraper', 'init-db'],
    image: [
      'registry.local/shop/cart:1.{int:0..40}',
      'registry.local/ml/trainer@sha256:{hex:32}',
      'quay.example/dns:v1.{int:0..20}.{int:0..9}',
    ],
    volume: ['kube-api-access-{hex:5}', 'config', 'data', 'tmp-cache'],
    node: ['node-{int:1..30}'],
    err: [
      'rpc error: code = Unavailable desc = transport is closing',
      'context deadline exceeded',
      'Get \\"https://{ip}:10250/healthz\\": dial tcp {ip}:10250: connect: connection refused',
      'open /var/lib/podwarden/pods/{uuid}/volumes: no such file or directory',
    ],
  },
  statements: [
    ...routine(`
      240 INFO sync_loop | "Sync loop event" type="{one:ADD|UPDATE|DELETE|RECONCILE|PROBE}" source="{one:api|file}" pods=["{pod}"]
      160 INFO reconciler | "Volume attach verified" volumeName="{volume@}" pod="{pod@}" podUID="{uuid}"
      ^ INFO reconciler | "Mount succeeded" volumeName="{volume@}" pod="{pod@}" elapsed="{dur}"
      110 INFO probes | "Probe succeeded" probeType="{one:Liveness|Readiness|Startup}" pod="{pod}" containerName="{container}"
      90 INFO lifecycle | "Container event" pod="{pod@}" event={{"id":"{hex:12}","type":"{one:ContainerStarted|ContainerDied|ContainerRemoved}","exitCode":0}}
      60 INFO images | "Pulled image" image="{image}" size={big:9} elapsed="{dur}"
      40 INFO images | "Image already present" image="{image}"
      40 INFO status | "Patched pod status" pod="{pod}" patchBytes={int:80..4000} phase="{one:Pending|Running|Succeeded}"
      30 INFO scope | "RemoveContainer" containerID="{hex:32}"
      24 INFO gc | "Disk usage below threshold" usage={int:30..84} highThreshold=85 lowThreshold=80
      20 INFO gc | "Removed unused image" imageID="sha256:{hex:32}" size={big:9} runtimeHandler=""
      12 INFO lease | "Lease renewed" node="{node}" leaseDurationSeconds=40
      !60 INFO sync_loop | "Pod start measured" pod="{pod}" total="{float:1..90;9}s" firstPull="{day} {clock} +0000 UTC" errorCount=0
      ~ INFO server | "Starting to listen" address="{one:0.0.0.0|::}" port=10250
      ~ INFO server | "Feature gate" gate="{one:GracefulNodeShutdown|SwapSupport|FailFast}" enabled={bool}
      ~ INFO cpu | "CPU pinning" policy="{one:none|static}"
      ~ INFO memory | "No swap in use"
      ~ INFO plugin | "Registered device plugin" resource="{one:nvidia.com/gpu|example.com/fpga}" endpoint="{one:gpu|fpga}.sock"
      ~ INFO topology | "Topology fits" pod="{pod}" admitted=true
      ~ INFO eviction | "Eviction manager: no thresholds met"
      ~ INFO node | "Node became ready" node="{node}" lastTransition="{clock}"
      ~ INFO certs | "Rotating client certificate" expires="{day}T{clock}Z"
      ~ ERROR server | "Connection of debug client closed" reason="EOF" remote="{ipport}" err=null
    `),
    ...borderline(String.raw`
      70 ERROR pod_workers | "Pod not brought up, next one" err="failed to start container \"{container}\": back-off {int:1..5}m0s restarting failed container" pod="{pod}" podUID="{uuid}"
      40 INFO probes | "Probe failed" probeType="{one:Liveness|Readiness|Startup}" pod="{pod}" containerName="{container}" output="{one:HTTP probe failed with statuscode: 503|command timed out|}"
      30 WARNING reconciler | "Mount failed, will retry" volumeName="{volume}" pod="{pod}" err="{err}" durationBeforeRetry="{dur}"
      14 WARNING lease | "Failed to renew lease, retrying" err="{err}" interval="{int:1..7}s"
      ~ ERROR images | "Failed to pull image" err="{err}" image="{image}"
      ~ WARNING server | "Unauthorized request" remote="{ipport}" verb="{one:GET|POST}" path="/pods"
      ~ WARNING dns | "More name servers than used" limit=3 pod="{pod}"
    `),
    ...trouble(`
      ~ ERROR node | "Node became not ready" node="{node}" condition={{"type":"Ready","status":"False","reason":"{one:RuntimeDown|NetworkUnavailable}"}}
      !26 ERROR lease | "Gave up renewing lease, node will be marked unknown" node="{node}" attempts={int:5..40}
      ~ INFO runtime | "Container runtime is down" elapsed="{int:3..40}m0s" err="{err}"
      ~ WARNING eviction | "Evicting pod: node is low on {one:memory|ephemeral-storage|inodes}" pod="{pod}" available="{size}" threshold="{size}"
      !20 INFO lifecycle | "Container was killed by the OOM killer" pod="{pod}" containerName="{container}" exitCode=137
      ~ ERROR gc | "Image garbage collection freed too little" wanted={big:10} freed={int:0..9000}
      ~ ERROR plugin | "Device became unhealthy" resource="nvidia.com/gpu" device="GPU-{uuid}" reason="{one:Xid 79|Xid 48|fell off the bus}"
      ~ FATAL server | "Agent cannot start" err="{err}"
      ~ ERROR certs | "Client certificate has expired" expired="{day}T{clock}Z" now="{day}T{clock}Z"
      ~ ERROR panic | "Observed a panic" panic="runtime error: {one:invalid memory address or nil pointer dereference|index out of range [3] with length 3}" goroutine={int:1..900}
      ~ INFO volume | "Volume vanished from node while in use" volumeName="pvc-{uuid}" pod="{pod}"
      ~ ERROR network | "No addresses left in range" cidr="10.{int:0..250}.{int:0..250}.0/24" pod="{pod}"
    `),
  ],
};

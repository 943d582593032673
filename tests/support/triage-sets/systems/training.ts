import { dateParts } from '../dates.ts';
import { borderline, routine, type System, trouble } from '../system.ts';

/** Training of a large model over many accelerators: figures, shards, collectives, and what stops it. */
export const training: System = {
  name: 'Loomtrain',
  seed: 4118,
  startsAt: Date.UTC(2026, 5, 1, 2, 0, 0),
  gapMs: 6_000,
  header: ({ at, level, component }) => {
    const { month, day, hour, minute, second, millis } = dateParts(at);
    return `[rank{int:0..63}]:[${level.charAt(0)}${month}${day} ${hour}:${minute}:${second}.${millis}000000 ${component}.py:{int:20..2400}] `;
  },
  values: {
    shard: [
      '/data/web-{pad:0..4095;5}-of-04096.tar',
      's3://corpus/he/part-{int:0..900}.parquet',
      '/data/code {int:1..9}.jsonl.zst',
    ],
    layer: [
      'model.layers.{int:0..79}.mlp.down_proj',
      'model.embed_tokens',
      'model.layers.{int:0..79}.self_attn.q_proj',
      'lm_head',
    ],
    ckpt: ['/ckpt/run-{hex:6}/step_{int:100..90000}', 'gs://ckpt/{hex:6}/last'],
    coll: ['AllReduce', 'AllGather', 'ReduceScatter', 'Broadcast'],
    gpu: ['cuda:{int:0..7}'],
    temp: ['{int:40..82}'],
    host: ['gpu-{int:1..8}'],
  },
  statements: [
    ...routine(`
      400 INFO trainer | step {int:100..90000}/90000 loss {float:1.4..4;4} grad_norm {float:0..3;3} lr {float:1..9;2}e-05 tok/s {int:9000..40000} mfu {float:30..52;1}%
      160 INFO loader | opened {shard} ({int:100..9000} samples, offset {big:6})
      80 INFO memory | {gpu}: allocated {float:20..74;2} GiB, reserved {float:30..78;2} GiB, retries {int:0..4}
      60 INFO trainer | eval {one:hellaswag|mmlu|perplexity/he}: {float:0..1;4} (best {float:0..1;4}), n={int:100..9000}
      44 INFO ckpt | saving {ckpt} ...
      40 INFO ckpt | saved {ckpt} in {dur}, {size}
      36 DEBUG comm | {coll} of {big:9} bytes in {float:0..90;3} ms, busbw {float:20..400;1} GB/s
      30 ERROR scaler | loss scale {one:65536.0|32768.0|131072.0|0.5} -> {one:65536.0|32768.0|131072.0|0.5}
      24 INFO loader | skipped {int:1..40} empty sample(s) in {shard}
      20 INFO telemetry | {host}: gpu temps [{list:temp;8..8;, }] power {int:200..700}W fan n/a
      !60 INFO comm | channel {int:0..31}/0 : {int:0..63}[{int:0..7}] -> {int:0..63}[{int:0..7}] via {one:P2P/IPC|NET/IB/{int:0..7}/GDRDMA}
      ~ INFO trainer | resuming from {ckpt}, epoch={int:0..3} consumed_tokens={big:11}
      ~ INFO trainer | parameters: {float:1..70;2}B total, {float:1..70;2}B trainable
      ~ INFO trainer | Namespace(lr={float:0..1;5}, fail_on_nan={bool}, warmup={int:100..2000}, data={shard}, resume={one:None|auto})
      ~ INFO compile | graph break in {layer}: {one:data-dependent branch|call to print}
      ~ ERROR compile | compiled {layer} in {dur}, cache {one:hit|miss}
      ~ INFO comm | rendezvous complete: {int:8..64} ranks, master {ip}:29500
      ~ INFO loader | shuffle buffer {int:1000..90000}, seed {int:0..9999}, workers {int:0..16}
      ~ INFO ckpt | removed old {ckpt}, keeping {int:2..5}
      ~ INFO trainer | early stopping patience {int:1..10}, no abort so far
      ~ INFO trainer | training finished, final loss {float:1.4..1.9;4}
      ~ INFO watchdog | heartbeat of all {int:8..64} ranks within {int:1..20}s, none dead
    `),
    ...borderline(`
      24 WARNING loader | could not decode sample {int:0..9000} of {shard}, skipped: {one:UnidentifiedImageError|UnicodeDecodeError at byte {int:0..900}|zlib error -3}
      16 WARNING trainer | gradient overflow, step skipped (scale {one:16384.0|8192.0})
      12 WARNING comm | rank {int:0..63} is slow: {float:2..9;1}x the median
      ~ WARNING trainer | loss spike: {float:5..11;3} at step {int:100..90000}
      ~ WARNING deprecated | option \`precision\` goes away soon, say \`dtype\`
      ~ WARNING ckpt | upload of {ckpt} took {dur}, longer than the save interval
      ~ WARNING telemetry | {host} {gpu} throttled, {int:83..88} C
    `),
    ...trouble(`
      ~ ERROR memory | OutOfMemoryError: tried to allocate {float:0..9;2} GiB on {gpu}, {float:0..1;2} GiB free
      !20 ERROR comm | watchdog: {coll} (seq {big:7}) timed out after {int:600000..1800000} ms, taking the process down
      ~ ERROR comm | {int:0..63}[{int:0..7}] transport error: remote process exited or there was a network error, peer {ip}<{port}>
      ~ ERROR device | CUDA error: {one:an illegal memory access was encountered|device-side assert triggered|uncorrectable ECC error encountered}
      ~ ERROR device | {host}: {gpu} has fallen off the bus
      ~ ERROR trainer | loss is nan at step {int:100..90000}, stopping
      ~ INFO elastic | rank {int:0..63} (pid {int:100..90000}) of {host} exited with exitcode: {one:-9|-11|1}
      ~ ERROR ckpt | {ckpt} cannot be written: [Errno 28] No space left on device
      ~ ERROR ckpt | {ckpt} is truncated, {big:9} of {big:10} bytes, nothing to resume from
      ~ ERROR loader | DataLoader worker (pid {int:100..90000}) killed by signal: {one:Killed|Bus error|Segmentation fault}
      ~ INFO elastic | {int:1..7} of 8 nodes left, below minimum, job gives up
      ~ INFO scheduler | preempted without grace, {int:10..900} steps since last checkpoint are lost
    `),
  ],
};

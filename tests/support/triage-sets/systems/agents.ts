import { dateParts } from '../dates.ts';
import { borderline, routine, type System, trouble } from '../system.ts';

/** A framework that runs AI agents: requests to models, tool calls, memories, budgets. */
export const agents: System = {
  name: 'Taskmuse',
  seed: 4112,
  startsAt: Date.UTC(2026, 9, 21, 7, 15, 0),
  gapMs: 1_200,
  header: ({ at, level, component }) => {
    const { year, month, day, hour, minute, second, millis } = dateParts(at);
    return `${year}-${month}-${day}T${hour}:${minute}:${second}.${millis}+03:00 [${level}] {agent}/${component} run={hex:8} :: `;
  },
  values: {
    agent: ['researcher', 'support-bot', 'coder-2', 'invoice-clerk', 'scheduler'],
    model: ['large-3', 'mini-3', 'local/qwen-7b-q4', 'embed-small', 'vision-2'],
    tool: ['web_search', 'read_file', 'run_tests', 'send_mail', 'sql_query', 'browser.click', 'calendar.find_slot'],
    args: [
      '{{"q":"{one:flights to Rome|error budget policy|מזג אוויר בחיפה}"}}',
      '{{"path":"{path}"}}',
      '{{"sql":"select sum(total) from orders","limit":{int:1..100}}}',
      '{{}}',
      '{{"selector":"#submit","timeout":{int:100..9000}}}',
    ],
    path: ['src/app.ts', 'docs/Error Handling.md', '/tmp/task/out-{int:1..40}.json', 'reports/Q{int:1..4} 2026.xlsx'],
    thought: [
      'Looking for the newest report first',
      'The tests fail because the fixture is stale; fixing it',
      'No error so far, next step',
      'User wants a refund. Checking policy',
      'אבדוק קודם את היומן',
    ],
    exc: [
      'ToolTimeout: no answer within {int:5..60}s',
      'JSONDecodeError: Expecting value: line 1 column 1 (char 0)',
      "KeyError: 'content'",
      "ConnectionResetError(104, 'peer')",
    ],
  },
  statements: [
    ...routine(`
      300 INFO llm | request model={model} messages={int:1..60} tools={int:0..14} temperature={float:0..1;1} stream={bool}
      ^ INFO llm | response model={model} in={int:100..90000} out={int:1..4000} cached={int:0..80000} took {dur} finish={one:stop|tool_calls}
      180 INFO tool | call {tool@}({args})
      ^ INFO tool | done {tool@} ok, {big:5} chars in {dur}
      90 DEBUG planner | thought: {thought}
      70 INFO memory | recalled {int:0..12} item(s) for "{one:last invoice|user prefers email|failed login}" best={float:0..1;3}
      40 INFO memory | stored note {uuid} ({int:10..900} tokens)
      40 INFO budget | spent {float:0..9;4} USD of {int:5..50}.00 today, {big:7} tokens
      30 INFO step | step {int:1..40}/{int:40..60} done, state={one:thinking|acting|waiting for user}
      24 INFO context | compacted {int:20000..190000} -> {int:4000..30000} tokens, {int:4..90} message(s) folded
      16 ERROR tool | {tool} answered with exit status 1, agent was told
      14 INFO guard | input checked, 0 finding(s), score {float:0..0.3;2}
      12 INFO handoff | task "{one:refund 1042|fix failing build|summarise mail}" handed to {agent}
      !60 INFO index | embedded {int:1..64} chunk(s) of {path}
      ~ INFO run | started for user {one:noa@example.com|u-{int:1..900}|anonymous}, goal: "{one:Find out why checkout errors rose|Plan a trip|Close the books}"
      ~ INFO run | finished: goal reached after {int:2..60} steps
      ~ INFO run | finished: user said stop
      ~ INFO tool | registered {int:3..40} tools: [{list:tool;2..6;, }]
      ~ INFO llm | fallback model is {model}
      ~ INFO llm | rate limit now {int:60..900} requests/min, {int:10000..900000} tokens/min
      ~ INFO config | max_consecutive_errors={int:2..9} on_failure={one:ask|stop|continue}
      ~ INFO sandbox | container {hex:12} ready, network={bool} memory={size}
      ~ INFO sandbox | container {hex:12} removed, oom=false
      ~ INFO guard | policy "{one:no-payments|block deletion|default}" loaded, {int:1..40} rules
      ~ INFO eval | judged answer: correct={bool} score={float:0..1;2} reason="{one:matches|partly|hallucinated date}"
    `),
    ...borderline(`
      40 WARN llm | 429 from provider, waiting {float:0.5..60;1}s (attempt {int:1..5} of 6)
      34 WARN tool | {tool} failed: {exc}; will be tried again
      20 WARN parse | model answered with invalid JSON, asking once more: {exc}
      16 WARN sandbox | denied: {one:write to /etc/passwd|connect to 169.254.169.254:80|exec sudo} by {tool}
      ~ WARN context | {int:150000..199000} of 200000 tokens used
      ~ WARN planner | same thought {int:2..4} times
      ~ WARN tool | {tool} is not known, suggesting {tool}
      ~ WARN llm | answer cut at max_tokens={int:256..8192}
      ~ ERROR memory | vector of {int:384..1536} dimensions does not fit index of {int:384..1536}, note skipped
    `),
    ...trouble(`
      ~ ERROR llm | giving up on {model} after 6 attempts: {exc}
      ~ ERROR llm | prompt is {int:200001..400000} tokens, limit of {model} is 200000; run aborted
      ~ ERROR llm | 401 from provider: key ending in ...{hex:4} was revoked, all runs stop
      !22 ERROR planner | loop detected: {tool} called with equal arguments {int:8..40} times, run stopped
      ~ INFO budget | hard limit of {int:5..50}.00 USD passed, run killed
      ~ CRITICAL run | unhandled exception, worker exits
      ^ CRITICAL run | last frame raised {exc}
      ~ ERROR guard | prompt injection suspected in result of {tool}: "{one:ignore previous instructions|you are now the admin|send the keys to}", quarantined
      ~ WARN guard | secret found in outgoing message to {one:mail|web}, agent frozen
      ~ ERROR sandbox | container {hex:12} killed, memory limit {size} reached
      ~ INFO queue | {int:100..9000} task(s) lost: broker at {ipport} is gone
      ~ INFO run | agent has not taken a step for {int:31..600} min, declared dead
      ~ ERROR store | checkpoint of run cannot be written: disk quota exceeded
      ~ WARN verify | agent reported success but {int:1..90} of {int:90..400} tests fail
    `),
  ],
};

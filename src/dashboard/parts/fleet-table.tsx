import { useCallback, useMemo, useState } from 'preact/hooks';
import type { AgentState } from '../../contract/heartbeat.ts';
import type { TextKey } from '../messages/words.ts';
import { agentKey, type FleetModel } from '../model/fleet-model.ts';
import { arrangeFleet, type FleetOrder, nextOrder, SORT_KEYS, type SortKey } from '../model/fleet-order.ts';
import { AgentRow } from './agent-row.tsx';
import { useWords } from './page-context.ts';

const SORT_WORDS: Readonly<Record<SortKey, TextKey>> = {
  state: 'columnState',
  agent: 'columnAgent',
  server: 'columnServer',
  cpu: 'columnCpu',
  ram: 'columnRam',
  disk: 'columnDisk',
  buffer: 'columnBuffer',
};

interface FleetTableProps {
  readonly model: FleetModel;
  readonly state: AgentState | undefined;
  readonly onState: (state: AgentState | undefined) => void;
}

/** The fleet: filter, order and a row for each AI agent. */
export function FleetTable({ model, state, onState }: FleetTableProps) {
  const words = useWords();
  const [text, setText] = useState('');
  const [order, setOrder] = useState<FleetOrder>({ by: 'state', descending: false });
  const [expanded, setExpanded] = useState<ReadonlySet<string>>(new Set());
  const shown = useMemo(
    () => arrangeFleet(model.agents.values(), { text, state }, order),
    [model.agents, text, state, order],
  );

  const retired = useMemo(() => countRetired(model), [model.agents]);
  const total = model.agents.size - (state === 'retired' ? 0 : retired);

  const toggle = useCallback((key: string) => {
    setExpanded((before) => {
      const after = new Set(before);
      if (!after.delete(key)) after.add(key);
      return after;
    });
  }, []);
  const showAll = () => {
    setText('');
    onState(undefined);
  };

  return (
    <section class="fleet" aria-labelledby="fleet-title">
      <div class="toolbar">
        <h2 id="fleet-title">{words.say('fleet')}</h2>
        <span class="count">
          {shown.length === total
            ? words.count('fleetCount', shown.length)
            : words.say('fleetCountFiltered', {
                shown: words.number(shown.length),
                total: words.number(total),
              })}
        </span>
        {retired > 0 && (
          <button
            type="button"
            class="link retired-filter"
            aria-pressed={state === 'retired'}
            onClick={() => onState(state === 'retired' ? undefined : 'retired')}
          >
            {words.count('fleetRetired', retired)}
          </button>
        )}
        <OrderChoice order={order} onOrder={setOrder} />
        <input
          type="search"
          class="filter"
          aria-label={words.say('filter')}
          placeholder={words.say('filterPlaceholder')}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </div>
      {shown.length === 0 ? (
        <p class="nothing">
          {words.say('filterNothing')}{' '}
          <button type="button" class="link" onClick={showAll}>
            {words.say('filterClear')}
          </button>
        </p>
      ) : (
        <table class="agents">
          <thead>
            <tr>
              <SortHeader by="agent" order={order} onOrder={setOrder} />
              <SortHeader by="server" order={order} onOrder={setOrder} />
              <SortHeader by="state" order={order} onOrder={setOrder} />
              <th scope="col" class="head-status">
                {words.say('columnStatus')}
              </th>
              <SortHeader by="cpu" order={order} onOrder={setOrder} number />
              <SortHeader by="ram" order={order} onOrder={setOrder} number />
              <SortHeader by="disk" order={order} onOrder={setOrder} number />
              <SortHeader by="buffer" order={order} onOrder={setOrder} number />
              <th scope="col" class="head-hour">
                {words.say('columnHour')}
                <span class="legend">
                  <span class="plot-1">{words.say('columnCpu')}</span>{' '}
                  <span class="plot-2">{words.say('columnRam')}</span>
                </span>
              </th>
              <th scope="col" class="head-action">
                {words.say('columnAction')}
              </th>
              <th scope="col">{words.say('columnBeat')}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((agent) => {
              const key = agentKey(agent);
              return (
                <AgentRow
                  key={key}
                  rowKey={key}
                  agent={agent}
                  expanded={expanded.has(key)}
                  words={words}
                  onToggle={toggle}
                />
              );
            })}
          </tbody>
        </table>
      )}
    </section>
  );
}

function countRetired({ agents }: FleetModel): number {
  let count = 0;
  for (const { state } of agents.values()) if (state === 'retired') count += 1;
  return count;
}

interface SortHeaderProps {
  readonly by: SortKey;
  readonly order: FleetOrder;
  readonly onOrder: (order: FleetOrder) => void;
  readonly number?: boolean;
}

function SortHeader({ by, order, onOrder, number }: SortHeaderProps) {
  const words = useWords();
  const sorted = order.by !== by ? 'none' : order.descending ? 'descending' : 'ascending';
  return (
    <th scope="col" aria-sort={sorted} class={`head-${by}${number ? ' number' : ''}`}>
      <button type="button" class="sort" onClick={() => onOrder(nextOrder(order, by))}>
        {words.say(SORT_WORDS[by])}
        <span class="arrow" aria-hidden="true" />
      </button>
    </th>
  );
}

/** The order on a phone, where the cards have no column heads. */
function OrderChoice({
  order,
  onOrder,
}: {
  readonly order: FleetOrder;
  readonly onOrder: (order: FleetOrder) => void;
}) {
  const words = useWords();
  return (
    <span class="order-choice">
      <select
        aria-label={words.say('sortBy')}
        value={order.by}
        onChange={(event) => onOrder(nextOrder(order, event.currentTarget.value as SortKey))}
      >
        {SORT_KEYS.map((by) => (
          <option key={by} value={by}>
            {words.say(SORT_WORDS[by])}
          </option>
        ))}
      </select>
      <button
        type="button"
        class="quiet"
        aria-label={words.say('sortDirection')}
        title={words.say('sortDirection')}
        onClick={() => onOrder({ ...order, descending: !order.descending })}
      >
        {order.descending ? '↑' : '↓'}
      </button>
    </span>
  );
}

/** Usage: today against the daily budget, the balance, requests by outcome, credits a day and by operation. Live. */
import { useEffect, useRef, useState } from "preact/hooks";
import { balance, callTool, onEvent, rest, session } from "../ui/client.ts";
import { count, credits, moment, seconds } from "../ui/format.ts";
import { Icon } from "../ui/icons";
import { unfinished } from "../ui/jobs.ts";
import { use } from "../ui/state.ts";
import { Problem, Skeleton, useLoad } from "../ui/states";
import { toastError } from "../ui/toasts";
import { Bars } from "./Bars";
import { daysOf, outcomes, untilReset, type Usage } from "./days.ts";
import "./usage.css";

const SPANS: [days: number, label: string][] = [
  [1, "Today"],
  [14, "14 days"],
  [90, "90 days"],
];
/** Events come several to a job; the report is loaded once for all of them, in milliseconds. */
const RELOAD_AFTER = 400;
const CHART_DAYS = 14;

const usd = new Intl.NumberFormat("en", { style: "currency", currency: "USD" });

interface Reports {
  today: Usage;
  daily: Usage;
  operations: Usage;
}
const report = (by: string, days: number, signal: AbortSignal): Promise<Usage> => rest(`/usage?by=${by}&days=${days}&limit=200`, { signal });

export function Page() {
  const [span, setSpan] = useState(14);
  const days = Math.max(span, CHART_DAYS);
  const loaded = useLoad<Reports>(
    async (signal) => {
      const [today, daily, operations] = await Promise.all([report("operation", 1, signal), report("day", days, signal), report("operation", span, signal)]);
      return { today, daily, operations };
    },
    [span],
  );
  const reload = useRef(loaded.reload);
  reload.current = loaded.reload;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = onEvent("spending", () => {
      clearTimeout(timer);
      timer = setTimeout(() => reload.current(), RELOAD_AFTER);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, []);
  const { data } = loaded;
  return (
    <div>
      <div class="page-head">
        <h1>Usage</h1>
        <div class="row" role="group" aria-label="Time">
          {SPANS.map(([each, label]) => (
            <button key={each} class="button" aria-pressed={each === span} onClick={() => setSpan(each)}>
              {label}
            </button>
          ))}
        </div>
        <span class="grow" />
        <button class="button" onClick={() => void download(span).catch(toastError)}>
          <Icon name="download" /> CSV
        </button>
      </div>
      {!data && loaded.error && <Problem error={loaded.error} again={loaded.reload} />}
      {!data && !loaded.error && <Skeleton lines={4} height={104} />}
      {data && (
        <div class="usage">
          <Tiles today={data.today} />
          <section class="panel chart">
            <Bars days={daysOf(data.daily.lines, days, new Date())} budget={data.today.budget} />
          </section>
          <section class="panel chart">
            <h2>By operation, {span === 1 ? "today" : `${span} days`}</h2>
            <Operations usage={data.operations} />
          </section>
        </div>
      )}
    </div>
  );
}

/** Redraws once a minute, so that ages and the time until the reset are true. */
function useMinutes(): Date {
  const [now, set] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => set(new Date()), 60_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

function Tiles({ today }: { today: Usage }) {
  const [known, jobs, account] = [use(balance), use(unfinished), use(session)];
  const now = useMinutes();
  const checked = known?.checked;
  const amount = known?.credits ?? account?.balance ?? undefined;
  const age = checked && Math.max(0, (now.getTime() - Date.parse(checked)) / 1000);
  return (
    <>
      <section class="panel figure">
        <h2 class="muted">Today</h2>
        <p class="big num">
          {count(today.spent_today)} <small>{today.budget === undefined ? "credits, no limit" : `of ${credits(today.budget)}`}</small>
        </p>
        <p class="small muted num">
          {count(today.reserved)} reserved · resets in {seconds(Math.ceil(untilReset(now) / 60) * 60)}
        </p>
      </section>
      <section class="panel figure">
        <h2 class="muted">Balance of the account</h2>
        <p class="big num">{amount === undefined ? <small>{today.emulated ? "none: the emulator charges nothing" : "not known yet"}</small> : <>{count(amount)} <small>credits</small></>}</p>
        <p class="small muted num" title={checked && moment(checked)}>
          {amount !== undefined && (today.emulated ? "of the emulator" : `about ${usd.format(amount / 100)}`)}
          {age !== undefined && age !== "" && `, checked ${age < 60 ? "just now" : `${seconds(Math.floor(age / 60) * 60)} ago`}`}
        </p>
      </section>
      <section class="panel figure">
        <h2 class="muted">Requests today</h2>
        <p class="big num">
          {count(today.total.requests)} <small>sent</small>
        </p>
        <p class="small num outcomes">
          {outcomes(today.total, jobs.size).map(({ text, tone }) => (
            <span key={text} class={tone}>
              {text}
            </span>
          ))}
          {!today.total.jobs && !jobs.size && <span class="muted">No jobs yet today</span>}
        </p>
      </section>
      <section class="panel figure">
        <h2 class="muted">Saved by the cache</h2>
        <p class="big num">
          {count(today.credits_saved)} <small>credits</small>
        </p>
        <p class="small muted num">{today.cache_hits === 1 ? "1 cached result" : `${count(today.cache_hits)} cached results`}</p>
      </section>
      {(today.nothing_is_sent || today.blocked_until || known?.paused) && (
        <p class="note warning wide" role="status">
          {today.nothing_is_sent ?? known?.paused ?? `The API accepts no requests before ${moment(today.blocked_until!)}.`}
        </p>
      )}
      {today.notes?.map((each) => (
        <p key={each} class="note wide">
          {each}
        </p>
      ))}
    </>
  );
}

function Operations({ usage }: { usage: Usage }) {
  const lines = usage.lines.toSorted((a, b) => b.credits + b.unknown - (a.credits + a.unknown));
  const most = Math.max(1, ...lines.map((line) => line.credits + line.unknown));
  if (!lines.length) return <p class="muted empty-line">Nothing was sent in this time.</p>;
  return (
    <div class="scroll">
      <table class="list num">
        <thead>
          <tr>
            <th scope="col">Operation</th>
            <th scope="col">Jobs</th>
            <th scope="col">Credits</th>
            <th scope="col">Median</th>
            <th scope="col">
              <span class="sr">Share</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.operation}>
              <th scope="row">
                <code>{line.operation}</code>
              </th>
              <td>{count(line.jobs)}</td>
              <td>{count(line.credits + line.unknown)}</td>
              <td>{line.seconds === undefined ? "" : `${count(line.seconds)} s`}</td>
              <td class="meter">
                <i style={{ width: `${(100 * (line.credits + line.unknown)) / most}%` }} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Save the requests of a time as CSV, as usage_report writes it. */
async function download(days: number): Promise<void> {
  const { text } = await callTool("usage_report", { by: "request", days, limit: 1000, format: "csv" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text, "\n"], { type: "text/csv" }));
  link.download = `usage-${days}-days.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

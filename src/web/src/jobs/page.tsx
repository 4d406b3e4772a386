/** Jobs and runs of workflows, newest first, with what can be done about each. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { callTool, type Operation, operations, onEvent, rest } from "../ui/client.ts";
import { ask } from "../ui/ask.ts";
import { count, credits, moment, plain, seconds, when } from "../ui/format.ts";
import { Icon } from "../ui/icons";
import { isOpen, type Job, type JobDetail, stateText } from "../ui/jobs.ts";
import { nameOf } from "../ui/media.ts";
import { type PageProps, isBuilt } from "../ui/pages.ts";
import { address } from "../ui/router.ts";
import { Empty, Problem, Skeleton, useLoad } from "../ui/states";
import { Thumb } from "../ui/thumb";
import { toast, toastError } from "../ui/toasts";
import { make } from "../gallery/making.ts";
import { AdoptDialog } from "./adopt";
import { type Action, actionsOf, FILTERS, isRun, meaningOf, merged, priceText, type Run, runText, tookSeconds, toneOf, type Work } from "./words.ts";
import "./jobs.css";

interface WorkPage {
  jobs: Work[];
  next_cursor?: string;
}
const PAGE = 60;

export function Page({ id }: PageProps) {
  const [state, setState] = useState("");
  const [operation, setOperation] = useState("");
  const [adopting, setAdopting] = useState(false);
  const known = useLoad(() => operations(), []);
  const filtered = Boolean(state || operation);
  const load = useCallback(
    (signal: AbortSignal, cursor = "") => {
      const search = new URLSearchParams({ limit: String(PAGE) });
      for (const [name, value] of Object.entries({ state, operation, cursor })) if (value) search.set(name, value);
      return rest<WorkPage>(`/jobs?${search}`, { signal });
    },
    [state, operation],
  );
  const list = useLoad(async (signal) => {
    const first = await load(signal);
    if (!id || first.jobs.some((each) => each.id === id)) return first;
    // A linked job that is older than the first page is shown on top.
    const linked = await rest<Work>(`/jobs/${encodeURIComponent(id)}`, { signal }).catch(() => undefined);
    return linked && "status" in linked ? { ...first, jobs: [linked, ...first.jobs] } : first;
  }, [state, operation, id]);
  useEffect(() => {
    const take = (changed: Work | null) => changed && list.set((now) => now && { ...now, jobs: merged(now.jobs, changed, filtered) });
    const stops = [onEvent("job", take), onEvent("run", (run: Run | null) => take(run && { ...run, kind: "run" }))];
    return () => stops.forEach((stop) => stop());
  }, [filtered]);
  const more = async () => {
    const cursor = list.data?.next_cursor;
    if (!cursor) return;
    try {
      const next = await load(new AbortController().signal, cursor);
      list.set((now) => now && { jobs: [...now.jobs, ...next.jobs.filter((each) => !now.jobs.some((old) => old.id === each.id))], next_cursor: next.next_cursor });
    } catch (error) {
      toastError(error);
    }
  };
  const paid = known.data?.filter((each) => each.price[1] > 0) ?? [];
  return (
    <div class="jobs-page">
      <div class="page-head">
        <h1>Jobs</h1>
        <select class="button" aria-label="State" value={state} onChange={(event) => setState(event.currentTarget.value)}>
          {Object.entries(FILTERS).map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
        <select class="button" aria-label="Operation" value={operation} onChange={(event) => setOperation(event.currentTarget.value)}>
          <option value="">Every operation</option>
          {paid.map((each) => (
            <option key={each.name} value={each.name}>
              {each.title}
            </option>
          ))}
        </select>
        <span class="grow" />
        <button class="button" onClick={() => setAdopting(true)}>
          <Icon name="input" size={16} /> Adopt…
        </button>
      </div>
      <Rows list={list.data} error={list.error} again={list.reload} filtered={filtered} marked={id} known={paid} more={more} clear={() => (setState(""), setOperation(""))} />
      {adopting && <AdoptDialog operations={paid} close={() => setAdopting(false)} />}
    </div>
  );
}

interface RowsProps {
  list: WorkPage | undefined;
  error: Error | undefined;
  again: () => void;
  filtered: boolean;
  marked: string;
  known: Operation[];
  more: () => Promise<void>;
  clear: () => void;
}

function Rows({ list, error, again, filtered, marked, known, more, clear }: RowsProps) {
  const [loading, setLoading] = useState(false);
  if (!list) return error ? <Problem error={error} again={again} /> : <Skeleton lines={6} height={56} />;
  if (!list.jobs.length && filtered)
    return (
      <Empty title="No job matches" text="There are no jobs in this state, or of this operation.">
        <button class="button" onClick={clear}>
          Show every job
        </button>
      </Empty>
    );
  if (!list.jobs.length)
    return (
      <Empty title="No jobs yet" text="Every paid call appears here with its state and price, from this page, chats and programs.">
        <a class="button primary" href="#/media">
          Make a picture
        </a>
      </Empty>
    );
  return (
    <div class="jobs-list">
      <ul aria-label="Jobs">
        {list.jobs.map((each) =>
          isRun(each) ? <RunRow key={each.id} run={each} marked={each.id === marked} /> : <JobRow key={each.id} job={each} marked={each.id === marked} operation={known.find((one) => one.name === each.operation)} />,
        )}
      </ul>
      {list.next_cursor && (
        <button
          class="button"
          disabled={loading}
          onClick={() => {
            setLoading(true);
            void more().finally(() => setLoading(false));
          }}
        >
          Older jobs
        </button>
      )}
    </div>
  );
}

/** Scroll to the entry that a link names. */
function useMarked(marked: boolean) {
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (marked) row.current?.scrollIntoView({ block: "center" });
  }, [marked]);
  return row;
}

function JobRow({ job, marked, operation }: { job: Job; marked: boolean; operation?: Operation }) {
  const [, tick] = useState(0);
  const open = isOpen(job);
  useEffect(() => {
    if (!open) return;
    const timer = setInterval(() => tick((now) => now + 1), 1000);
    return () => clearInterval(timer);
  }, [open]);
  const meaning = meaningOf(job);
  const took = tookSeconds(job);
  const result = job.media[0];
  return (
    <li class={marked ? "job marked" : "job"} ref={useMarked(marked)}>
      {result ? (
        <a class="job-picture" href={address("media", result.id)} aria-label={`Open ${nameOf(result)}`}>
          <Thumb item={result} />
        </a>
      ) : (
        <span class="job-picture thumb-empty">
          <Icon name={open ? "jobs" : "warn"} />
        </span>
      )}
      <div class="job-what">
        <b class="clip">{job.label ? plain(job.label) : (operation?.title ?? job.operation)}</b>
        <span class="muted small clip">
          {job.operation}
          {job.run && (
            <>
              {" · "}
              <a href={address("workflows", "", { run: job.run })}>workflow step {plain(job.step ?? "")}</a>
            </>
          )}
        </span>
        {job.prompt && <span class="small clip">{plain(job.prompt)}</span>}
        {meaning && <span class={job.status === "failed" ? "small lines problem" : "small lines muted"}>{plain(meaning)}</span>}
      </div>
      <div class="job-state">
        <span class={`chip ${toneOf(job)}`}>{wordsOf(job, operation?.seconds)}</span>
        <span class="muted small num">{took !== undefined && job.status === "done" && !job.cached ? `took ${seconds(took)}` : ""}</span>
      </div>
      <div class="job-cost small num">
        <span>{priceText(job)}</span>
        <span class="muted" title={moment(job.created)}>
          {when(job.created)}
          {job.client && ` · ${plain(job.client)}`}
        </span>
      </div>
      <div class="job-actions">
        {actionsOf(job).map((action) => (
          <ActionButton key={action} action={action} job={job} operation={operation} />
        ))}
      </div>
    </li>
  );
}

function wordsOf(job: Job, usual?: number): string {
  switch (job.status) {
    case "done":
      return job.cached ? "From the cache" : "Done";
    case "failed":
      return "Failed";
    case "cancelled":
      return "Cancelled";
    case "unknown":
      return "Outcome unknown";
    default:
      return stateText(job, usual);
  }
}

const LABELS: Record<Action, (job: Job) => string> = {
  cancel: () => "Cancel",
  resume: () => "Resume",
  "pay again": (job) => `Pay again (${credits(job.credits)})`,
  rerun: () => "Rerun…",
};

function ActionButton({ action, job, operation }: { action: Action; job: Job; operation?: Operation }) {
  const [busy, setBusy] = useState(false);
  if (action === "rerun" && !operation) return null;
  const run = async () => {
    if (busy) return;
    setBusy(true);
    try {
      await ACT[action](job);
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
    }
  };
  const name = job.label ? plain(job.label) : job.operation;
  return (
    <button class="button" aria-disabled={busy} aria-label={`${LABELS[action](job)}: ${name}`} onClick={() => void run()}>
      {LABELS[action](job)}
    </button>
  );
}

const say = ({ text }: { text: string }) => void toast({ text: text.split("\n", 1)[0] ?? "" });

const ACT: Record<Action, (job: Job) => Promise<void>> = {
  cancel: async (job) => say(await callTool("job_cancel", { jobs: [job.id] })),
  resume: async (job) => say(await callTool("job_rerun", { job: job.id })),
  "pay again": async (job) => {
    const agreed = await ask({
      title: `Pay ${credits(job.credits)} again?`,
      text: "No answer came for this job, so it may have been charged already. Running it again is charged in any case.",
      yes: `Pay ${credits(job.credits)} again`,
    });
    if (agreed) say(await callTool("job_rerun", { job: job.id, accept_double_charge: true }));
  },
  rerun: async (job) => {
    const detail = await rest<JobDetail>(`/jobs/${encodeURIComponent(job.id)}`);
    const label = job.label ? plain(job.label) : job.operation;
    make({ operation: job.operation, values: detail.arguments, rerun: { job: job.id, label, before: detail.arguments } });
    location.hash = "#/media";
  },
};

function RunRow({ run, marked }: { run: Run; marked: boolean }) {
  const cancel = async () => {
    try {
      say(await callTool("workflow_run", { run: run.id, cancel: true }));
    } catch (error) {
      toastError(error);
    }
  };
  const open = !run.finished;
  return (
    <li class={marked ? "job marked" : "job"} ref={useMarked(marked)}>
      <span class="job-picture thumb-empty">
        <Icon name="flow" />
      </span>
      <div class="job-what">
        <b class="clip">{plain(run.title ?? run.template ?? "Workflow")}</b>
        <span class="muted small clip">
          workflow, {count(run.steps.length)} {run.steps.length === 1 ? "step" : "steps"}
        </span>
        {run.why && <span class="small lines muted">{plain(run.why)}</span>}
      </div>
      <div class="job-state">
        <span class={`chip ${toneOf(run)}`}>{runText(run)}</span>
      </div>
      <div class="job-cost small num">
        <span>
          {count(run.credits)} of at most {credits(run.max_credits)}
        </span>
        <span class="muted" title={moment(run.created)}>
          {when(run.created)}
        </span>
      </div>
      <div class="job-actions">
        {isBuilt("workflows") && (
          <a class="button" href={address("workflows", "", { run: run.id })}>
            {run.status === "review" ? "Review" : "Open"}
          </a>
        )}
        {open && (
          <button class="button" onClick={() => void cancel()}>
            Cancel
          </button>
        )}
      </div>
    </li>
  );
}

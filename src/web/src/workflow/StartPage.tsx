/** Where workflows begin: runs that wait or ran, saved workflows, templates with prices, a brief for an agent. */
import { useEffect, useState } from "preact/hooks";
import { onEvent } from "../ui/client.ts";
import { count, plain, price, unquoted, when } from "../ui/format.ts";
import { Icon } from "../ui/icons";
import { address, go } from "../ui/router.ts";
import { Problem, Skeleton, useLoad } from "../ui/states";
import { toast } from "../ui/toasts";
import { listRuns, listWorkflows } from "./api.ts";
import { newDraft } from "./EditorPage";
import { isEnded, type Run, statusText } from "./run.ts";

const MOST_RUNS = 8;

export function StartPage() {
  const runs = useLoad(listRuns, []);
  const flows = useLoad(listWorkflows, []);
  const [every, showEvery] = useState(false);
  useEffect(() => onEvent("run", (run: Run | null) => run && runs.set((now) => now && merged(now, run))), []);
  const sorted = (runs.data ?? []).toSorted((a, b) => Number(isEnded(a)) - Number(isEnded(b)));
  return (
    <div class="start">
      <div class="page-head">
        <h1>Workflows</h1>
        <span class="grow" />
        <button class="button primary" onClick={() => go(newDraft())}>
          <Icon name="plus" /> New workflow
        </button>
      </div>
      <div class="start-body">
        {!flows.data && !flows.error && <Skeleton lines={3} height={96} />}
        {!flows.data && flows.error && <Problem error={flows.error} again={flows.reload} />}
        {sorted.length > 0 && (
          <section aria-labelledby="runs">
            <h2 id="runs">Runs</h2>
            <ul class="runs">
              {sorted.slice(0, every ? undefined : MOST_RUNS).map((run) => (
                <RunRow key={run.id} run={run} />
              ))}
            </ul>
            {sorted.length > MOST_RUNS && !every && (
              <button class="button quiet" onClick={() => showEvery(true)}>
                Show all {count(sorted.length)}
              </button>
            )}
          </section>
        )}
        {flows.data && (
          <section aria-labelledby="saved">
            <h2 id="saved">Saved</h2>
            {flows.data.saved.length ? (
              <ul class="cards">
                {flows.data.saved.map((each) => (
                  <li key={each.name}>
                    <a class="card panel" href={address("workflows", each.name)}>
                      <b class="clip">{each.name}</b>
                      <span class="small muted">{described(each.description)}</span>
                      <span class="small num">{each.plan.steps.length === 1 ? "1 step" : `${each.plan.steps.length} steps`}</span>
                    </a>
                  </li>
                ))}
              </ul>
            ) : (
              <p class="muted">A workflow that you save appears here, and can be run again, also by an agent.</p>
            )}
            {flows.data.unusable.map((each) => (
              <p class="note error" key={each}>
                {each}
              </p>
            ))}
          </section>
        )}
        {flows.data && (
          <section aria-labelledby="templates">
            <h2 id="templates">Templates</h2>
            <ul class="cards">
              {flows.data.templates.map((each) => (
                <li key={each.name}>
                  <a class="card panel" href={address("workflows", "", { template: each.name })}>
                    <b>{plain(each.title ?? each.name)}</b>
                    <span class="small muted">{unquoted(each.description)}</span>
                    {each.price && <span class="small num">example: {price(each.price)}</span>}
                  </a>
                </li>
              ))}
            </ul>
          </section>
        )}
        <Brief />
      </div>
    </div>
  );
}

const merged = (runs: Run[], run: Run): Run[] =>
  runs.some((each) => each.id === run.id) ? runs.map((each) => (each.id === run.id ? { ...each, ...run } : each)) : [run, ...runs];

const CHIP: Record<Run["status"], string> = { "in-progress": "accent", review: "warn", paused: "warn", done: "good", failed: "bad", cancelled: "" };

function RunRow({ run }: { run: Run }) {
  return (
    <li>
      <a href={address("workflows", "", { run: run.id })} class="run-row">
        <b class="clip">{plain(run.title || run.template || "Workflow")}</b>
        <span class={`chip ${CHIP[run.status]}`}>{statusText(run)}</span>
        <span class="grow small muted clip">{run.status === "paused" || run.status === "failed" ? run.why : ""}</span>
        <span class="small num">
          {count(run.credits)} of {count(run.max_credits)} credits
        </span>
        <time class="small muted num" dateTime={run.created}>
          {when(run.created)}
        </time>
      </a>
    </li>
  );
}

/** A brief becomes a prompt for the user's agent, which plans, asks and runs. */
function Brief() {
  const [brief, setBrief] = useState("");
  const copy = async () => {
    const prompt = `Use the prompt ai_director of the stability server with this brief, show me the plan with its price, and run it after my yes.\n\nBrief: ${brief.trim()}`;
    try {
      await navigator.clipboard.writeText(prompt);
      toast({ text: "Copied. Paste it into the chat with your agent." });
    } catch {
      toast({ text: "The browser doesn't allow copying here. Select the text of the brief and copy it.", bad: true });
    }
  };
  return (
    <section aria-labelledby="brief">
      <h2 id="brief">From a brief</h2>
      <div class="brief panel">
        <label class="field">
          <span>What should be made, for whom, in which style?</span>
          <textarea rows={3} value={brief} onInput={(event) => setBrief(event.currentTarget.value)} />
        </label>
        <div class="row wrap">
          <p class="small muted grow">Your agent turns it into a plan with one price, and runs it after your yes. The run appears on this page.</p>
          <button class="button" disabled={!brief.trim()} onClick={() => void copy()}>
            <Icon name="copy" /> Copy the prompt for your agent
          </button>
        </div>
      </div>
    </section>
  );
}

/** Longest description of a saved workflow on its card, in characters. */
const MOST_SHOWN = 300;
const described = (text: string): string => plain(unquoted(text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN - 1)}…` : text));

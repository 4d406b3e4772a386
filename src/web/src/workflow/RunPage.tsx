/** A run: live states, what it cost, the pick of a review, redo from a step, and its results. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { onEvent } from "../ui/client.ts";
import { ask } from "../ui/ask.ts";
import { credits, plain } from "../ui/format.ts";
import { Icon } from "../ui/icons";
import { unfinished } from "../ui/jobs.ts";
import { lazy } from "../ui/lazy";
import { nameOf, type Reference } from "../ui/media.ts";
import { address, go } from "../ui/router.ts";
import { use } from "../ui/state.ts";
import { Problem as ErrorView, Skeleton, useLoad } from "../ui/states";
import { Thumb } from "../ui/thumb";
import { toast, toastError } from "../ui/toasts";
import { act, getDetails, getRun } from "./api.ts";
import { newDraft } from "./EditorPage";
import { Graph, mediaOf } from "./Graph";
import { NameDialog, StepList, useCheck } from "./parts";
import { changeStep, type Operations, type Plan, same, stepOf } from "./plan.ts";
import { ReviewDialog } from "./Review";
import { decisionOf, isEnded, moneyText, progressOf, redoPrice, type Run, type RunDetails, statusText } from "./run.ts";
import { StepForm } from "./StepForm";

/** Events of one moment cause one request, in milliseconds. */
const RELOAD_AFTER = 150;
const CHIP: Record<Run["status"], string> = { "in-progress": "accent", review: "warn", paused: "warn", done: "good", failed: "bad", cancelled: "" };
const ShareDialog = lazy(() => import("../ui/share").then((module) => module.ShareDialog));

interface Loaded {
  run: Run;
  details: RunDetails;
}

export function RunPage({ id, operations }: { id: string; operations: Operations }) {
  const loaded = useLoad<Loaded>(
    async (signal) => {
      const [run, details] = await Promise.all([getRun(id, signal), getDetails(id, signal)]);
      return { run, details };
    },
    [id],
  );
  useRunEvents(id, loaded.reload, (run) => loaded.set((now) => now && { ...now, run: { ...now.run, ...run } }));
  if (loaded.data?.run.id === undefined) return loaded.error ? <ErrorView page error={loaded.error} again={loaded.reload} /> : <Skeleton page lines={6} height={72} />;
  return <RunView key={loaded.data.run.id} {...loaded.data} operations={operations} reload={loaded.reload} />;
}

/** Apply the events of a run at once; its results, which events don't carry, are loaded after them. */
function useRunEvents(id: string, reload: () => void, apply: (run: Partial<Run>) => void) {
  const latest = useRef({ reload, apply });
  latest.current = { reload, apply };
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = onEvent("run", (run: Run | null) => {
      if (run?.id !== id) return;
      latest.current.apply(run);
      clearTimeout(timer);
      timer = setTimeout(() => latest.current.reload(), RELOAD_AFTER);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [id]);
}

interface ViewProps extends Loaded {
  operations: Operations;
  reload: () => void;
}

function RunView({ run, details, operations, reload }: ViewProps) {
  const jobs = use(unfinished);
  const [selected, select] = useState<string | undefined>(run.review?.[0] ?? details.plan.steps[0]?.id);
  const [changed, setChanged] = useState<Plan>(details.plan);
  const [reviewing, setReviewing] = useState<string>();
  const [dialog, setDialog] = useState<"save" | "share">();
  const [busy, setBusy] = useState(false);
  const [budget, setBudget] = useState(String(run.max_credits));
  const second = useSeconds(run.status === "in-progress");
  const progress = useMemo(() => progressOf(run, details, jobs.values(), operations), [run, details, jobs, second]);
  const price = useCheck(isEnded(run) ? undefined : { plan: details.plan, inputs: details.inputs })?.price;
  const decision = decisionOf(run, details);
  const step = stepOf(changed, selected);
  const reviews = run.review ?? [];

  /** Send a decision about the run; a redo opens the new run that it starts. */
  const send = async (args: Record<string, unknown>) => {
    setBusy(true);
    try {
      const next = await act({ run: run.id, ...args });
      if (next === run.id) reload();
      else go(address("workflows", "", { run: next }));
      return true;
    } catch (error) {
      toastError(error);
      return false;
    } finally {
      setBusy(false);
    }
  };
  const cancel = async () => {
    const text = `What wasn't sent is never charged; results stay. ${credits(run.credits)} are spent.`;
    if (await ask({ title: "Cancel the run?", text, yes: "Cancel the run", dangerous: true })) void send({ cancel: true });
  };
  const redo = () => {
    const changes: Record<string, Record<string, unknown>> = {};
    for (const each of changed.steps) if (!same(each, stepOf(details.plan, each.id))) changes[each.id] = changesOf(stepOf(details.plan, each.id)?.arguments, each.arguments);
    void send({ redo_from: step!.id, ...(Object.keys(changes).length && { changes }) });
  };

  return (
    <div class="flow">
      <div class="page-head">
        <a class="button quiet icon" href="#/workflows" aria-label="All workflows" title="All workflows">
          <Icon name="left" />
        </a>
        <h1 class="clip">{plain(run.title || "Workflow")}</h1>
        <span class={`chip ${CHIP[run.status]}`} role="status" data-status={run.status}>
          {statusText(run)}
        </span>
        <span class="muted small num">{moneyText(run, price?.[0])}</span>
        <span class="grow" />
        {details.redo_of && (
          <a class="small" href={address("workflows", "", { run: details.redo_of })}>
            Earlier run
          </a>
        )}
        <button class="button" onClick={() => go(newDraft({ ...details.plan, title: details.plan.title ?? run.title }))}>
          Edit a copy
        </button>
        <button class="button" onClick={() => setDialog("save")}>
          Save as template…
        </button>
        {run.status === "in-progress" && (
          <button class="button" disabled={busy} onClick={() => void send({ pause: true })}>
            Pause
          </button>
        )}
        {!isEnded(run) && (
          <button class="button" disabled={busy} onClick={() => void cancel()}>
            Cancel
          </button>
        )}
        {reviews.map((each) => (
          <button key={each} class="button primary" onClick={() => setReviewing(each)}>
            <Icon name="eye" /> Review {reviews.length > 1 ? each : `${run.outputs?.[each]?.length ?? ""} results`}
          </button>
        ))}
      </div>
      {decision && (
        <div class="decision" role="alert">
          <p class="grow lines">{decision.text}</p>
          {decision.budget && (
            <label class="row small">
              At most
              <input
                class="field num"
                type="number"
                aria-label="Budget of the run, in credits"
                min={run.max_credits}
                step="any"
                value={budget}
                onInput={(event) => setBudget(event.currentTarget.value)}
              />
              credits
            </label>
          )}
          {decision.actions.map((each) => (
            <button
              key={each.label}
              class={each.primary ? "button primary" : "button"}
              disabled={busy}
              onClick={() => void send({ ...each.send, ...(decision.budget && Number(budget) > run.max_credits && { budget: Number(budget) }) })}
            >
              {each.label}
            </button>
          ))}
        </div>
      )}
      {!decision && run.why && run.status === "failed" && (
        <div class="decision bad" role="alert">
          <p class="grow lines">{run.why}</p>
        </div>
      )}
      <StepList plan={details.plan} operations={operations} progress={progress} problems={[]} selected={selected} select={select} />
      <Graph plan={details.plan} operations={operations} progress={progress} problems={[]} selected={selected} select={select} />
      <aside class="inspector" aria-label="Selected step">
        <Results run={run} share={() => setDialog("share")} />
        {step && (
          <>
            <Made media={progress.get(step.id)?.media ?? []} error={progress.get(step.id)?.error} />
            <StepForm
              plan={changed}
              step={step}
              operations={operations}
              problems={[]}
              setArguments={(values) => setChanged(changeStep(changed, step.id, { arguments: values }))}
            />
            {isEnded(run) && (
              <button class="button" disabled={busy} onClick={redo}>
                <Icon name="again" /> {`Run from here, ${upTo(redoPrice(changed, run, operations, step.id))}`}
              </button>
            )}
          </>
        )}
        {selected && !step && details.plan.inputs?.[selected] && (
          <div>
            <h2>{selected}</h2>
            <p class="lines">{shown(details.inputs[selected] ?? details.plan.inputs[selected]!.default)}</p>
          </div>
        )}
      </aside>
      {reviewing && reviews.includes(reviewing) && (
        <ReviewDialog
          run={run}
          step={stepOf(details.plan, reviewing)!}
          close={() => setReviewing(undefined)}
          pick={async (pick) => {
            if (await send({ pick })) setReviewing(undefined);
          }}
        />
      )}
      {dialog === "save" && (
        <NameDialog
          first={run.title ?? ""}
          close={() => setDialog(undefined)}
          save={(name) => {
            act({ run: run.id, save_as: name }).then(() => {
              setDialog(undefined);
              toast({ text: `Saved as ${name}.` });
            }, toastError);
          }}
        />
      )}
      {dialog === "share" && <ShareDialog items={mediaIn(run)} close={() => setDialog(undefined)} />}
    </div>
  );
}

/** Counts the seconds while a run is under way. */
function useSeconds(counts: boolean): number {
  const [second, set] = useState(0);
  useEffect(() => {
    if (!counts) return;
    const timer = setInterval(() => set((now) => now + 1), 1000);
    return () => clearInterval(timer);
  }, [counts]);
  return second;
}

const upTo = (most: number): string => (most ? `up to ${credits(most)}` : "free");

/** Return the arguments that differ; null removes one. */
function changesOf(before: Record<string, unknown> = {}, after: Record<string, unknown> = {}): Record<string, unknown> {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return Object.fromEntries(names.filter((name) => !same(before[name], after[name])).map((name) => [name, after[name] ?? null]));
}

const shown = (value: unknown): string => (Array.isArray(value) ? value.map(shown).join("\n") : typeof value === "string" ? value : JSON.stringify(value ?? "no value"));

const mediaIn = (run: Run): Reference[] => Object.values(run.outputs ?? {}).flatMap((results) => results.flatMap(({ media }) => (media ? [media] : [])));

/** What the selected step made. */
function Made({ media, error }: { media: readonly string[]; error?: string }) {
  if (!media.length) return error ? <p class="note error lines">{error}</p> : null;
  return (
    <ul class="made" aria-label="Results of this step">
      {media.slice(0, 12).map((id, i) => (
        <li key={id}>
          <a href={address("media", id)} aria-label={`Result ${i + 1}: open in the gallery`}>
            <Thumb item={mediaOf(id)} />
          </a>
        </li>
      ))}
      {media.length > 12 && <li class="muted small">and {media.length - 12} more</li>}
    </ul>
  );
}

/** The results of a run that ended, with links. */
function Results({ run, share }: { run: Run; share: () => void }) {
  if (!isEnded(run)) return null;
  const items = mediaIn(run);
  if (!items.length) return null;
  const [a, b] = items;
  return (
    <section class="results" aria-label="Results">
      <div class="row">
        <h2 class="grow">Results</h2>
        {b && (
          <a class="small" href={address("compare", "", { a: a!.id, b: b.id })}>
            Compare
          </a>
        )}
        <button class="button quiet" onClick={share}>
          <Icon name="share" /> Share
        </button>
      </div>
      <ul class="made">
        {Object.entries(run.outputs ?? {}).flatMap(([output, results]) =>
          results.map(
            ({ media, number }) =>
              media && (
                <li key={`${output}${number}`}>
                  <a href={address("media", media.id)} aria-label={`${output} ${number}: ${nameOf(media)}, open in the gallery`}>
                    <Thumb item={media} />
                    <small class="clip">{results.length > 1 ? `${output} ${number}` : output}</small>
                  </a>
                </li>
              ),
          ),
        )}
      </ul>
    </section>
  );
}

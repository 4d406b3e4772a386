/** Parts that the editor and a run share: the list of steps, the dialogs. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Dialog } from "../ui/dialog";
import { SchemaForm } from "../ui/form";
import { credits, price, seconds, unquoted } from "../ui/format.ts";
import type { Values } from "../ui/schema.ts";
import { toastError } from "../ui/toasts";
import type { Operation } from "../ui/client.ts";
import { act, type Check, check, type Saved, type Wish } from "./api.ts";
import { delivered, differences, type Operations, type Plan, type Problem, schemaOf } from "./plan.ts";
import type { Progress } from "./run.ts";
import { grouped } from "./StepForm";

interface ListProps {
  plan: Plan;
  operations: Operations;
  progress: ReadonlyMap<string, Progress>;
  problems: readonly Problem[];
  selected?: string;
  select: (id: string) => void;
  children?: ComponentChildren;
}

/** Where the form is below the list, it is scrolled to. */
const NARROW = "(max-width: 700px)";

/** Inputs, steps and what is delivered: everything that the graph shows, as a list. */
export function StepList({ plan, operations, progress, problems, selected, select: choose, children }: ListProps) {
  const select = (id: string) => {
    choose(id);
    if (matchMedia(NARROW).matches) requestAnimationFrame(() => document.querySelector(".inspector")?.scrollIntoView());
  };
  const inputs = Object.entries(plan.inputs ?? {});
  return (
    <nav class="steps" aria-label="Steps">
      {inputs.length > 0 && (
        <>
          <h2>Inputs</h2>
          <ul>
            {inputs.map(([name, input]) => (
              <li key={name}>
                <button aria-current={selected === name ? "true" : undefined} onClick={() => select(name)}>
                  <span class="dot round" />
                  <span class="grow clip">
                    <b>{name}</b>
                    <small class="clip">{input.description ?? input.type ?? "text"}</small>
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
      <h2>Steps</h2>
      <ol>
        {plan.steps.map((step) => {
          const own = progress.get(step.id);
          const problem = problems.find((each) => each.step === step.id && each.level === "error") ?? problems.find((each) => each.step === step.id);
          const told = problem ? (problem.level === "error" ? "Needs a fix" : "Look at this") : own?.text;
          return (
            <li key={step.id}>
              <button aria-current={selected === step.id ? "true" : undefined} data-state={own?.state} data-step={step.id} onClick={() => select(step.id)}>
                <span class={`dot ${problem ? problem.level : (own?.state ?? "")}`} />
                <span class="grow clip">
                  <b>{step.id}</b>
                  <small class="clip">{operations.get(step.tool)?.title ?? step.tool}</small>
                  {told && <small class={`told ${problem?.level ?? own?.state ?? ""}`}>{told}</small>}
                </span>
              </button>
            </li>
          );
        })}
      </ol>
      {children}
      {plan.steps.length > 0 && (
        <>
          <h2>Delivers</h2>
          <ul class="outputs">
            {delivered(plan).map(([name, id]) => (
              <li key={name} class="clip">
                <b>{name}</b> {name !== id && <span class="muted">from {id}</span>}
              </li>
            ))}
          </ul>
        </>
      )}
    </nav>
  );
}

/** What a check found, in one line. */
export function CheckText({ found }: { found: Check | undefined }) {
  const errors = found?.problems.filter((each) => each.level === "error").length ?? 0;
  if (!found) return <span class="muted small">Checking…</span>;
  if (found.failed) return <span class="chip warn">Not checked: {found.failed}</span>;
  if (errors) return <span class="chip bad">{errors === 1 ? "1 problem" : `${errors} problems`}</span>;
  return (
    <span class="small muted num">
      {price(found.price!)}
      {found.seconds >= 1 && ` · about ${seconds(found.seconds)}`}
      {found.missing.length > 0 && ` · asks for ${found.missing.join(", ")}`}
    </span>
  );
}

const CHECK_AFTER = 300;

/** Check what changes, 300 ms after the last change; the old answer stays until the new one arrives. */
export function useCheck(wish: Wish | undefined): Check | undefined {
  const [found, set] = useState<Check>();
  const text = JSON.stringify(wish);
  useEffect(() => {
    if (!wish) return set(undefined);
    const stop = new AbortController();
    const timer = setTimeout(() => check(wish, stop.signal).then(set, () => undefined), CHECK_AFTER);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [text]);
  return wish ? found : undefined;
}

/** Asks once for the whole run: values of the inputs, and the price range. */
export function RunDialog({ wish, plan, close, started }: { wish: Wish; plan: Plan; close: () => void; started: (run: string) => void }) {
  const form = schemaOf(plan.inputs ?? {});
  const [inputs, setInputs] = useState<Values>(() =>
    Object.fromEntries(Object.entries(plan.inputs ?? {}).flatMap(([name, each]) => (each.default === undefined ? [] : [[name, each.default]]))),
  );
  const [busy, setBusy] = useState(false);
  const given = { ...wish, ...(Object.keys(inputs).length && { inputs }) };
  const found = useCheck(given);
  const errors = found?.problems.filter((each) => each.level === "error") ?? [];
  const isReady = !!found?.price && !found.missing.length;
  const run = async () => {
    setBusy(true);
    try {
      started(await act({ ...given, ...(found!.price![1] > 0 && { confirm_spend: found!.price![1] }) }));
    } catch (error) {
      toastError(error);
      setBusy(false);
    }
  };
  return (
    <Dialog
      title="Run this workflow?"
      close={close}
      foot={
        <>
          <span class="grow" />
          <button class="button" autofocus onClick={close}>
            Cancel
          </button>
          <button class="button primary" disabled={!isReady || busy} onClick={() => void run()}>
            {busy ? "Starting…" : found?.price?.[1] ? `Run, ${price(found.price)}` : "Run"}
          </button>
        </>
      }
    >
      {plan.inputs && <SchemaForm {...form} values={inputs} change={setInputs} />}
      <p aria-live="polite">
        {found?.price ? (
          <>
            The whole workflow costs <b>{price(found.price)}</b>
            {found.seconds >= 1 && ` and takes about ${seconds(found.seconds)}`}. It never costs more: a step that would exceed {credits(found.price[1])} isn't sent.
          </>
        ) : (
          <CheckText found={found} />
        )}
      </p>
      {!!found?.missing.length && <p class="note warning">Give a value for {found.missing.join(", ")}.</p>}
      {!!found?.doesNotFit.length && <p class="note warning">The highest price doesn't fit {found.doesNotFit.join(", ")}: the run would pause.</p>}
      {errors.map((each, i) => (
        <p key={i} class="note error">
          <b>{[each.step, each.argument].filter(Boolean).join(", ")}</b> {each.message} {each.hint}
        </p>
      ))}
    </Dialog>
  );
}

/** Chooses the operation of a new step. */
export function AddDialog({ operations, close, add }: { operations: Operations; close: () => void; add: (operation: Operation) => void }) {
  const [query, setQuery] = useState("");
  const groups = grouped(operations.values(), query);
  return (
    <Dialog title="Add a step" close={close} wide>
      <input
        class="search"
        type="search"
        autofocus
        aria-label="Search operations"
        placeholder="What should it do?"
        value={query}
        onInput={(event) => setQuery(event.currentTarget.value)}
        onKeyDown={(event) => {
          const first = groups[0]?.[1][0];
          if (event.key === "Enter" && first) add(first);
        }}
      />
      {!groups.length && <p class="muted">No operation matches “{query}”.</p>}
      {groups.map(([family, found]) => (
        <section key={family} class="group">
          <h3 class="muted">{family}</h3>
          <ul>
            {found.map((each) => (
              <li key={each.name}>
                <button onClick={() => add(each)}>
                  <b>{each.title}</b> <small class="num">{price(each.price)}</small>
                  <small class="clip muted">{unquoted(each.description)}</small>
                </button>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </Dialog>
  );
}

/** Asks for the name under which a plan is saved. */
export function NameDialog({ first, close, save }: { first: string; close: () => void; save: (name: string) => void }) {
  const [name, setName] = useState(first);
  return (
    <Dialog
      title="Save as a template"
      close={close}
      foot={
        <>
          <span class="grow" />
          <button class="button" onClick={close}>
            Cancel
          </button>
          <button class="button primary" disabled={!name.trim()} onClick={() => save(name.trim())}>
            Save
          </button>
        </>
      }
    >
      <label class="field">
        <span>Name</span>
        <input autofocus value={name} maxLength={60} onInput={(event) => setName(event.currentTarget.value)} onKeyDown={(event) => event.key === "Enter" && name.trim() && save(name.trim())} />
      </label>
      <p class="small muted">It is listed on this page and by workflow_templates, so an agent can run it by its name.</p>
    </Dialog>
  );
}

interface ConflictProps {
  mine: Plan;
  stored: Saved | undefined;
  close: () => void;
  keepMine: () => void;
  keepTheirs: () => void;
}

/** Shows both versions of a workflow that was saved in another place meanwhile. */
export function ConflictDialog({ mine, stored, close, keepMine, keepTheirs }: ConflictProps) {
  const changed = stored ? differences(mine, stored.plan) : [];
  return (
    <Dialog
      title={stored ? "Another version was saved meanwhile" : "This workflow was deleted meanwhile"}
      close={close}
      wide
      foot={
        <>
          <button class="button" autofocus onClick={close}>
            Cancel
          </button>
          <span class="grow" />
          {stored && (
            <button class="button" onClick={keepTheirs}>
              Keep theirs
            </button>
          )}
          <button class="button primary" onClick={keepMine}>
            Keep mine
          </button>
        </>
      }
    >
      <p>{stored ? "Another tab, program or person changed it after you opened it. Choose which version to keep; nothing is saved yet." : "Keep mine saves it again."}</p>
      {changed.length > 0 && (
        <p class="small">
          Different: <b>{changed.join(", ")}</b>
        </p>
      )}
      <div class="versions">
        <section>
          <h3>Mine</h3>
          <pre class="code" tabIndex={0}>
            {JSON.stringify(mine, null, 2)}
          </pre>
        </section>
        {stored && (
          <section>
            <h3>Theirs</h3>
            <pre class="code" tabIndex={0}>
              {JSON.stringify(stored.plan, null, 2)}
            </pre>
          </section>
        )}
      </div>
    </Dialog>
  );
}

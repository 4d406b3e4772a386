/** The editor: steps, graph, form of the selected step; checked after each change; undo over states of the plan. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { keepDraft, readDraft } from "../ui/drafts.ts";
import { plain, price } from "../ui/format.ts";
import { Icon } from "../ui/icons";
import { address, go } from "../ui/router.ts";
import { toast, toastError } from "../ui/toasts";
import { Conflict, save, type Saved } from "./api.ts";
import { Graph } from "./Graph";
import { AddDialog, CheckText, ConflictDialog, NameDialog, RunDialog, StepList, useCheck } from "./parts";
import {
  addStep,
  changeStep,
  connect,
  duplicateStep,
  emptyPlan,
  freshId,
  historyOf,
  type Operations,
  type Plan,
  readPlan,
  record,
  redo,
  removeStep,
  rename,
  same,
  setInput,
  stepOf,
  undo,
} from "./plan.ts";
import { InputForm, StepForm } from "./StepForm";

/** What is kept in the tab until it is saved. */
interface Draft {
  plan: Plan;
  version?: string;
}
const draftName = (key: string) => `workflow:${key}`;
const NONE = new Map<string, never>();

/** Put a plan into a new draft, and return the address of its editor. */
export function newDraft(plan: Plan = emptyPlan()): string {
  const key = crypto.randomUUID().slice(0, 8);
  keepDraft(draftName(key), { plan } satisfies Draft);
  return address("workflows", "", { plan: key });
}

interface Props {
  /** Key of its draft: the name of the saved workflow, or that of a new one. */
  draft: string;
  saved?: Saved;
  operations: Operations;
}
type Opened = "add" | "run" | "name" | undefined;

export function EditorPage({ draft: key, saved: opened, operations }: Props) {
  const first = useMemo(() => readDraft<Draft>(draftName(key)) ?? { plan: opened?.plan ?? emptyPlan(), version: opened?.version }, [key]);
  const [saved, setSaved] = useState(opened);
  const [version, setVersion] = useState(first.version);
  const [history, setHistory] = useState(() => historyOf(first.plan));
  const [selected, select] = useState<string | undefined>(first.plan.steps[0]?.id);
  const [tab, setTab] = useState<"graph" | "json">("graph");
  const [dialog, setDialog] = useState<Opened>();
  const [conflict, setConflict] = useState<{ name: string; stored?: Saved }>();
  const plan = history.now;
  const found = useCheck(plan.steps.length ? { plan } : undefined);
  const problems = found?.problems ?? [];
  const isChanged = !same(plan, saved?.plan ?? emptyPlan());
  useEffect(() => keepDraft(draftName(key), isChanged ? { plan, version } : undefined), [plan, version, isChanged]);

  const edit = (next: Plan, mark?: string) => setHistory((now) => record(now, next, mark));
  const step = stepOf(plan, selected);
  const input = selected === undefined ? undefined : plan.inputs?.[selected];
  const store = async (name: string, over = version) => {
    try {
      const stored = await save(name, plan, over);
      setSaved(stored);
      setVersion(stored.version);
      // What was edited while it was being saved stays.
      setHistory((now) => (now.now === plan ? { ...now, now: stored.plan, mark: undefined } : now));
      setConflict(undefined);
      setDialog(undefined);
      toast({ text: `Saved as ${stored.name}.` });
      keepDraft(draftName(key), undefined);
      if (stored.name !== key) go(address("workflows", stored.name), true);
    } catch (error) {
      if (error instanceof Conflict) setConflict({ name, stored: error.stored });
      else toastError(error);
    }
  };
  const keepTheirs = (stored: Saved) => {
    edit(stored.plan);
    setSaved(stored);
    setVersion(stored.version);
    setConflict(undefined);
  };
  const keys = (event: KeyboardEvent) => {
    if (!(event.ctrlKey || event.metaKey)) return;
    const pressed = event.key.toLowerCase();
    const isText = (event.target as Element).matches("input:not([type=checkbox]), textarea");
    if (pressed === "s") void (saved ? store(saved.name) : setDialog("name"));
    else if (pressed === "z" && !isText) setHistory(event.shiftKey ? redo : undo);
    else if (pressed === "y" && !isText) setHistory(redo);
    else return;
    event.preventDefault();
  };
  // Of the window: after a click next to a control the focus is outside the editor.
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => latest.current(event);
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  const errors = problems.filter((each) => each.level === "error");
  const whole = problems.filter((each) => !each.step);
  const addInput = () => {
    const name = freshId(plan, "input");
    edit(setInput(plan, name, {}));
    select(name);
  };

  return (
    <div class="flow">
      <div class="page-head">
        <a class="button quiet icon" href="#/workflows" aria-label="All workflows" title="All workflows">
          <Icon name="left" />
        </a>
        <h1 class="sr">Workflow {plain(saved?.name ?? plan.title ?? "without a name")}</h1>
        <input
          class="title"
          aria-label="Title of the workflow"
          placeholder="Untitled workflow"
          value={plan.title ?? ""}
          maxLength={200}
          onInput={(event) => edit({ ...plan, title: event.currentTarget.value }, "title")}
        />
        <span class="check" role="status">
          {plan.steps.length > 0 && <CheckText found={found} />}
        </span>
        <span class="grow" />
        <button class="button quiet icon" aria-label="Undo" title="Undo (Ctrl Z)" disabled={!history.past.length} onClick={() => setHistory(undo)}>
          <Icon name="undo" />
        </button>
        <button class="button quiet icon" aria-label="Redo" title="Redo (Ctrl Shift Z)" disabled={!history.future.length} onClick={() => setHistory(redo)}>
          <Icon name="redo" />
        </button>
        <button class="button" aria-pressed={tab === "json"} onClick={() => setTab(tab === "json" ? "graph" : "json")}>
          JSON
        </button>
        <button class="button" disabled={!plan.steps.length || (saved !== undefined && !isChanged)} onClick={() => (saved ? void store(saved.name) : setDialog("name"))}>
          {saved ? (isChanged ? "Save" : "Saved") : "Save…"}
        </button>
        <button class="button primary" disabled={!plan.steps.length || errors.length > 0} onClick={() => setDialog("run")}>
          <Icon name="play" /> {found?.price?.[1] ? `Run, ${price(found.price)}` : "Run"}
        </button>
      </div>
      <StepList plan={plan} operations={operations} progress={NONE} problems={problems} selected={selected} select={select}>
        <div class="row wrap">
          <button class="button" onClick={() => setDialog("add")}>
            <Icon name="plus" /> Add a step
          </button>
          <button class="button quiet" onClick={addInput}>
            Add an input
          </button>
        </div>
      </StepList>
      {tab === "json" ? (
        <JsonEditor plan={plan} problems={errors.map((each) => `${[each.step, each.argument].filter(Boolean).join(", ") || "plan"}: ${each.message} ${each.hint ?? ""}`)} edit={(next) => edit(next, "json")} />
      ) : plan.steps.length ? (
        <Graph
          plan={plan}
          operations={operations}
          progress={NONE}
          problems={problems}
          prices={found?.steps}
          selected={selected}
          select={select}
          connect={(from, to, argument) => edit(connect(plan, from, to, argument))}
        />
      ) : (
        <div class="empty">
          <h2>No steps yet</h2>
          <p class="muted">A step makes or changes something; later steps take what it makes.</p>
          <button class="button primary" onClick={() => setDialog("add")}>
            Add a step
          </button>
        </div>
      )}
      <aside class="inspector" aria-label="Selected step">
        {whole.map((each, i) => (
          <p key={i} class={`note ${each.level}`}>
            <b>{each.message}</b> {each.hint}
          </p>
        ))}
        {step ? (
          <>
            <StepForm
              plan={plan}
              step={step}
              operations={operations}
              problems={problems}
              setArguments={(values) => edit(changeStep(plan, step.id, { arguments: values }), `arguments ${step.id}`)}
              edit={{
                change: (change, field) => edit(changeStep(plan, step.id, change), `${field} ${step.id}`),
                rename: (to) => {
                  edit(rename(plan, step.id, to));
                  select(to);
                },
              }}
            />
            <div class="row wrap">
              <button
                class="button quiet"
                onClick={() => {
                  const [next, id] = duplicateStep(plan, step.id);
                  edit(next);
                  select(id);
                }}
              >
                <Icon name="copy" /> Duplicate
              </button>
              <button
                class="button quiet"
                onClick={() => {
                  const at = plan.steps.indexOf(step);
                  edit(removeStep(plan, step.id));
                  select((plan.steps[at + 1] ?? plan.steps[at - 1])?.id);
                }}
              >
                <Icon name="trash" /> Remove
              </button>
            </div>
          </>
        ) : input && selected ? (
          <>
            <InputForm
              plan={plan}
              name={selected}
              input={input}
              change={(next, field) => edit(setInput(plan, selected, next), `${field} ${selected}`)}
              rename={(to) => {
                edit(rename(plan, selected, to));
                select(to);
              }}
            />
            <button class="button quiet" onClick={() => edit(setInput(plan, selected, undefined))}>
              <Icon name="trash" /> Remove
            </button>
          </>
        ) : (
          plan.steps.length > 0 && <p class="muted">Choose a step to see and change its arguments.</p>
        )}
      </aside>
      {dialog === "add" && (
        <AddDialog
          operations={operations}
          close={() => setDialog(undefined)}
          add={(operation) => {
            const [next, id] = addStep(plan, operation, operations, step?.id);
            edit(next);
            select(id);
            setDialog(undefined);
          }}
        />
      )}
      {dialog === "run" && <RunDialog wish={{ plan }} plan={plan} close={() => setDialog(undefined)} started={(run) => go(address("workflows", "", { run }))} />}
      {dialog === "name" && <NameDialog first={plan.title ?? ""} close={() => setDialog(undefined)} save={(name) => void store(name, undefined)} />}
      {conflict && (
        <ConflictDialog
          mine={plan}
          stored={conflict.stored}
          close={() => setConflict(undefined)}
          keepMine={() => void store(conflict.name, conflict.stored?.version)}
          keepTheirs={() => conflict.stored && keepTheirs(conflict.stored)}
        />
      )}
    </div>
  );
}

/** The plan as text. What can't be read yet changes nothing. */
function JsonEditor({ plan, problems, edit }: { plan: Plan; problems: string[]; edit: (plan: Plan) => void }) {
  const [text, setText] = useState(() => JSON.stringify(plan, null, 2));
  const read = useMemo(() => readPlan(text), [text]);
  useEffect(() => {
    // Undo, or the form, changed the plan.
    if (typeof read !== "string" && !same(read, plan)) setText(JSON.stringify(plan, null, 2));
  }, [plan]);
  return (
    <div class="json">
      <textarea
        class="code"
        aria-label="Plan as JSON"
        aria-invalid={typeof read === "string" || undefined}
        spellcheck={false}
        value={text}
        onInput={(event) => {
          const entered = event.currentTarget.value;
          setText(entered);
          const next = readPlan(entered);
          if (typeof next !== "string") edit(next);
        }}
      />
      <div role="status">
        {typeof read === "string" ? <p class="note error">{read}</p> : problems.map((each) => <p class="note error" key={each}>{each}</p>)}
      </div>
    </div>
  );
}

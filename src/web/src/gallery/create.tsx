/** The create panel: an operation, its form, and a button with the price. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { callTool, Failed, newKey, type Operation, operations } from "../ui/client.ts";
import { price, seconds, unquoted } from "../ui/format.ts";
import { SchemaForm } from "../ui/form";
import { Icon } from "../ui/icons";
import { argumentsOf, fieldsOf, missingOf, type Values } from "../ui/schema.ts";
import { Problem, Skeleton, useLoad } from "../ui/states";
import { toast, toastError } from "../ui/toasts";
import { changedOf, priceOf, startedText } from "./changes.ts";
import { make, type Making } from "./making.ts";
import "./create.css";

/** The gallery shows the job at once, and later its result. */
const LATER = "respond-async";

const FAMILIES: Record<string, string> = {
  generate: "New pictures",
  edit: "Edit a picture",
  control: "Follow a sketch, structure or style",
  upscale: "Enlarge",
  audio: "Sound",
  model3d: "3D models",
  v1: "Older models",
};

/** `behind`: a viewer covers the panel. */
export function CreatePanel({ now, behind }: { now: Making; behind: boolean }) {
  const loaded = useLoad(() => operations(), []);
  const paid = useMemo(() => (loaded.data ?? []).filter((each) => each.price[1] > 0), [loaded.data]);
  const operation = paid.find((each) => each.name === now.operation) ?? paid[0];
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    return () => before?.isConnected && before.focus({ preventScroll: true });
  }, []);
  useEffect(() => panel.current?.querySelector<HTMLElement>("[data-field]")?.focus(), [Boolean(operation)]);
  return (
    <aside
      class="create"
      ref={panel}
      inert={behind}
      aria-label={now.rerun ? "Rerun with changes" : "Make something"}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || event.defaultPrevented) return;
        event.preventDefault(); // The selection of the gallery stays.
        make(null);
      }}
    >
      <header class="row">
        <h2 class="grow clip">{now.rerun ? `Rerun ${now.rerun.label}` : "Make something"}</h2>
        <button class="button quiet icon" aria-label="Close the panel" onClick={() => make(null)}>
          <Icon name="close" />
        </button>
      </header>
      {!loaded.data && (loaded.error ? <Problem error={loaded.error} again={loaded.reload} /> : <Skeleton lines={4} height={56} />)}
      {operation && <CreateForm key={`${operation.name}:${now.rerun?.job ?? ""}`} now={now} operation={operation} all={paid} />}
    </aside>
  );
}

function CreateForm({ now, operation, all }: { now: Making; operation: Operation; all: Operation[] }) {
  const { values, rerun } = now;
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState("");
  const key = useRef(newKey());
  /** Whether a click is being answered: keys may follow each other faster than the page is drawn. */
  const sending = useRef(false);
  const form = useRef<HTMLDivElement>(null);
  const fields = useMemo(() => fieldsOf(operation.schema, operation.files), [operation]);
  const change = (next: Values) => {
    key.current = newKey(); // Other arguments are another request.
    setProblems({});
    setRefusal("");
    make({ ...now, operation: operation.name, values: next });
  };
  const send = async () => {
    if (sending.current) return;
    const missing = missingOf(fields, values);
    if (missing.length) {
      setProblems(Object.fromEntries(missing.map((each) => [each.name, each.kind ? "Choose a file." : "This is needed."])));
      form.current?.querySelector<HTMLElement>(`[data-field="${missing[0]!.name}"]`)?.focus();
      return;
    }
    sending.current = true;
    setBusy(true);
    setRefusal("");
    try {
      const args = argumentsOf(fields, values);
      const { result } = rerun
        ? await callTool("job_rerun", { job: rerun.job, ...changedOf(args, argumentsOf(fields, rerun.before)) }, key.current, LATER)
        : await callTool(operation.name, args, key.current, LATER);
      key.current = newKey();
      toast({ text: startedText(result) });
      if (rerun) make(null);
    } catch (error) {
      if (error instanceof Failed) setRefusal(error.message);
      else toastError(error);
    } finally {
      sending.current = false;
      setBusy(false);
    }
  };
  return (
    <div
      class="create-body"
      ref={form}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault(); // On the button it would be a second click.
        if (!(event.target as Element).closest("dialog")) void send(); // A dialog over the form isn't the form.
      }}
    >
      <div class="stack create-fields">
        {!rerun && (
          <label class="field">
            <span>What to make</span>
            <select
              value={operation.name}
              onChange={(event) => make({ operation: event.currentTarget.value, values: carried(values, all.find((each) => each.name === event.currentTarget.value)!) })}
            >
              {familiesOf(all).map(([family, members]) => (
                <optgroup key={family} label={FAMILIES[family] ?? family}>
                  {members.map((each) => (
                    <option key={each.name} value={each.name}>
                      {each.title} · {price(each.price)}
                    </option>
                  ))}
                </optgroup>
              ))}
            </select>
          </label>
        )}
        <p class="small muted">{unquoted(operation.description)}</p>
        <SchemaForm schema={operation.schema} files={operation.files} values={values} change={change} problems={problems} />
      </div>
      <footer>
        {refusal && (
          <p class="refusal lines" role="alert">
            {refusal}
          </p>
        )}
        {/* Not disabled: it would lose the focus. */}
        <button class="button primary wide" aria-disabled={busy} onClick={() => void send()}>
          {busy ? "Sending…" : `${rerun ? "Rerun" : "Make"} · ${priceOf(operation, values)}`}
        </button>
        <p class="small muted">About {seconds(operation.seconds)}. Ctrl+Enter sends.</p>
      </footer>
    </div>
  );
}

/** Keep what the other operation takes too. */
function carried(values: Values, to: Operation): Values {
  const taken = to.schema.properties ?? {};
  return Object.fromEntries(
    Object.entries(values).filter(([name, value]) => {
      const choices = taken[name]?.enum;
      return name in taken && (!choices || choices.includes(value));
    }),
  );
}

function familiesOf(all: Operation[]): [string, Operation[]][] {
  const found = new Map<string, Operation[]>();
  for (const each of all) found.set(each.family, [...(found.get(each.family) ?? []), each]);
  const order = Object.keys(FAMILIES);
  const place = (family: string) => (order.includes(family) ? order.indexOf(family) : order.length);
  return [...found].sort(([a], [b]) => place(a) - place(b));
}

/** The form of a step or an input: arguments from the operation's schema, where each value comes from, variants, review. */
import { useEffect, useId, useState } from "preact/hooks";
import type { Kind, Operation, Schema } from "../ui/client.ts";
import { FieldRow, SchemaForm } from "../ui/form";
import { price } from "../ui/format.ts";
import type { Field } from "../ui/schema.ts";
import { type InputType, isMany, ITEM, type Operations, type Plan, type PlanInput, type Problem, problemsByArgument, reference, rename, sources, type Step } from "./plan.ts";

interface FormProps {
  plan: Plan;
  step: Step;
  operations: Operations;
  problems: readonly Problem[];
  setArguments: (values: Record<string, unknown>) => void;
  /** Absent: only arguments can be changed, as in a redo. */
  edit?: { change: (change: Partial<Step>, field: string) => void; rename: (to: string) => void };
}

export function StepForm({ plan, step, operations, problems, setArguments, edit }: FormProps) {
  const operation = operations.get(step.tool);
  const own = problems.filter((each) => each.step === step.id);
  const values = step.arguments ?? {};
  return (
    <div class="stack" key={step.id}>
      <div>
        {edit ? <NameField name={step.id} plan={plan} rename={edit.rename} label="Name of the step" /> : <h2>{step.id}</h2>}
        <p class="small muted">
          {operation?.title} <code>{step.tool}</code>
          {operation && ` · ${price(operation.price)}`}
        </p>
      </div>
      {own.length > 0 && (
        <ul class="notes" aria-label="Problems of this step">
          {own.map((each, i) => (
            <li key={i} class={`note ${each.level}`}>
              <b>{each.argument ? `${each.argument}: ${each.message}` : each.message}</b> {each.hint}
            </li>
          ))}
        </ul>
      )}
      {edit && <Repeats plan={plan} step={step} operations={operations} change={edit.change} />}
      {operation ? (
        <SchemaForm
          schema={operation.schema}
          files={operation.files}
          values={values}
          change={setArguments}
          without={["label", "count"]}
          problems={problemsByArgument(problems, step.id)}
          draw={(field, value, set) => <Sourced key={field.name} {...{ plan, step, operations, problems, field, value, set }} />}
        />
      ) : (
        <p class="note error">There is no operation {step.tool}. Change it on the JSON tab, or remove the step.</p>
      )}
    </div>
  );
}

function NameField({ name, plan, rename: send, label }: { name: string; plan: Plan; rename: (to: string) => void; label: string }) {
  const [entered, enter] = useState(name);
  useEffect(() => enter(name), [name]);
  const bad = entered !== name && rename(plan, name, entered) === plan;
  return (
    <input
      class="name"
      aria-label={label}
      aria-invalid={bad || undefined}
      title={bad ? "Small letters, digits, - and _, up to 40 characters; no other step or input has this name." : undefined}
      value={entered}
      onInput={(event) => enter(event.currentTarget.value)}
      onBlur={() => (bad ? enter(name) : entered !== name && send(entered))}
      onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
    />
  );
}

interface SourcedProps {
  plan: Plan;
  step: Step;
  operations: Operations;
  problems: readonly Problem[];
  field: Field;
  value: unknown;
  set: (value: unknown) => void;
}

/** Fields that offer a source. The JSON tab can put a reference into any other. */
const SOURCED = new Set<Field["control"]>(["file", "files", "long", "text"]);

/** A field whose value is entered, or taken from a step or an input. */
function Sourced({ plan, step, operations, problems, field, value, set }: SourcedProps) {
  const id = useId();
  const from = reference(value);
  const names = sources(plan, step.id, field.kind, operations);
  const options: [string, string][] = [
    ...(step.foreach ? [[`$${ITEM}`, "each element"] as [string, string]] : []),
    ...names.map((name): [string, string] => [`$${name}`, `from ${name}`]),
  ];
  if (from !== undefined && !options.some(([each]) => each === value)) options.push([String(value), `from ${String(value).slice(1)}`]);
  const problem = problemsByArgument(problems, step.id)[field.name];
  if (!options.length || (from === undefined && !SOURCED.has(field.control))) return <FieldRow field={field} value={value} set={set} problem={problem} />;
  const choice = (label: string) => (
    <select
      id={id}
      class="source"
      data-source={field.name}
      aria-label={from === undefined ? `${field.label}: take it from` : undefined}
      aria-invalid={from !== undefined && problem ? true : undefined}
      value={from === undefined ? "" : String(value)}
      onChange={(event) => set(event.currentTarget.value || undefined)}
    >
      <option value="">{label}</option>
      {options.map(([each, text]) => (
        <option key={each} value={each}>
          {text}
        </option>
      ))}
    </select>
  );
  if (from === undefined)
    return (
      <div class="sourced">
        <FieldRow field={field} value={value} set={set} problem={problem} />
        {choice("Take it from…")}
      </div>
    );
  return (
    <div class={problem ? "field bad" : "field"}>
      <label for={id} class="field-name">
        {field.label}
      </label>
      {choice(field.kind ? "Choose from the gallery" : "Enter it here")}
      {problem && <p class="small problem">{problem}</p>}
    </div>
  );
}

type Change = { change: (change: Partial<Step>, field: string) => void };

/** Variants, the list that the step runs over, and whether it stops for a pick. */
function Repeats({ plan, step, operations, change }: { plan: Plan; step: Step; operations: Operations } & Change) {
  const lists = ([undefined, "image", "audio", "model"] as (Kind | undefined)[])
    .flatMap((kind) => sources(plan, step.id, kind, operations))
    .filter((name) => isMany(plan, name));
  const list = Array.isArray(step.foreach) ? step.foreach : undefined;
  const from = reference(step.foreach);
  const id = useId();
  const isText = list?.every((each) => typeof each === "string");
  return (
    <fieldset class="repeats">
      <legend class="sr">Repeats and review</legend>
      <div class="runs-how">
        <label class="field grow">
          <span>Variants</span>
          <input
            type="number"
            min={1}
            max={500}
            data-field="count"
            value={step.count ?? 1}
            onInput={(event) => change({ count: Math.max(1, Math.round(Number(event.currentTarget.value)) || 1) }, "count")}
          />
        </label>
        <label class="field grow">
          <span>Runs</span>
          <select
            data-field="foreach"
            value={list ? "list" : (from ?? "")}
            onChange={(event) => {
              const next = event.currentTarget.value;
              change({ foreach: next === "list" ? [""] : next ? `$${next}` : null }, "foreach");
            }}
          >
            <option value="">once</option>
            {lists.map((name) => (
              <option key={name} value={name}>
                for each of {name}
              </option>
            ))}
            {from !== undefined && !lists.includes(from) && <option value={from}>for each of {from}</option>}
            <option value="list">for each line of a list</option>
          </select>
        </label>
      </div>
      {list && (
        <label class="field" for={id}>
          <span>List{isText ? ", one element a line" : " (JSON tab)"}</span>
          <textarea
            id={id}
            rows={3}
            disabled={!isText}
            value={isText ? list.join("\n") : JSON.stringify(list)}
            onInput={(event) => change({ foreach: event.currentTarget.value.split("\n") }, "foreach list")}
          />
        </label>
      )}
      <label class="row">
        <input type="checkbox" data-field="review" checked={step.review ?? false} onChange={(event) => change({ review: event.currentTarget.checked }, "review")} />
        Stop for a pick
      </label>
      {step.review && (
        <label class="row">
          <input type="checkbox" checked={step.blind ?? false} onChange={(event) => change({ blind: event.currentTarget.checked }, "blind")} />
          Blind: show numbers only, until the pick
        </label>
      )}
    </fieldset>
  );
}

const TYPES: Record<InputType, string> = { text: "Text", number: "Number", image: "Picture", audio: "Sound", model: "3D model" };

interface InputProps {
  plan: Plan;
  name: string;
  input: PlanInput;
  change: (input: PlanInput, field: string) => void;
  rename: (to: string) => void;
}

/** The form of an input: a value that is given when the workflow runs. */
export function InputForm({ plan, name, input, change, rename: send }: InputProps) {
  const type = input.type ?? "text";
  const isMedia = type !== "text" && type !== "number";
  const one: Schema = { type: type === "number" ? "number" : "string" };
  const field: Field = {
    name: "default",
    label: "Value",
    description: "Used when the run gives no other one.",
    required: false,
    control: isMedia ? (input.many ? "files" : "file") : input.many ? "list" : type === "number" ? "number" : "text",
    schema: input.many ? { type: "array", items: one } : one,
    kind: isMedia ? type : undefined,
  };
  return (
    <div class="stack">
      <div>
        <NameField name={name} plan={plan} rename={send} label="Name of the input" />
        <p class="small muted">
          Steps take it as <code>${name}</code>, texts as <code>{`{${name}}`}</code>.
        </p>
      </div>
      <label class="field">
        <span>Type</span>
        <select value={type} onChange={(event) => change({ ...input, type: event.currentTarget.value as InputType, default: undefined }, "type")}>
          {Object.entries(TYPES).map(([each, text]) => (
            <option key={each} value={each}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <label class="row">
        <input type="checkbox" checked={input.many ?? false} onChange={(event) => change({ ...input, many: event.currentTarget.checked || undefined, default: undefined }, "many")} />
        A list of values
      </label>
      <FieldRow key={`${type}${input.many}`} field={field} value={input.default} set={(value) => change({ ...input, default: value }, "default")} />
      <label class="field">
        <span>Description</span>
        <input value={input.description ?? ""} onInput={(event) => change({ ...input, description: event.currentTarget.value || undefined }, "description")} />
      </label>
    </div>
  );
}

/** Operations by family, for the dialog that adds a step. */
export function grouped(operations: Iterable<Operation>, query: string): [string, Operation[]][] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const found = [...operations].filter(({ name, title, description }) => {
    const text = `${name} ${title} ${description}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  return [...Map.groupBy(found, (each) => each.family)];
}

/** A form drawn from a JSON schema. It holds no rule of its own: the server checks what is sent. */
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import type { Kind, Schema } from "./client.ts";
import { MediaField } from "./picker";
import { type Field, fieldsOf, isEmpty, readJson, sliderOf, textOf, type Values } from "./schema.ts";
import "./form.css";

interface FormProps {
  schema: Schema;
  /** Arguments that take media, with their kind. */
  files?: Record<string, Kind>;
  values: Values;
  change: (values: Values) => void;
  /** Arguments that another part of the page answers. */
  without?: string[];
  /** Problems by argument, shown at their fields. */
  problems?: Record<string, string>;
  /** Draws a field in another way; undefined leaves it as it is. */
  draw?: (field: Field, value: unknown, set: (value: unknown) => void) => preact.JSX.Element | undefined;
}

/** The fields of a schema: required and filled ones first, the others behind "More settings". */
export function SchemaForm({ schema, files, values, change, without = [], problems = {}, draw }: FormProps) {
  const fields = useMemo(() => fieldsOf(schema, files).filter((each) => !without.includes(each.name)), [schema, files, without.join()]);
  const set = (name: string) => (value: unknown) => {
    const next = { ...values };
    if (value === undefined) delete next[name];
    else next[name] = value;
    change(next);
  };
  const one = (field: Field) =>
    draw?.(field, values[field.name], set(field.name)) ?? (
      <FieldRow key={field.name} field={field} value={values[field.name]} set={set(field.name)} problem={problems[field.name]} />
    );
  const [first, more] = [fields.filter(isProminent), fields.filter((each) => !isProminent(each))];
  const open = more.some((each) => problems[each.name] || !isEmpty(values[each.name]));
  return (
    <div class="form">
      {first.map(one)}
      {more.length > 0 && (
        <details class="more" open={open || undefined}>
          <summary>More settings</summary>
          <div class="form">{more.map(one)}</div>
        </details>
      )}
    </div>
  );
}

/** Optional arguments that people change often. */
const OFTEN = new Set(["aspect_ratio", "style_preset", "model", "count", "mask", "image", "label"]);
const isProminent = (field: Field) => field.required || OFTEN.has(field.name);

interface FieldProps {
  field: Field;
  value: unknown;
  set: (value: unknown) => void;
  problem?: string;
}

/** One field with its label, description and problem. */
export function FieldRow({ field, value, set, problem }: FieldProps) {
  const id = useId();
  const told = `${id}-told`;
  const hint = hintOf(field);
  const common = { id, "aria-describedby": told, "aria-invalid": problem ? (true as const) : undefined, "data-field": field.name };
  return (
    <div class={problem ? "field bad" : "field"}>
      {field.control === "switch" ? (
        <label class="row" for={id}>
          <input
            type="checkbox"
            {...common}
            checked={(value ?? field.schema.default) === true}
            onChange={(event) => set(event.currentTarget.checked)}
          />
          {field.label}
        </label>
      ) : (
        <label for={id} class="field-name">
          {field.label}
          {!field.required && <span class="muted"> (optional)</span>}
        </label>
      )}
      {field.control !== "switch" && <Input field={field} value={value} set={set} common={common} />}
      <p id={told} class="small muted lines">
        {problem && <span class="problem">{problem} </span>}
        {hint}
      </p>
    </div>
  );
}

function hintOf({ schema, description, control }: Field): string {
  const { minimum: min, maximum: max } = schema;
  const range = control === "number" && min !== undefined && max !== undefined && max < 1e6 ? `${min} to ${max}.` : "";
  // A chosen file needs no words about how to name one.
  const told = control === "file" || control === "files" ? description.replace(/^(Label, URI or path)[.;:]?\s*/, "") : description;
  return [told, range].filter(Boolean).join(" ");
}

type Common = { id: string; "aria-describedby": string; "aria-invalid"?: true; "data-field": string };

function Input({ field, value, set, common }: FieldProps & { common: Common }) {
  switch (field.control) {
    case "file":
      return <MediaField {...common} kind={field.kind!} name={field.label} value={text(value)} set={set} />;
    case "files":
      return <Files field={field} value={value} set={set} common={common} />;
    case "choice":
      return <Choice field={field} value={value} set={set} common={common} />;
    case "number":
      return <NumberInput field={field} value={value} set={set} common={common} />;
    case "long":
      return (
        <textarea
          {...common}
          rows={3}
          required={field.required}
          value={text(value)}
          onInput={(event) => set(event.currentTarget.value || undefined)}
        />
      );
    case "list":
      return (
        <textarea
          {...common}
          rows={3}
          placeholder="One a line"
          value={Array.isArray(value) ? value.join("\n") : ""}
          onInput={(event) => set(event.currentTarget.value ? event.currentTarget.value.split("\n") : undefined)}
        />
      );
    case "json":
      return <Json field={field} value={value} set={set} common={common} />;
    default:
      return (
        <input
          {...common}
          required={field.required}
          maxLength={field.schema.maxLength}
          value={text(value)}
          onInput={(event) => set(event.currentTarget.value || undefined)}
        />
      );
  }
}

const text = (value: unknown): string => (value === undefined || value === null ? "" : String(value));

type InputProps = Omit<FieldProps, "problem"> & { common: Common };

function Choice({ field, value, set, common }: InputProps) {
  const { enum: choices = [], default: standard } = field.schema;
  return (
    <select
      {...common}
      value={text(value ?? standard)}
      onChange={(event) => set(choices.find((each) => String(each) === event.currentTarget.value))}
    >
      {standard === undefined && <option value="">{field.required ? "Choose…" : "Default"}</option>}
      {choices.map((each) => (
        <option key={String(each)} value={String(each)}>
          {String(each)}
        </option>
      ))}
    </select>
  );
}

function NumberInput({ field, value, set, common }: InputProps) {
  const slider = sliderOf(field.schema);
  const read = (event: { currentTarget: HTMLInputElement }) => {
    const entered = event.currentTarget.value;
    set(entered === "" ? undefined : Number(entered));
  };
  const shown = (value ?? field.schema.default) as number | undefined;
  return (
    <div class="row">
      {slider && (
        <input
          type="range"
          class="grow"
          aria-label={`${field.label}, slider`}
          {...slider}
          value={shown ?? slider.min}
          onInput={read}
        />
      )}
      <input
        type="number"
        {...common}
        class={slider ? "short" : ""}
        required={field.required}
        min={field.schema.minimum}
        max={field.schema.maximum}
        step={field.schema.type === "integer" ? 1 : "any"}
        value={shown ?? ""}
        onInput={read}
      />
    </div>
  );
}

/** Several media: one field each, and one to add another. */
function Files({ field, value, set, common }: InputProps) {
  const list = Array.isArray(value) ? (value as string[]) : [];
  const most = field.schema.maxItems ?? 20;
  const put = (at: number) => (next: unknown) => {
    const changed = next === undefined ? list.filter((_, i) => i !== at) : list.with(at, String(next));
    set(changed.length ? changed : undefined);
  };
  return (
    <div class="stack tight">
      {list.map((each, i) => (
        <MediaField
          key={`${i}:${each}`}
          {...common}
          id={`${common.id}-${i}`}
          kind={field.kind!}
          name={`${field.label} ${i + 1}`}
          value={each}
          set={put(i)}
        />
      ))}
      {list.length < most && (
        <MediaField {...common} kind={field.kind!} name={`${field.label} ${list.length + 1}`} value="" set={(next) => next && set([...list, next])} />
      )}
    </div>
  );
}

/** An argument of another form, as JSON; a list also as one text a line. What can't be read yet is kept as text. */
function Json({ field, value, set, common }: InputProps) {
  const isList = field.schema.type === "array";
  const shown = value === undefined ? "" : JSON.stringify(value);
  const [entered, enter] = useState(() => textOf(value));
  const own = useRef(shown);
  useEffect(() => {
    if (shown !== own.current) {
      own.current = shown;
      enter(textOf(value));
    }
  }, [shown]);
  return (
    <textarea
      {...common}
      class={isList ? "" : "code"}
      rows={3}
      spellcheck={isList}
      placeholder={isList ? "One text a line, or JSON" : "JSON"}
      value={entered}
      onInput={(event) => {
        const next = event.currentTarget.value;
        enter(next);
        const read = readJson(next, isList);
        own.current = read === undefined ? "" : JSON.stringify(read);
        set(read);
      }}
    />
  );
}

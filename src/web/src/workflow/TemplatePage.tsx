/** A built-in template: its arguments, the price that follows from them, and its steps to look at or to change. */
import { useMemo, useState } from "preact/hooks";
import type { Kind, Schema } from "../ui/client.ts";
import { useDraft } from "../ui/drafts.ts";
import { SchemaForm } from "../ui/form";
import { price, unquoted } from "../ui/format.ts";
import { Icon } from "../ui/icons";
import { address, go } from "../ui/router.ts";
import { fieldsOf, missingOf, type Values } from "../ui/schema.ts";
import { toastError } from "../ui/toasts";
import { type BuiltIn, planOf } from "./api.ts";
import { newDraft } from "./EditorPage";
import { CheckText, RunDialog, useCheck } from "./parts";
import { emptyPlan, rootOf } from "./plan.ts";

/** Length of a template's argument that names a stored picture: a label, a URI or a path. */
const MEDIA_LENGTH = 4_096;
const NOTHING: Values = {};

export function TemplatePage({ template }: { template: BuiltIn }) {
  const [values, setValues] = useDraft<Values>(`template:${template.name}`, NOTHING);
  const [running, setRunning] = useState(false);
  const files = useMemo(() => pictureArguments(template.schema), [template]);
  const missing = useMemo(() => missingOf(fieldsOf(template.schema, files), values), [template, values]);
  const wish = { template: template.name, arguments: values };
  const found = useCheck(missing.length ? undefined : wish);
  const problems = found?.problems.filter((each) => each.level === "error") ?? [];
  const names = new Set(Object.keys(template.schema.properties ?? {}));
  const byArgument = Object.fromEntries(problems.flatMap((each) => (names.has(rootOf(each.argument) ?? "") ? [[rootOf(each.argument)!, `${each.message} ${each.hint ?? ""}`]] : [])));
  const edit = () => planOf(wish).then(({ plan }) => go(newDraft(plan)), toastError);
  return (
    <div class="start">
      <div class="page-head">
        <a class="button quiet icon" href="#/workflows" aria-label="All workflows" title="All workflows">
          <Icon name="left" />
        </a>
        <h1>{template.title ?? template.name}</h1>
        <span class="grow" />
        <button class="button" disabled={!found?.price} onClick={() => void edit()}>
          Edit the steps
        </button>
        <button class="button primary" disabled={!found?.price} onClick={() => setRunning(true)}>
          <Icon name="play" /> {found?.price?.[1] ? `Run, ${price(found.price)}` : "Run"}
        </button>
      </div>
      <div class="template">
        <p>{unquoted(template.description)}</p>
        <p role="status">
          {missing.length ? <span class="muted small">Give {missing.map((each) => each.label.toLowerCase()).join(", ")} to see the price.</span> : <CheckText found={found} />}
        </p>
        {problems
          .filter((each) => !byArgument[rootOf(each.argument) ?? ""])
          .map((each, i) => (
            <p key={i} class="note error">
              <b>{each.message}</b> {each.hint}
            </p>
          ))}
        <SchemaForm schema={template.schema} files={files} values={values} change={setValues} problems={byArgument} />
        <button class="button quiet" onClick={() => setValues({ ...template.example })}>
          Fill in the example
        </button>
      </div>
      {running && <RunDialog wish={wish} plan={emptyPlan()} close={() => setRunning(false)} started={(run) => go(address("workflows", "", { run }))} />}
    </div>
  );
}

function pictureArguments({ properties = {} }: Schema): Record<string, Kind> {
  const isPicture = (schema: Schema): boolean => schema.maxLength === MEDIA_LENGTH || (schema.anyOf?.some(isPicture) ?? false);
  return Object.fromEntries(Object.entries(properties).flatMap(([name, schema]) => (isPicture(schema) ? [[name, "image" as const]] : [])));
}

/** Workflows: the start page, a saved or new workflow in the editor, a template, a run. */
import { useEffect } from "preact/hooks";
import type { PageProps } from "../ui/pages.ts";
import { readDraft } from "../ui/drafts.ts";
import { go } from "../ui/router.ts";
import { Problem, Skeleton, useLoad } from "../ui/states";
import { listWorkflows, operationMap } from "./api.ts";
import { EditorPage, newDraft } from "./EditorPage";
import { emptyPlan, inputsOfMedia, type Plan } from "./plan.ts";
import { RunPage } from "./RunPage";
import { StartPage } from "./StartPage";
import { TemplatePage } from "./TemplatePage";
import "./page.css";

export function Page({ id, query }: PageProps) {
  const operations = useLoad(operationMap, []);
  const [run, draft, template] = ["run", "plan", "template"].map((name) => query.get(name) ?? "");
  const inputs = inputsOfMedia(query);
  if (inputs) return <Begin plan={{ ...emptyPlan(), inputs }} />;
  if (template) return <Template key={template} name={template} />;
  if (!run && !draft && !id) return <StartPage />;
  if (!operations.data) return operations.error ? <Problem page error={operations.error} again={operations.reload} /> : <Skeleton page lines={6} height={72} />;
  if (run) return <RunPage key={run} id={run} operations={operations.data} />;
  if (draft) return <EditorPage key={draft} draft={draft} operations={operations.data} />;
  return <SavedWorkflow key={id} name={id} operations={operations.data} />;
}

/** Opens a new workflow; its draft replaces this address in the history. */
function Begin({ plan }: { plan: Plan }) {
  useEffect(() => go(newDraft(plan), true), []);
  return null;
}

function SavedWorkflow({ name, operations }: { name: string; operations: NonNullable<Awaited<ReturnType<typeof operationMap>>> }) {
  const found = useLoad(listWorkflows, [name]);
  const saved = found.data?.saved.find((each) => each.name === name);
  if (saved || (found.data && readDraft(`workflow:${name}`))) return <EditorPage draft={name} saved={saved} operations={operations} />;
  if (found.data) return <RunPage id={name} operations={operations} />; // An address of a run: #/workflows/ID.
  return found.error ? <Problem page error={found.error} again={found.reload} /> : <Skeleton page lines={6} height={72} />;
}

function Template({ name }: { name: string }) {
  const found = useLoad(listWorkflows, [name]);
  const template = found.data?.templates.find((each) => each.name === name);
  if (template) return <TemplatePage template={template} />;
  if (found.data) return <Problem page error={new Error(`There is no template “${name}”.`)} />;
  return found.error ? <Problem page error={found.error} again={found.reload} /> : <Skeleton page lines={6} height={72} />;
}

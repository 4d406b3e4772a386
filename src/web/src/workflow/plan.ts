/** A plan in the server's format (docs/workflows.md), what refers to what in it, and its edits. Pure functions. */
import type { Kind, Operation, Schema } from "../ui/client.ts";

export type InputType = "text" | "number" | "image" | "audio" | "model";
export interface PlanInput {
  type?: InputType;
  many?: boolean;
  default?: unknown;
  choices?: unknown[];
  description?: string;
}
export interface Step {
  id: string;
  tool: string;
  arguments?: Record<string, unknown>;
  count?: number;
  foreach?: string | unknown[] | null;
  review?: boolean;
  blind?: boolean;
  budget?: number | null;
}
export interface Plan {
  title?: string;
  inputs?: Record<string, PlanInput>;
  steps: Step[];
  outputs?: Record<string, string>;
  budget?: number | null;
  [other: string]: unknown;
}
export type Operations = ReadonlyMap<string, Operation>;
/** What a step or an input hands on. */
export type Wire = Kind | "text";

const REFERENCE = /^\$([a-z][a-z0-9_-]*)(?:\.[a-z0-9_-]+)?$/i;
const IN_TEXT = /\{([a-z][a-z0-9_-]*)(?:\.[a-z0-9_-]+)?\}/gi;
/** The name of the element that `foreach` is at. */
export const ITEM = "item";
export const FOREACH = "for each";
const MOST_ID = 40;

/** Return the step or input that a value refers to: `$draft`, `$draft.2`. */
export function reference(value: unknown): string | undefined {
  return typeof value === "string" ? REFERENCE.exec(value)?.[1] : undefined;
}

/** Return every name that a value refers to, also in lists, objects and texts. */
export function namesIn(value: unknown): string[] {
  if (typeof value === "string") {
    const whole = reference(value);
    return whole === undefined ? [...value.matchAll(IN_TEXT)].map((found) => found[1]!) : [whole];
  }
  if (Array.isArray(value)) return value.flatMap(namesIn);
  if (value && typeof value === "object") return Object.values(value).flatMap(namesIn);
  return [];
}

/** Return the arguments of a step that take something from elsewhere, with the names that they take it from. */
export function takes(step: Step): [argument: string, names: string[]][] {
  const found: [string, string[]][] = [];
  if (step.foreach) found.push([FOREACH, [...new Set(namesIn(step.foreach))]]);
  for (const [argument, value] of Object.entries(step.arguments ?? {})) {
    const names = [...new Set(namesIn(value))].filter((name) => name !== ITEM);
    if (names.length) found.push([argument, names]);
  }
  return found.filter(([, names]) => names.length);
}

export const stepOf = (plan: Plan, id: string | undefined): Step | undefined => plan.steps.find((step) => step.id === id);

/** Return the steps that a step needs, directly or through others. */
export function needs(plan: Plan, id: string): Set<string> {
  return reach(id, (name) => {
    const step = stepOf(plan, name);
    return step ? takes(step).flatMap(([, names]) => names) : [];
  });
}

/** Return the steps that need a step, directly or through others: what a redo from it makes again. */
export function dependents(plan: Plan, id: string): Set<string> {
  const users = new Map<string, string[]>();
  for (const step of plan.steps)
    for (const [, names] of takes(step)) for (const name of names) users.set(name, [...(users.get(name) ?? []), step.id]);
  return reach(id, (name) => users.get(name) ?? []);
}

function reach(from: string, next: (name: string) => string[]): Set<string> {
  const found = new Set<string>();
  const open = [from];
  for (let name = open.pop(); name !== undefined; name = open.pop())
    for (const each of next(name))
      if (!found.has(each)) {
        found.add(each);
        open.push(each);
      }
  return found;
}

export const wireOf = (plan: Plan, name: string, operations: Operations): Wire => {
  const input = plan.inputs?.[name];
  if (input) return input.type === "number" ? "text" : (input.type ?? "text");
  const tool = stepOf(plan, name)?.tool;
  return (tool !== undefined && operations.get(tool)?.kind) || "image";
};

/** Return whether a step or input hands on several values. */
export function isMany(plan: Plan, name: string): boolean {
  const step = stepOf(plan, name);
  return step ? (step.count ?? 1) > 1 || !!step.foreach : (plan.inputs?.[name]?.many ?? false);
}

/** Return what a step can take something of a kind from: inputs, and steps that don't need it. */
export function sources(plan: Plan, id: string, kind: Kind | undefined, operations: Operations): string[] {
  const later = dependents(plan, id);
  const names = [...Object.keys(plan.inputs ?? {}), ...plan.steps.map((step) => step.id)];
  return names.filter((name) => name !== id && !later.has(name) && wireOf(plan, name, operations) === (kind ?? "text"));
}

/* ---- Edits: each returns a new plan ------------------------------------ */

/** Return inputs with chosen media, given as `image=ID,ID&audio=ID`; undefined: none are given. */
export function inputsOfMedia(query: URLSearchParams): Record<string, PlanInput> | undefined {
  const names = { image: "picture", audio: "sound", model: "model" } as const;
  const inputs: Record<string, PlanInput> = {};
  for (const [type, name] of Object.entries(names) as [keyof typeof names, string][]) {
    const uris = (query.get(type) ?? "").split(",").filter(Boolean).map((id) => `media://${id}`);
    if (uris.length === 1) inputs[name] = { type, default: uris[0] };
    else if (uris.length) inputs[`${name}s`] = { type, many: true, default: uris };
  }
  return Object.keys(inputs).length ? inputs : undefined;
}

export const emptyPlan = (): Plan => ({ title: "", steps: [] });

/** Return an id that is free in the plan: `crop`, `crop_2`. */
export function freshId(plan: Plan, wanted: string): string {
  const taken = new Set([ITEM, ...plan.steps.map((step) => step.id), ...Object.keys(plan.inputs ?? {})]);
  const base = wanted.toLowerCase().replace(/[^a-z0-9_-]+/g, "_").replace(/^[^a-z]+/, "").slice(0, MOST_ID) || "step";
  for (let number = 1; ; number++) {
    const id = number === 1 ? base : `${base.slice(0, MOST_ID - 4)}_${number}`;
    if (!taken.has(id)) return id;
  }
}

/** Add a step; its first required file is taken from a step, if one makes such a thing. */
export function addStep(plan: Plan, operation: Operation, operations: Operations, after?: string): [Plan, string] {
  const id = freshId(plan, operation.name.replace(/^[a-z0-9]+_/, ""));
  const step: Step = { id, tool: operation.name, arguments: {} };
  const required = new Set(operation.schema.required ?? []);
  const [file, kind] = Object.entries(operation.files).find(([name]) => required.has(name)) ?? [];
  const source = stepOf(plan, after) ?? plan.steps.at(-1);
  if (file && source && wireOf(plan, source.id, operations) === kind) step.arguments![file] = `$${source.id}`;
  const at = after === undefined ? plan.steps.length : plan.steps.findIndex((each) => each.id === after) + 1 || plan.steps.length;
  return [{ ...plan, steps: plan.steps.toSpliced(at, 0, step) }, id];
}

export function changeStep(plan: Plan, id: string, change: Partial<Step>): Plan {
  return { ...plan, steps: plan.steps.map((step) => (step.id === id ? tidy({ ...step, ...change }) : step)) };
}

/** Drop fields that only repeat their defaults, so that a plan reads as one would write it. */
function tidy(step: Step): Step {
  const kept = { ...step };
  if ((kept.count ?? 1) === 1) delete kept.count;
  if (kept.foreach === null || kept.foreach === "" || kept.foreach === undefined) delete kept.foreach;
  if (!kept.review) {
    delete kept.review;
    delete kept.blind;
  }
  if (!kept.blind) delete kept.blind;
  if (kept.budget === null || kept.budget === undefined) delete kept.budget;
  return kept;
}

export function setArgument(plan: Plan, id: string, argument: string, value: unknown): Plan {
  const args = { ...stepOf(plan, id)?.arguments };
  if (value === undefined) delete args[argument];
  else args[argument] = value;
  return changeStep(plan, id, { arguments: args });
}

/** Take an argument from a step or input; `for each` is the list that a step runs over. */
export function connect(plan: Plan, from: string, to: string, argument: string): Plan {
  if (from === to || dependents(plan, to).has(from)) return plan;
  return argument === FOREACH ? changeStep(plan, to, { foreach: `$${from}` }) : setArgument(plan, to, argument, `$${from}`);
}

/** Remove a step, and what other steps and outputs take from it. */
export function removeStep(plan: Plan, id: string): Plan {
  const steps = plan.steps
    .filter((step) => step.id !== id)
    .map((step) =>
      tidy({
        ...step,
        arguments: Object.fromEntries(Object.entries(step.arguments ?? {}).filter(([, value]) => reference(value) !== id)),
        foreach: reference(step.foreach) === id ? null : step.foreach,
      }),
    );
  return { ...plan, steps, ...outputsWithout(plan, id) };
}

function outputsWithout(plan: Plan, id: string): Pick<Plan, "outputs"> {
  const kept = Object.entries(plan.outputs ?? {}).filter(([, value]) => reference(value) !== id);
  return plan.outputs ? { outputs: kept.length ? Object.fromEntries(kept) : undefined } : {};
}

export function duplicateStep(plan: Plan, id: string): [Plan, string] {
  const at = plan.steps.findIndex((step) => step.id === id);
  const copy = { ...structuredClone(plan.steps[at]!), id: freshId(plan, id.replace(/_\d+$/, "")) };
  return [{ ...plan, steps: plan.steps.toSpliced(at + 1, 0, copy) }, copy.id];
}

/** Rename a step or an input everywhere it is named; a name that is taken or impossible changes nothing. */
export function rename(plan: Plan, id: string, to: string): Plan {
  if (!/^[a-z][a-z0-9_-]{0,39}$/.test(to) || freshId(plan, to) !== to) return plan;
  const steps = plan.steps.map((step) => ({
    ...step,
    id: step.id === id ? to : step.id,
    ...(step.arguments && { arguments: renamed(step.arguments, id, to) as Record<string, unknown> }),
    ...(step.foreach && { foreach: renamed(step.foreach, id, to) as Step["foreach"] }),
  }));
  const inputs = plan.inputs && Object.fromEntries(Object.entries(plan.inputs).map(([name, each]) => [name === id ? to : name, each]));
  const outputs = plan.outputs && (renamed(plan.outputs, id, to) as Record<string, string>);
  return { ...plan, steps, ...(inputs && { inputs }), ...(outputs && { outputs }) };
}

function renamed(value: unknown, id: string, to: string): unknown {
  if (typeof value === "string") {
    if (reference(value) === id) return `$${to}${value.slice(id.length + 1)}`;
    return value.replace(IN_TEXT, (whole, name: string) => (name === id ? `{${to}${whole.slice(name.length + 1)}` : whole));
  }
  if (Array.isArray(value)) return value.map((each) => renamed(each, id, to));
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, renamed(each, id, to)]));
  return value;
}

export function setInput(plan: Plan, name: string, input: PlanInput | undefined): Plan {
  const inputs = { ...plan.inputs };
  if (input) inputs[name] = input;
  else delete inputs[name];
  return { ...plan, inputs: Object.keys(inputs).length ? inputs : undefined };
}

/** Return the steps that the plan delivers: its outputs, or those that no other step uses. */
export function delivered(plan: Plan): [name: string, id: string][] {
  if (plan.outputs) return Object.entries(plan.outputs).map(([name, value]) => [name, reference(value) ?? value]);
  const used = new Set(plan.steps.flatMap((step) => takes(step).flatMap(([, names]) => names)));
  return plan.steps.filter((step) => !used.has(step.id)).map((step) => [step.id, step.id]);
}

/** Read a plan from text; returns what is wrong with it instead if it isn't one. The server checks the rest. */
export function readPlan(text: string): Plan | string {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (error) {
    return `This isn't valid JSON: ${error instanceof Error ? error.message : error}.`;
  }
  if (!read || typeof read !== "object" || Array.isArray(read)) return 'A plan is an object: {"steps": […]}.';
  const { steps } = read as Plan;
  if (!Array.isArray(steps)) return 'The plan needs "steps", a list.';
  const bad = steps.findIndex((step) => typeof step?.id !== "string" || typeof step?.tool !== "string");
  if (bad >= 0) return `Step ${bad + 1} needs an "id" and a "tool", both text.`;
  const twice = steps.find((step, at) => steps.findIndex((each) => each.id === step.id) < at);
  return twice ? `Two steps have the id "${twice.id}".` : (read as Plan);
}

/* ---- Undo -------------------------------------------------------------- */

export interface History {
  readonly past: readonly Plan[];
  readonly now: Plan;
  readonly future: readonly Plan[];
  /** What the last edit changed: edits of one field in a row are one step of undo. */
  readonly mark?: string;
}
const MOST_STATES = 100;

export const historyOf = (now: Plan): History => ({ past: [], now, future: [] });

export function record(history: History, next: Plan, mark?: string): History {
  if (next === history.now || same(next, history.now)) return history;
  const joins = mark !== undefined && mark === history.mark;
  return { past: joins ? history.past : [...history.past, history.now].slice(-MOST_STATES), now: next, future: [], mark };
}

export function undo({ past, now, future }: History): History {
  const before = past.at(-1);
  return before ? { past: past.slice(0, -1), now: before, future: [now, ...future] } : { past, now, future };
}

export function redo({ past, now, future }: History): History {
  const [next, ...rest] = future;
  return next ? { past: [...past, now], now: next, future: rest } : { past, now, future };
}

export const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/* ---- Problems ---------------------------------------------------------- */

export interface Problem {
  step?: string;
  argument?: string;
  message: string;
  hint?: string;
  level: "error" | "warning";
}

const WARNING = /^(?:step "([^"]+)"|plan)(?:, ([^:]+))?: ([^]+)$/;

/** Read a warning that the server gives as text: `step "cut", image: …`. */
export function warning(text: string): Problem {
  const [, step, argument, message] = WARNING.exec(text) ?? [];
  return { step, argument, message: message ?? text, level: "warning" };
}

/** Return the argument of a step that a problem is about: `steps[0].image` is in `steps`. */
export const rootOf = (argument: string | undefined): string | undefined => argument?.split(/[.[]/, 1)[0] || undefined;

export function problemsByArgument(problems: readonly Problem[], step: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const each of problems) {
    const argument = each.step === step ? rootOf(each.argument) : undefined;
    if (argument) found[argument] = [found[argument], each.message, each.hint].filter(Boolean).join(" ");
  }
  return found;
}

/** Return the plan's own fields whose values differ between two versions, steps by their id. */
export function differences(a: Plan, b: Plan): string[] {
  const parts = (plan: Plan) =>
    new Map<string, unknown>([
      ...Object.entries(plan).filter(([name]) => name !== "steps"),
      ...plan.steps.map((step): [string, unknown] => [`step ${step.id}`, step]),
    ]);
  const [ours, theirs] = [parts(a), parts(b)];
  return [...new Set([...ours.keys(), ...theirs.keys()])].filter((name) => !same(ours.get(name), theirs.get(name)));
}

/** Return the schema of the values of inputs, for a form that asks for all of them. */
export function schemaOf(inputs: Record<string, PlanInput>): { schema: Schema; files: Record<string, Kind> } {
  const properties: Record<string, Schema> = {};
  const files: Record<string, Kind> = {};
  for (const [name, { type = "text", many, choices, default: standard, description }] of Object.entries(inputs)) {
    const one: Schema = choices ? { enum: choices } : { type: type === "number" ? "number" : "string" };
    properties[name] = { ...(many ? { type: "array", items: one } : one), description, default: standard };
    if (type === "image" || type === "audio" || type === "model") files[name] = type;
  }
  return { schema: { properties, required: Object.keys(inputs) }, files };
}

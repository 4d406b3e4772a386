/** The server's part of a workflow: check, run, save. */
import { callTool, Failed, type Operation, operations, request, rest, type Schema } from "../ui/client.ts";
import { restorable } from "../ui/format.ts";
import type { Operations, Plan, Problem } from "./plan.ts";
import { warning } from "./plan.ts";
import type { Run, RunDetails } from "./run.ts";

export interface Saved {
  name: string;
  description: string;
  version: string;
  plan: Plan;
}
export interface BuiltIn {
  name: string;
  title?: string;
  description: string;
  schema: Schema;
  /** Its arguments in a typical call. */
  example: Record<string, unknown>;
  /** Of the example. */
  price?: [number, number];
}
export interface Workflows {
  templates: BuiltIn[];
  saved: Saved[];
  unusable: string[];
}
/** What is checked or run: a plan, or a template with its arguments. */
export interface Wish {
  plan?: Plan;
  template?: string;
  arguments?: Record<string, unknown>;
  inputs?: Record<string, unknown>;
  budget?: number;
}
export interface Check {
  problems: Problem[];
  /** The lowest and highest price; absent: it can't run. */
  price?: [number, number];
  seconds: number;
  /** By step: price and number of results. Long plans have only the first ones. */
  steps: Map<string, { price: [number, number]; count: number }>;
  missing: string[];
  doesNotFit: string[];
  /** Why nothing was checked. */
  failed?: string;
}

export const listWorkflows = (signal?: AbortSignal): Promise<Workflows> => request("/api/ui/workflows", { signal });

export async function operationMap(): Promise<Operations> {
  return new Map((await operations()).map((each): [string, Operation] => [each.name, each]));
}

const EMPTY: Check = { problems: [], seconds: 0, steps: new Map(), missing: [], doesNotFit: [] };

/** Check and price a workflow: `workflow_plan`. What is wrong with it is part of the answer. */
export async function check(wish: Wish, signal: AbortSignal): Promise<Check> {
  try {
    const found = await rest<any>("/workflows/plan", { json: wish, signal });
    const fits: [unknown, string][] = [
      [found.fits_budget, "the daily budget"],
      [found.fits_limit, "the spending limit"],
      [found.fits_balance, "the balance"],
    ];
    return {
      problems: (found.warnings ?? []).map(warning),
      price: [found.low, found.high],
      seconds: found.seconds,
      steps: new Map(found.steps.map((each: any) => [each.id, { price: each.price, count: each.count }])),
      missing: found.missing ?? [],
      doesNotFit: fits.filter(([fit]) => fit === false).map(([, what]) => what),
    };
  } catch (error) {
    if (signal.aborted || !(error instanceof Failed)) throw error;
    const problems: Problem[] | undefined = error.body.problems?.map((each: any) => ({ ...each, hint: restorable(each.hint ?? ""), level: "error" }));
    if (problems?.length) return { ...EMPTY, problems };
    if (error.status === 400) return { ...EMPTY, problems: [{ message: error.message, level: "error" }] };
    return { ...EMPTY, failed: error.message };
  }
}

/** Call `workflow_run` without waiting for the run; returns its id. A price that needs the user's agreement is asked for. */
export async function act(args: Record<string, unknown>, key?: string): Promise<string> {
  return (await callTool("workflow_run", args, key, "wait=0")).result.id;
}

export const getRun = (id: string, signal?: AbortSignal): Promise<Run> => rest(`/jobs/${encodeURIComponent(id)}`, { signal });
export const getDetails = (id: string, signal?: AbortSignal): Promise<RunDetails> => request(`/api/ui/runs/${encodeURIComponent(id)}`, { signal });

export async function listRuns(signal?: AbortSignal): Promise<Run[]> {
  const page = await rest<{ jobs: (Run & { kind: string })[] }>("/jobs?limit=200", { signal });
  return page.jobs.filter((each) => each.kind === "run");
}

/** Return a template with its arguments as a plan whose steps can be edited. */
export const planOf = (wish: Wish): Promise<{ plan: Plan }> => request("/api/ui/plans", { json: wish });

/** Another version was saved meanwhile; undefined: it was deleted. */
export class Conflict extends Error {
  constructor(
    message: string,
    readonly stored: Saved | undefined,
  ) {
    super(message);
  }
}

/** Save a plan in place of the version that was edited; undefined: it is new. Throws `Conflict`. */
export async function save(name: string, plan: Plan, version: string | undefined): Promise<Saved> {
  const headers: Record<string, string> = version === undefined ? {} : { "If-Match": `"${version}"` };
  try {
    return await request<Saved>(`/api/ui/workflows/${encodeURIComponent(name)}`, { method: "PUT", json: { plan, description: plan.title }, headers });
  } catch (error) {
    if (error instanceof Failed && error.status === 409 && "stored" in error.body) throw new Conflict(error.message, error.body.stored ?? undefined);
    throw error;
  }
}

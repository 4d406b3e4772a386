/** A run of a workflow: the state of each step, and what the user has to decide. Pure functions. */
import { type Job, runningFor } from "../ui/jobs.ts";
import type { Media } from "../ui/media.ts";
import { count, credits, seconds } from "../ui/format.ts";
import type { Operations, Plan } from "./plan.ts";
import { dependents } from "./plan.ts";

export interface RunStep {
  id: string;
  tool: string;
  /** Results; absent: a review decides how many. */
  total?: number;
  done: number;
  failed: number;
  charged: number;
}
export interface RunResult {
  number: number;
  id?: string;
  media?: Media;
  credits: number;
  seconds?: number;
  reused: boolean;
  picked?: boolean;
}
/** A run as events and lists tell it; the rest comes with the run itself. */
export interface Run {
  id: string;
  status: "in-progress" | "review" | "paused" | "done" | "failed" | "cancelled";
  title?: string;
  template?: string;
  why?: string;
  steps: RunStep[];
  done: number;
  total?: number;
  failed: number;
  credits: number;
  max_credits: number;
  created: string;
  finished?: string;
  outputs?: Record<string, RunResult[]>;
  seconds_left?: number;
  review?: string[];
  notes?: string[];
}
export interface RunItem {
  step: string;
  number: number;
  state: "running" | "done" | "failed" | "unknown" | "skipped" | "cancelled";
  media?: string;
  error?: string;
  picked?: boolean;
}
/** The plan of a run, and every item that was started. */
export interface RunDetails {
  id: string;
  plan: Plan;
  inputs: Record<string, unknown>;
  items: RunItem[];
  redo_of?: string;
  paused_by_user?: boolean;
  /** Results that may have been charged and never came, and what making them again costs. */
  unknown: { count: number; credits: number };
}

export type StepState = "done" | "running" | "waiting" | "review" | "failed" | "paused" | "unknown" | "skipped" | "cancelled";
export interface Progress {
  state: StepState;
  text: string;
  /** From 0 to 1, while it runs. */
  share?: number;
  /** Ids of its media, picked ones first. */
  media: string[];
  error?: string;
}

export const STATE_TEXT: Record<StepState, string> = {
  done: "Done",
  running: "Running",
  waiting: "Waiting",
  review: "Needs your pick",
  failed: "Failed",
  paused: "Paused",
  unknown: "Outcome unknown",
  skipped: "Skipped",
  cancelled: "Cancelled",
};

export const isEnded = (run: Run): boolean => run.status === "done" || run.status === "failed" || run.status === "cancelled";

/** Return the state of each step; jobs are the unfinished ones. */
export function progressOf(run: Run, details: RunDetails, jobs: Iterable<Job>, operations: Operations): Map<string, Progress> {
  const items = Map.groupBy(details.items, (item) => item.step);
  const running = Map.groupBy([...jobs].filter((job) => job.run === run.id), (job) => job.step ?? "");
  return new Map(run.steps.map((step) => [step.id, stepProgress(run, step, items.get(step.id) ?? [], running.get(step.id) ?? [], operations.get(step.tool)?.seconds)]));
}

function stepProgress(run: Run, step: RunStep, items: RunItem[], jobs: Job[], usual = 0): Progress {
  const made = items.filter((item) => item.media);
  const media = made.toSorted((a, b) => Number(b.picked ?? false) - Number(a.picked ?? false)).map((item) => item.media!);
  const error = items.find((item) => item.error && item.state === "failed")?.error;
  const state = stateOf(run, step, items, jobs);
  const ended = step.done + step.failed;
  if (step.total !== undefined && step.total > 1 && (state === "running" || state === "done")) {
    const text = state === "done" ? `Done, ${step.done} of ${step.total}` : `Running, ${ended} of ${step.total}`;
    return { state, text, share: ended / step.total, media, error };
  }
  const [job] = jobs;
  if (state !== "running" || !job) return { state, text: STATE_TEXT[state], media, error };
  if (job.state === "queued") return { state, text: "Queued", media, error };
  const ran = Math.round(runningFor(job));
  return { state, text: usual ? `Running, ${ran} of ${Math.round(usual)} s` : `Running, ${ran} s`, share: usual ? Math.min(1, ran / usual) : 0, media, error };
}

function stateOf(run: Run, step: RunStep, items: RunItem[], jobs: Job[]): StepState {
  const has = (state: RunItem["state"]) => items.some((item) => item.state === state);
  if (run.review?.includes(step.id)) return "review";
  if (has("unknown")) return "unknown";
  if (jobs.some((job) => job.status === "paused")) return "paused";
  const isSent = jobs.some((job) => job.status === "in-progress"); // it finishes although the run is paused
  if (has("running") && !isEnded(run)) return run.status === "paused" && !isSent ? "paused" : "running";
  if (step.total !== undefined && step.done + step.failed >= step.total && step.total > 0) {
    if (step.done) return "done";
    return has("failed") ? "failed" : has("skipped") ? "skipped" : has("cancelled") ? "cancelled" : "failed";
  }
  if (isEnded(run)) return has("done") ? "done" : has("failed") ? "failed" : run.status === "cancelled" ? "cancelled" : "skipped";
  return items.length ? "running" : "waiting";
}

/** Return the run in words: "Running, 4 of 9 steps". */
export function statusText(run: Run): string {
  const ended = run.steps.filter((step) => step.total !== undefined && step.done + step.failed >= step.total).length;
  const steps = `${ended} of ${run.steps.length} steps`;
  switch (run.status) {
    case "in-progress":
      return `Running, ${steps}`;
    case "review":
      return "Needs your pick";
    case "paused":
      return `Paused, ${steps}`;
    case "done":
      return run.failed ? `Done, ${run.failed} failed` : "Done";
    case "failed":
      return "Failed";
    default:
      return "Cancelled";
  }
}

/** Return what was spent and how long it takes: "spent 34 of 71 to 94 credits · about 2 min left". */
export function moneyText(run: Run, low?: number): string {
  const most = low !== undefined && low < run.max_credits ? `${count(low)} to ${credits(run.max_credits)}` : credits(run.max_credits);
  const spent = isEnded(run) ? `spent ${credits(run.credits)}` : `spent ${count(run.credits)} of ${most}`;
  return run.status === "in-progress" && run.seconds_left ? `${spent} · about ${seconds(run.seconds_left)} left` : spent;
}

/** What the user has to do so that a run continues: one message with its actions. */
export interface Decision {
  text: string;
  actions: { label: string; send: Record<string, unknown>; primary?: boolean }[];
  /** Whether a higher maximum price may be sent with it. */
  budget?: boolean;
}

const RESUME = { label: "Resume", send: { resume: true }, primary: true };

export function decisionOf(run: Run, details: RunDetails | undefined): Decision | undefined {
  const unknown = details?.unknown;
  if (unknown?.count && !isEnded(run)) {
    const [results, they] = unknown.count === 1 ? ["A result", "it"] : [`${unknown.count} results`, "they"];
    return {
      text: `${results} may have been charged but never arrived. If ${they} still ${they === "it" ? "comes" : "come"}, the run uses ${they === "it" ? "it" : "them"}.`,
      actions: [
        { label: `Pay again (${credits(unknown.credits)})`, send: { unknown: "pay_again" } },
        { label: "Skip", send: { unknown: "skip" } },
        ...(details?.paused_by_user ? [RESUME] : []),
      ],
    };
  }
  if (run.status !== "paused") return undefined;
  return { text: run.why ?? "The run is paused; nothing is sent.", actions: [RESUME], budget: !details?.paused_by_user };
}

/** Return what making a step and everything that needs it again costs at most, in credits. */
export function redoPrice(plan: Plan, run: Run, operations: Operations, id: string): number {
  const again = new Set([id, ...dependents(plan, id)]);
  return run.steps
    .filter((step) => again.has(step.id))
    .reduce((sum, step) => sum + (operations.get(step.tool)?.price[1] ?? 0) * Math.max(step.total ?? 1, 1), 0);
}

/** Return the pick of a contact sheet as the tool takes it: with the step, if several wait. */
export const pickOf = (run: Run, step: string, numbers: readonly (number | string)[]): string[] =>
  numbers.map((number) => ((run.review?.length ?? 0) > 1 ? `${step}.${number}` : String(number)));

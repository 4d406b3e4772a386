/** Jobs and runs in words: state, price, and the action that resolves a job that is stuck. */
import { count, credits } from "../ui/format.ts";
import type { Job } from "../ui/jobs.ts";
import type { Run as ListedRun } from "../workflow/run.ts";

/** A run in the list of jobs. */
export type Run = ListedRun & { kind: "run" };
export type Work = Job | Run;
export const isRun = (work: Work): work is Run => work.kind === "run";

/** Filters of the list, as the route takes them. */
export const FILTERS: Record<string, string> = {
  "": "Every state",
  queued: "Queued",
  running: "Running",
  paused: "Paused",
  done: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
  unknown: "Outcome unknown",
};

export type Tone = "accent" | "good" | "warn" | "bad" | "";
const TONES: Record<string, Tone> = { done: "good", failed: "bad", paused: "warn", unknown: "warn", review: "warn", "in-progress": "accent" };
export const toneOf = (work: Work): Tone => TONES[work.status] ?? "";

/** The price of a job, and whether it was charged. */
export function priceText(job: Job): string {
  if (job.cached) return "free, from the cache";
  return job.charged === "not charged" ? "not charged" : `${credits(job.credits)} ${job.charged}`;
}

export function runText(run: Run): string {
  const { status, done, total, failed } = run;
  const share = total === undefined ? `${count(done)} done` : `${count(done)} of ${count(total)}`;
  const lost = failed ? `, ${count(failed)} without a result` : "";
  switch (status) {
    case "in-progress":
      return `Running, ${share}${lost}`;
    case "review":
      return `Waits for your pick, ${share}`;
    case "paused":
      return `Paused, ${share}`;
    case "done":
      return `Done${lost}`;
    case "failed":
      return `Failed, ${share}`;
    default:
      return `Cancelled, ${share}`;
  }
}

/** The duration of a finished job, in seconds. */
export function tookSeconds({ created, finished }: Work): number | undefined {
  return finished ? Math.max(0, (Date.parse(finished) - Date.parse(created)) / 1000) : undefined;
}

export type Action = "cancel" | "resume" | "pay again" | "rerun";

/** What can be done with a job, the action that resolves its state first. */
export function actionsOf(job: Job): Action[] {
  if (job.status === "in-progress") return ["cancel"];
  if (job.status === "paused") return ["resume", "cancel"];
  if (job.status === "unknown") return ["pay again"];
  return ["rerun"];
}

/** What the state means for the user, where that isn't plain. */
export function meaningOf(job: Job): string {
  if (job.status === "paused") return job.progress;
  if (job.status === "unknown")
    return job.error ?? "It was sent, but no answer came: it may have been charged. It isn't repeated by itself.";
  return job.error ?? "";
}

/** Put a changed entry into a list: in its place, or in front. */
export function merged(list: readonly Work[], changed: Work, isFiltered: boolean): Work[] {
  const at = list.findIndex((each) => each.id === changed.id);
  if (at >= 0) return list.with(at, { ...list[at], ...changed } as Work);
  return isFiltered ? [...list] : [changed, ...list];
}

/** Unfinished jobs, as the stream of events tells them. */
import { onEvent } from "./client.ts";
import type { Media, Reference } from "./media.ts";
import { state } from "./state.ts";

export interface Job {
  kind?: "job";
  id: string;
  operation: string;
  status: "in-progress" | "paused" | "done" | "failed" | "cancelled" | "unknown";
  state: string;
  progress: string;
  label?: string;
  media: Media[];
  credits: number;
  charged: string;
  cached: boolean;
  error?: string;
  run?: string;
  step?: string;
  client?: string;
  created: string;
  finished?: string;
  prompt?: string;
  parents?: Reference[];
}
export interface JobDetail extends Job {
  arguments: Record<string, unknown>;
  generation?: string;
  fetchable_until?: string;
}

export const unfinished = state<ReadonlyMap<string, Job>>(new Map());
/** When this page first saw a job that was sent, in unix milliseconds: waiting for a slot isn't running. */
const startedAt = new Map<string, number>();

export const isOpen = (job: Job): boolean => job.status === "in-progress" || job.status === "paused";
export const isQueued = (job: Job): boolean => job.state === "queued";

onEvent("job", (job: Job | null) => {
  if (!job?.id) return;
  if (!isQueued(job) && !startedAt.has(job.id)) startedAt.set(job.id, Date.now());
  if (!isOpen(job)) startedAt.delete(job.id);
  unfinished.set((now) => {
    const next = new Map(now);
    if (isOpen(job)) next.set(job.id, job);
    else next.delete(job.id);
    return next;
  });
});

/** Return for how long a job has run, in seconds. */
export function runningFor(job: Job): number {
  return Math.max(0, (Date.now() - (startedAt.get(job.id) ?? Date.parse(job.created))) / 1000);
}

/** The state in words; with the usual duration of its operation, if that is known. */
export function stateText(job: Job, usual?: number): string {
  if (job.status === "paused") return "Paused";
  if (isQueued(job)) return "Queued";
  if (job.state === "storing") return "Storing the result";
  const run = Math.round(runningFor(job));
  return usual ? `Running, ${run} of about ${Math.round(usual)} s` : `Running, ${run} s`;
}

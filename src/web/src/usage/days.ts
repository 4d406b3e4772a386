/** Numbers of the usage page: days without gaps, the scale of the bars, the reset. Pure functions. */

export interface UsageLine {
  day?: string;
  operation?: string;
  jobs: number;
  requests: number;
  free: number;
  credits: number;
  /** May have been charged; counts as spent. */
  unknown: number;
  under_way: number;
  failed: number;
  failed_charged: number;
  unknown_jobs: number;
  seconds?: number;
}
export interface Usage {
  since: string;
  emulated: boolean;
  total: UsageLine;
  lines: UsageLine[];
  spent_today: number;
  reserved: number;
  budget?: number;
  cache_hits: number;
  credits_saved: number;
  places_taken: number;
  places: number;
  per_seconds: number;
  blocked_until?: string;
  nothing_is_sent?: string;
  notes?: string[];
}
export interface Day {
  /** 2026-11-30 */
  day: string;
  credits: number;
  requests: number;
}

export const isoDay = (at: Date): string => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
const two = (value: number): string => String(value).padStart(2, "0");

/** Return the last days up to today, oldest first; days without requests are 0. */
export function daysOf(lines: readonly UsageLine[], days: number, today: Date): Day[] {
  const byDay = new Map(lines.map((line) => [line.day, line]));
  return Array.from({ length: days }, (_, i) => {
    const day = isoDay(new Date(today.getFullYear(), today.getMonth(), today.getDate() - (days - 1 - i)));
    const line = byDay.get(day);
    return { day, credits: line ? line.credits + line.unknown : 0, requests: line?.requests ?? 0 };
  });
}

/** Return the marks of an axis from 0 to a round number above the highest value: 1, 2 or 5 times a power of ten apart. */
export function marks(highest: number): number[] {
  const rough = Math.max(highest, 4) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough)!;
  const count = Math.max(1, Math.ceil(highest / step));
  return Array.from({ length: count + 1 }, (_, i) => i * step);
}

/** Return the seconds until the next local midnight, when the daily budget starts again. */
export function untilReset(now: Date): number {
  return (new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1).getTime() - now.getTime()) / 1000;
}

/** Return jobs by outcome in words, without those that are 0. */
export function outcomes(total: UsageLine, running: number): { text: string; tone: "ok" | "no" | "" }[] {
  const failed = total.failed + total.failed_charged;
  const done = Math.max(0, total.jobs - failed - total.unknown_jobs - running);
  return [
    { count: done, text: "done", tone: "ok" as const },
    { count: total.failed, text: "failed, not charged", tone: "no" as const },
    { count: total.failed_charged, text: "failed, charged", tone: "no" as const },
    { count: total.unknown_jobs, text: "with unknown outcome", tone: "no" as const },
    { count: running, text: "unfinished", tone: "" as const },
  ]
    .filter(({ count }) => count > 0)
    .map(({ count, text, tone }) => ({ text: `${count} ${text}`, tone }));
}

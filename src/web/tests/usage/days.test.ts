import assert from "node:assert/strict";
import { test } from "node:test";
import { daysOf, marks, outcomes, untilReset, type UsageLine } from "../../src/usage/days.ts";

const line = (more: Partial<UsageLine>): UsageLine => ({
  jobs: 0,
  requests: 0,
  free: 0,
  credits: 0,
  unknown: 0,
  under_way: 0,
  failed: 0,
  failed_charged: 0,
  unknown_jobs: 0,
  ...more,
});

test("days without requests are 0, also across months, and what may have been charged counts", () => {
  const found = daysOf([line({ day: "2026-11-30", credits: 5, unknown: 2, requests: 3 })], 3, new Date(2026, 11, 1, 12));
  assert.deepEqual(found, [
    { day: "2026-11-29", credits: 0, requests: 0 },
    { day: "2026-11-30", credits: 7, requests: 3 },
    { day: "2026-12-01", credits: 0, requests: 0 },
  ]);
});

test("the axis has round marks and ends at or above the highest day", () => {
  assert.deepEqual(marks(187), [0, 50, 100, 150, 200]);
  assert.deepEqual(marks(3), [0, 1, 2, 3]);
  for (const highest of [0, 1, 7, 99, 100, 12_345]) {
    const axis = marks(highest);
    assert.ok(axis.at(-1)! >= highest && axis.length <= 6 && axis.length > 1, `${highest}: ${axis}`);
  }
});

test("the budget starts again at the next midnight", () => {
  assert.equal(untilReset(new Date(2026, 10, 30, 18, 9)), (5 * 60 + 51) * 60);
});

test("outcomes leave out what there is none of", () => {
  assert.deepEqual(
    outcomes(line({ jobs: 10, failed: 1, unknown_jobs: 1 }), 2).map(({ text }) => text),
    ["6 done", "1 failed, not charged", "1 with unknown outcome", "2 unfinished"],
  );
  assert.deepEqual(outcomes(line({}), 0), []);
});

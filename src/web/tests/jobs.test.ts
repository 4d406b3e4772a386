import assert from "node:assert/strict";
import { test } from "node:test";
import { actionsOf, merged, priceText, type Run, runText, type Work } from "../src/jobs/words.ts";
import type { Job } from "../src/ui/jobs.ts";

const job = (changes: Partial<Job>): Job => ({
  id: "a",
  operation: "generate_core",
  status: "done",
  state: "done",
  progress: "done",
  media: [],
  credits: 3,
  charged: "charged",
  cached: false,
  created: "2026-11-30T10:00:00Z",
  ...changes,
});

test("each state names the action that resolves it", () => {
  assert.deepEqual(actionsOf(job({ status: "unknown" })), ["pay again"]);
  assert.equal(actionsOf(job({ status: "paused" }))[0], "resume");
  assert.deepEqual(actionsOf(job({ status: "in-progress" })), ["cancel"]);
  assert.deepEqual(actionsOf(job({ status: "failed" })), ["rerun"]);
});

test("a price says whether it was charged", () => {
  assert.equal(priceText(job({})), "3 credits charged");
  assert.equal(priceText(job({ charged: "may have been charged" })), "3 credits may have been charged");
  assert.equal(priceText(job({ charged: "not charged" })), "not charged");
  assert.equal(priceText(job({ cached: true })), "free, from the cache");
});

test("an event changes its job in place; a new job comes first, unless the list is filtered", () => {
  const list: Work[] = [job({ id: "b" }), job({ id: "a", status: "in-progress" })];
  assert.deepEqual(merged(list, job({ id: "a" }), false).map((each) => [each.id, each.status]), [["b", "done"], ["a", "done"]]);
  assert.deepEqual(merged(list, job({ id: "c" }), false).map((each) => each.id), ["c", "b", "a"]);
  assert.equal(merged(list, job({ id: "c" }), true).length, 2);
});

test("a run says how far it is, and what it waits for", () => {
  const run = { kind: "run", id: "r", status: "review", done: 3, total: 9, failed: 0, steps: [], credits: 1, max_credits: 2, created: "" } as Run;
  assert.equal(runText(run), "Waits for your pick, 3 of 9");
  assert.equal(runText({ ...run, status: "in-progress", total: undefined, failed: 1 }), "Running, 3 done, 1 without a result");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Job } from "../../src/ui/jobs.ts";
import { decisionOf, moneyText, pickOf, progressOf, redoPrice, type Run, type RunDetails, statusText } from "../../src/workflow/run.ts";
import { OPERATIONS } from "./operations.ts";

const plan = {
  steps: [
    { id: "draft", tool: "generate_core", count: 2, review: true },
    { id: "cut", tool: "edit_remove_background", arguments: { image: "$draft" } },
    { id: "large", tool: "upscale_fast", arguments: { image: "$cut" } },
  ],
};
const run = (more: Partial<Run> = {}): Run => ({
  id: "r1",
  status: "in-progress",
  steps: [
    { id: "draft", tool: "generate_core", total: 2, done: 2, failed: 0, charged: 6 },
    { id: "cut", tool: "edit_remove_background", total: 1, done: 0, failed: 0, charged: 0 },
    { id: "large", tool: "upscale_fast", total: 1, done: 0, failed: 0, charged: 0 },
  ],
  done: 2,
  failed: 0,
  credits: 6,
  max_credits: 14,
  created: "2026-11-30T10:00:00Z",
  ...more,
});
const details = (more: Partial<RunDetails> = {}): RunDetails => ({
  id: "r1",
  plan,
  inputs: {},
  items: [
    { step: "draft", number: 1, state: "done", media: "m1", picked: false },
    { step: "draft", number: 2, state: "done", media: "m2", picked: true },
    { step: "cut", number: 1, state: "running" },
  ],
  unknown: { count: 0, credits: 0 },
  ...more,
});
const job = { id: "j1", run: "r1", step: "cut", status: "in-progress", state: "queued", created: "2026-11-30T10:00:00Z" } as Job;

test("steps are done, running or waiting, and show the picked result first", () => {
  const found = progressOf(run(), details(), [job], OPERATIONS);
  assert.deepEqual(found.get("draft")!.media, ["m2", "m1"]);
  assert.deepEqual([...found].map(([id, each]) => [id, each.state, each.text]), [
    ["draft", "done", "Done, 2 of 2"],
    ["cut", "running", "Queued"],
    ["large", "waiting", "Waiting"],
  ]);
});

test("a review, a failure, a pause and an unknown outcome are named", () => {
  const state = (more: Partial<Run>, items: RunDetails["items"], id: string) => progressOf(run(more), details({ items }), [], OPERATIONS).get(id)!.state;
  assert.equal(state({ status: "review", review: ["draft"] }, [], "draft"), "review");
  assert.equal(state({}, [{ step: "cut", number: 1, state: "unknown" }], "cut"), "unknown");
  assert.equal(state({ status: "paused" }, [{ step: "cut", number: 1, state: "running" }], "cut"), "paused");
  const failed = run().steps.map((step) => (step.id === "cut" ? { ...step, failed: 1 } : step));
  assert.equal(state({ steps: failed }, [{ step: "cut", number: 1, state: "failed", error: "refused" }], "cut"), "failed");
  assert.equal(state({ status: "cancelled" }, [], "large"), "cancelled");
});

test("the head says how far it is, what was spent and how long it takes", () => {
  assert.equal(statusText(run()), "Running, 1 of 3 steps");
  assert.equal(moneyText(run({ seconds_left: 95 }), 10), "spent 6 of 10 to 14 credits · about 1 min 35 s left");
  assert.equal(moneyText(run({ status: "done" })), "spent 6 credits");
});

test("one message says what the user has to decide", () => {
  assert.equal(decisionOf(run(), details()), undefined);
  assert.equal(decisionOf(run({ status: "done" }), details({ unknown: { count: 1, credits: 3 } })), undefined);
  const unknown = decisionOf(run({ status: "paused" }), details({ unknown: { count: 2, credits: 8 } }))!;
  assert.deepEqual(unknown.actions.map(({ label, send }) => [label, send]), [
    ["Pay again (8 credits)", { unknown: "pay_again" }],
    ["Skip", { unknown: "skip" }],
  ]);
  const paused = decisionOf(run({ status: "paused", why: "Today's budget is used up." }), details())!;
  assert.equal(paused.text, "Today's budget is used up.");
  assert.deepEqual(paused.actions[0]!.send, { resume: true });
  assert.ok(paused.budget);
  const own = details({ paused_by_user: true, unknown: { count: 1, credits: 3 } });
  assert.deepEqual(decisionOf(run({ status: "paused" }), own)!.actions.map(({ label }) => label), ["Pay again (3 credits)", "Skip", "Resume"]);
  assert.ok(!decisionOf(run({ status: "paused" }), details({ paused_by_user: true }))!.budget);
});

test("a redo costs at most its step and everything that needs it", () => {
  assert.equal(redoPrice(plan, run(), OPERATIONS, "cut"), 6);
  assert.equal(redoPrice(plan, run(), OPERATIONS, "draft"), 12);
});

test("a pick names its step only if several wait", () => {
  assert.deepEqual(pickOf(run({ review: ["draft"] }), "draft", [1, 3]), ["1", "3"]);
  assert.deepEqual(pickOf(run({ review: ["draft", "cut"] }), "draft", ["none"]), ["draft.none"]);
});

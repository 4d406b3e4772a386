import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addStep,
  changeStep,
  connect,
  delivered,
  dependents,
  differences,
  duplicateStep,
  freshId,
  historyOf,
  type Plan,
  problemsByArgument,
  readPlan,
  record,
  redo,
  removeStep,
  rename,
  sources,
  stepOf,
  takes,
  undo,
  warning,
} from "../../src/workflow/plan.ts";
import { OPERATIONS } from "./operations.ts";

const PLAN: Plan = {
  inputs: { subject: { default: "an owl" }, moods: { many: true } },
  steps: [
    { id: "draft", tool: "generate_core", count: 3, review: true, arguments: { prompt: "a logo of {subject}" } },
    { id: "cut", tool: "edit_remove_background", arguments: { image: "$draft" } },
    { id: "sizes", tool: "image_transform", foreach: "$moods", arguments: { image: "$cut", steps: [{ op: "resize", longest: "$item" }] } },
    { id: "theme", tool: "audio2_text_to_audio", arguments: { prompt: "calm" } },
  ],
  outputs: { logo: "$cut" },
};

test("a step names its references in arguments, lists and texts, without the element itself", () => {
  assert.deepEqual(takes(PLAN.steps[0]!), [["prompt", ["subject"]]]);
  assert.deepEqual(takes(PLAN.steps[2]!), [
    ["for each", ["moods"]],
    ["image", ["cut"]],
  ]);
});

test("a step can't take what needs it, and only what its argument takes", () => {
  assert.deepEqual(sources(PLAN, "draft", "image", OPERATIONS), []);
  assert.deepEqual(sources(PLAN, "cut", "image", OPERATIONS), ["draft"]);
  assert.deepEqual(sources(PLAN, "cut", undefined, OPERATIONS), ["subject", "moods"]);
  assert.deepEqual([...dependents(PLAN, "draft")].sort(), ["cut", "sizes"]);
});

test("connecting a step to one that it needs changes nothing", () => {
  assert.equal(connect(PLAN, "cut", "draft", "image"), PLAN);
  assert.equal(connect(PLAN, "cut", "cut", "image"), PLAN);
  assert.equal(stepOf(connect(PLAN, "draft", "sizes", "for each"), "sizes")!.foreach, "$draft");
});

test("a new step takes its picture from the step before it, if that makes one", () => {
  const [after, id] = addStep(PLAN, OPERATIONS.get("upscale_fast")!, OPERATIONS, "cut");
  assert.equal(id, "fast");
  assert.deepEqual(stepOf(after, id), { id, tool: "upscale_fast", arguments: { image: "$cut" } });
  assert.equal(after.steps.indexOf(stepOf(after, id)!), 2);
  const [sound] = addStep(PLAN, OPERATIONS.get("upscale_fast")!, OPERATIONS, "theme");
  assert.deepEqual(stepOf(sound, "fast")!.arguments, {});
});

test("removing a step removes what others take from it", () => {
  const after = removeStep(PLAN, "cut");
  assert.deepEqual(stepOf(after, "sizes")!.arguments, { steps: [{ op: "resize", longest: "$item" }] });
  assert.equal(after.outputs, undefined);
});

test("a new name appears wherever the old one was", () => {
  const after = rename(rename(PLAN, "cut", "cutout"), "subject", "animal");
  assert.equal(stepOf(after, "sizes")!.arguments!.image, "$cutout");
  assert.deepEqual(after.outputs, { logo: "$cutout" });
  assert.equal(stepOf(after, "draft")!.arguments!.prompt, "a logo of {animal}");
  assert.deepEqual(Object.keys(after.inputs!), ["animal", "moods"]);
  assert.equal(rename({ steps: [{ id: "a", tool: "t", arguments: { image: "$b.2" } }, { id: "b", tool: "t" }] }, "b", "c").steps[0]!.arguments!.image, "$c.2");
});

test("a name that is taken or impossible is refused", () => {
  for (const name of ["draft", "subject", "item", "Cut", "", "a b", "a".repeat(41)]) assert.equal(rename(PLAN, "cut", name), PLAN);
});

test("fresh ids avoid steps, inputs and the element", () => {
  assert.equal(freshId(PLAN, "Cut"), "cut_2");
  assert.equal(freshId(PLAN, "item"), "item_2");
  assert.equal(freshId(PLAN, "3D model"), "d_model");
  assert.equal(duplicateStep(PLAN, "cut")[1], "cut_2");
});

test("default values aren't written into a plan", () => {
  assert.deepEqual(stepOf(changeStep(PLAN, "draft", { count: 1, review: false, blind: true }), "draft"), {
    id: "draft",
    tool: "generate_core",
    arguments: { prompt: "a logo of {subject}" },
  });
});

test("without outputs, a plan delivers what no other step uses", () => {
  assert.deepEqual(delivered({ steps: PLAN.steps }), [
    ["sizes", "sizes"],
    ["theme", "theme"],
  ]);
  assert.deepEqual(delivered(PLAN), [["logo", "cut"]]);
});

test("undo goes through states of the plan; typing in one field is one state", () => {
  const typed = (text: string) => changeStep(PLAN, "theme", { arguments: { prompt: text } });
  let history = historyOf(PLAN);
  history = record(record(history, typed("c"), "prompt theme"), typed("ca"), "prompt theme");
  history = record(history, removeStep(history.now, "theme"));
  assert.equal(record(history, structuredClone(history.now)), history);
  history = undo(history);
  assert.deepEqual(history.now, typed("ca"));
  history = undo(history);
  assert.equal(history.now, PLAN);
  assert.equal(undo(history).now, PLAN);
  assert.equal(stepOf(redo(redo(history)).now, "theme"), undefined);
  assert.equal(record(history, typed("x")).future.length, 0);
});

test("a warning names its step and argument, and a problem is shown at its argument", () => {
  assert.deepEqual(warning('step "cut", image: It is enlarged, then cropped. Crop first.'), {
    step: "cut",
    argument: "image",
    message: "It is enlarged, then cropped. Crop first.",
    level: "warning",
  });
  assert.equal(warning("Something else.").message, "Something else.");
  const problems = [{ step: "cut", argument: "steps[0].longest", message: "Too large.", hint: "Use 512.", level: "error" as const }];
  assert.deepEqual(problemsByArgument(problems, "cut"), { steps: "Too large. Use 512." });
  assert.deepEqual(problemsByArgument(problems, "draft"), {});
});

test("text that isn't a plan says what is wrong", () => {
  assert.match(readPlan("{") as string, /isn't valid JSON/);
  assert.match(readPlan("[]") as string, /A plan is an object/);
  assert.match(readPlan("{}") as string, /needs "steps"/);
  assert.match(readPlan('{"steps": [{"id": "a"}]}') as string, /Step 1 needs/);
  assert.match(readPlan('{"steps": [{"id": "a", "tool": "t"}, {"id": "a", "tool": "t"}]}') as string, /Two steps/);
  assert.deepEqual(readPlan(JSON.stringify(PLAN)), PLAN);
});

test("two versions are compared by step and field", () => {
  assert.deepEqual(differences(PLAN, changeStep({ ...PLAN, title: "New" }, "cut", { count: 2 })).sort(), ["step cut", "title"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { inputsOfMedia } from "../../src/workflow/plan.ts";

test("media chosen in the gallery become inputs of a new workflow, one of each kind", () => {
  assert.deepEqual(inputsOfMedia(new URLSearchParams({ image: "a,b", audio: "c" })), {
    pictures: { type: "image", many: true, default: ["media://a", "media://b"] },
    sound: { type: "audio", default: "media://c" },
  });
  assert.equal(inputsOfMedia(new URLSearchParams({ plan: "x" })), undefined);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { argumentsOf, fieldsOf, missingOf, readJson, sliderOf, textOf } from "../src/ui/schema.ts";

const SCHEMA = {
  properties: {
    image: { type: "string" },
    style_preset: { type: "string", enum: ["anime", "comic-book"] },
    seed: { type: "integer", default: 0, minimum: 0, maximum: 4294967294 },
    strength: { anyOf: [{ type: "number", minimum: 0, maximum: 1 }, { type: "null" }] },
    prompt: { type: "string", description: "What to show." },
    references: { type: "array", items: { type: "string" } },
    confirm_spend: { type: "number" },
  },
  required: ["prompt", "image"],
};
const FIELDS = fieldsOf(SCHEMA, { image: "image", references: "image" });

test("each argument gets the control that fits, required ones come first", () => {
  assert.deepEqual(
    FIELDS.map((each) => [each.name, each.control]),
    [["image", "file"], ["prompt", "long"], ["style_preset", "choice"], ["seed", "number"], ["strength", "number"], ["references", "files"]],
  );
});

test("a number gets a slider only where each value can be reached", () => {
  const schemaOf = (name: string) => FIELDS.find((each) => each.name === name)!.schema;
  assert.equal(sliderOf(schemaOf("seed")), undefined);
  assert.deepEqual(sliderOf(schemaOf("strength")), { min: 0, max: 1, step: 0.01 });
});

test("required arguments that are empty are named; blanks are empty", () => {
  assert.deepEqual(missingOf(FIELDS, { prompt: "  " }).map((each) => each.name), ["image", "prompt"]);
  assert.deepEqual(missingOf(FIELDS, { prompt: "a fox", image: "media://a" }), []);
});

test("what is empty or equals its default isn't sent", () => {
  assert.deepEqual(argumentsOf(FIELDS, { prompt: "a fox", seed: 0, style_preset: undefined, references: [] }), { prompt: "a fox" });
});

test("a list of texts is entered as one a line, and anything as JSON", () => {
  assert.deepEqual(readJson("a fox\n\n a hen: red ", true), ["a fox", "a hen: red"]);
  assert.deepEqual(readJson('[{"prompt": "a fox"}]', true), [{ prompt: "a fox" }]);
  assert.equal(readJson('[{"prompt": "a', true), '[{"prompt": "a');
  assert.equal(readJson("a fox\na hen", false), "a fox\na hen");
  assert.equal(readJson(" ", true), undefined);
});

test("what is entered as lines is shown as lines again, if it reads the same", () => {
  for (const value of [["a fox", "a hen"], ["[a]", "b"], ["7", "8"], ["a\nb"], [{ prompt: "a" }], 3]) {
    assert.deepEqual(readJson(textOf(value), true), value);
  }
  assert.equal(textOf(["a fox", "a hen"]), "a fox\na hen");
});

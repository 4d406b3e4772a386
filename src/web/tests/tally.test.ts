import assert from "node:assert/strict";
import { test } from "node:test";
import { rowsOf } from "../src/compare/differences.ts";
import { pairsOf, type Pick, shuffled, sides, talliesOf, type Trial, verdict, winner } from "../src/compare/tally.ts";

const items = ["a", "b", "c", "d"].map((id, i) => ({ id, setting: i % 2 ? "photo" : "anime" }));
const judged = (picks: Pick[]): Trial[] => picks.map((pick) => ({ items: ["a", "b"], settings: ["anime", "photo"], swapped: false, pick }));

test("pictures of one setting aren't a pair: they differ only by chance", () => {
  const pairs = pairsOf(items);
  assert.equal(pairs.length, 4);
  assert.ok(pairs.every((each) => each.settings.join() === "anime,photo"));
  assert.deepEqual(pairs.map((each) => each.items.join("")).sort(), ["ab", "ad", "cb", "cd"]);
});

test("order and sides are random, and every pair is judged once", () => {
  const pairs = pairsOf(items);
  const first = shuffled(pairs, sequence([0.1, 0.9]));
  const second = shuffled(pairs, sequence([0.9, 0.1, 0.4]));
  assert.deepEqual(first.map((each) => each.items.join("")).sort(), pairs.map((each) => each.items.join("")).sort());
  assert.notDeepEqual(first.map(sides), second.map(sides));
});

test("a pick counts for the setting that was shown there, whatever the side", () => {
  const shown: Trial = { items: ["a", "b"], settings: ["anime", "photo"], swapped: true };
  assert.deepEqual(sides(shown), ["b", "a"]);
  assert.equal(winner({ ...shown, pick: "left" }), 1);
  assert.equal(winner({ ...shown, pick: "right" }), 0);
  assert.equal(winner({ ...shown, pick: "tie" }), undefined);
  assert.equal(winner({ ...shown, swapped: false, pick: "left" }), 0);
});

test("fewer than 10 pairs are too few to conclude", () => {
  const [nine] = talliesOf(judged(Array.from({ length: 9 }, () => "left" as const)));
  assert.equal(verdict(nine!), "9 of 10 pairs: too few to conclude.");
  const [twenty] = talliesOf(judged([...Array.from({ length: 12 }, () => "left" as const), "right", "tie", "neither", ...Array.from({ length: 5 }, () => "right" as const)]));
  assert.deepEqual({ ...twenty, settings: undefined }, { settings: undefined, wins: [12, 6], ties: 1, neither: 1, pairs: 20 });
  assert.equal(verdict(twenty!), "anime was picked in 12 of 20.");
  assert.equal(talliesOf([{ ...judged(["tie"])[0]!, pick: undefined }]).length, 0);
});

test("what differs comes first, and settings that nothing has are left out", () => {
  const media = (id: string, seed: string) => ({ id, uri: "", media_type: "image/png", bytes: 1, origin: "generated", created: "", operation: "generate_core", seed, results: [], result_count: 0, notes: [] }) as never;
  const rows = rowsOf([media("a", "1"), media("b", "2")], [{ prompt: "x", style_preset: "anime" }, { prompt: "x" }]);
  assert.deepEqual(rows.map((each) => [each.name, each.differs]), [
    ["style preset", true],
    ["seed", true],
    ["made by", false],
    ["prompt", false],
    ["pixels", false],
  ]);
});

function sequence(values: number[]): () => number {
  let at = 0;
  return () => values[at++ % values.length]!;
}

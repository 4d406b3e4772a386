import assert from "node:assert/strict";
import { test } from "node:test";
import { bestDrawing, curve, draw, neighbour } from "../../src/workflow/layout.ts";
import type { Plan } from "../../src/workflow/plan.ts";
import { OPERATIONS } from "./operations.ts";

const PLAN: Plan = {
  steps: [
    { id: "a", tool: "generate_core" },
    { id: "b", tool: "edit_remove_background", arguments: { image: "$a" } },
    { id: "c", tool: "upscale_fast", arguments: { image: "$b" } },
    { id: "d", tool: "image_layout", arguments: { images: ["$a", "$c"] } },
  ],
};

/** A plan of 200 steps with edges that skip layers. */
const large: Plan = {
  inputs: { brief: {} },
  steps: Array.from({ length: 200 }, (_, i) => ({
    id: `s${i}`,
    tool: i < 8 ? "generate_core" : "upscale_fast",
    arguments: i < 8 ? { prompt: "$brief" } : { image: `$s${i - 8}`, mask: i % 3 ? undefined : `$s${Math.max(0, i - 21)}` },
  })),
};

for (const direction of ["right", "down"] as const)
  test(`no step covers another, and steps follow what they need (${direction})`, () => {
    const { nodes, edges, byId } = draw(large, OPERATIONS, direction, new Set(["s3"]));
    assert.equal(nodes.length, 201);
    for (const [i, one] of nodes.entries())
      for (const other of nodes.slice(i + 1)) {
        const apart = one.x + one.width <= other.x || other.x + other.width <= one.x || one.y + one.height <= other.y || other.y + other.height <= one.y;
        assert.ok(apart, `${one.id} covers ${other.id}`);
      }
    const at = direction === "right" ? "x" : "y";
    for (const edge of edges) assert.ok(byId.get(edge.from)![at] < byId.get(edge.to)![at]);
  });

test("200 steps are laid out in 10 ms", () => {
  const times = Array.from({ length: 30 }, () => {
    const start = performance.now();
    draw(large, OPERATIONS, "down");
    return performance.now() - start;
  });
  assert.ok(Math.min(...times) <= 10, `${Math.min(...times)} ms`);
});

test("an edge that skips a layer runs through a slot of its own", () => {
  const drawing = draw(PLAN, OPERATIONS, "right");
  const edge = drawing.edges.find((each) => each.from === "a" && each.to === "d")!;
  assert.equal(edge.via.length, 2);
  assert.equal(curve(edge, drawing).match(/M/g)!.length, 5);
});

test("arrow keys follow edges, in the direction of the drawing", () => {
  const right = draw(PLAN, OPERATIONS, "right");
  assert.equal(neighbour(right, "a", "ArrowRight"), "b");
  assert.equal(neighbour(right, "b", "ArrowLeft"), "a");
  const down = draw(PLAN, OPERATIONS, "down");
  assert.equal(neighbour(down, "b", "ArrowDown"), "c");
  assert.equal(neighbour(down, "c", "ArrowUp"), "b");
  assert.equal(neighbour(down, "a", "ArrowUp"), undefined);
  const side: Plan = { steps: ["a", "b"].map((id) => ({ id, tool: "generate_core" })) };
  assert.equal(neighbour(draw(side, OPERATIONS, "right"), "a", "ArrowDown"), "b");
});

test("a cycle and a reference to nothing are drawn, not hung on", () => {
  const cycle: Plan = { steps: [{ id: "a", tool: "upscale_fast", arguments: { image: "$b" } }, { id: "b", tool: "upscale_fast", arguments: { image: "$a" } }, { id: "c", tool: "x", arguments: { image: "$gone" } }] };
  assert.equal(draw(cycle, OPERATIONS, "down").nodes.length, 3);
  assert.equal(bestDrawing({ steps: [] }, OPERATIONS, { width: 0, height: 0 }).nodes.length, 0);
});

test("a chain runs in the direction that the room allows", () => {
  assert.equal(bestDrawing(PLAN, OPERATIONS, { width: 1800, height: 300 }).direction, "right");
  assert.equal(bestDrawing(PLAN, OPERATIONS, { width: 390, height: 900 }).direction, "down");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { CAPTION, GAP, layoutOf, neighbour, rowOf, rowsBetween } from "../src/gallery/rows.ts";

const RATIOS = Array.from({ length: 1000 }, (_, i) => [1.75, 1, 0.56, 1.5][i % 4]!);
const WIDTH = 1200;

test("each full row fills the width to the pixel", () => {
  const { rows } = layoutOf(RATIOS, WIDTH);
  for (const { from, to, height } of rows.slice(0, -1)) {
    const wide = RATIOS.slice(from, to).reduce((sum, each) => sum + each * height, 0) + GAP * (to - from - 1);
    assert.ok(Math.abs(wide - WIDTH) < 0.01, `${from}: ${wide}`);
  }
});

test("every item is in exactly one row, and rows don't overlap", () => {
  const { rows, height } = layoutOf(RATIOS, WIDTH);
  assert.deepEqual(rows.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i)), RATIOS.map((_, i) => i));
  rows.reduce((end, row) => (assert.ok(Math.abs(row.top - end) < 0.01), row.top + row.height + CAPTION + GAP), 0);
  assert.equal(Math.round(height), Math.round(rows.at(-1)!.top + rows.at(-1)!.height + CAPTION + GAP));
});

test("a single picture isn't stretched over the page", () => {
  const [row] = layoutOf([1], WIDTH).rows;
  assert.equal(row!.height, 190);
});

test("a window holds few pictures, also if all of them are tall", () => {
  for (const ratio of [0.1, 0.56, 0.67, 1, 1.75]) {
    const layout = layoutOf(Array(2000).fill(ratio), WIDTH);
    const drawn = rowsBetween(layout, 9_000, 10_400).reduce((sum, { from, to }) => sum + to - from, 0);
    assert.ok(drawn <= 60, `${drawn} of ${ratio}`);
  }
});

test("pictures without a size, panoramas and strips get a usable width", () => {
  for (const ratio of [0, Number.NaN, 40, 0.01]) assert.ok(layoutOf([ratio, 1, 1], 390).rows.every((each) => Number.isFinite(each.height)));
});

test("only rows in view are returned, wherever the window is", () => {
  const layout = layoutOf(RATIOS, WIDTH);
  const all = (top: number, bottom: number) => layout.rows.filter((row) => row.top + row.height + CAPTION >= top && row.top < bottom);
  for (const top of [-500, 0, 1, 3333, layout.height - 10, layout.height + 999]) assert.deepEqual(rowsBetween(layout, top, top + 900), all(top, top + 900));
});

test("arrow down goes to the picture below, and up comes back", () => {
  const layout = layoutOf(RATIOS, WIDTH);
  const below = neighbour(layout, RATIOS, 1, 1);
  assert.equal(rowOf(layout, below), layout.rows[1]);
  assert.equal(rowOf(layout, neighbour(layout, RATIOS, below, -1)), layout.rows[0]);
  assert.equal(neighbour(layout, RATIOS, 0, -1), 0);
});

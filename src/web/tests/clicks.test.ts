import assert from "node:assert/strict";
import { test } from "node:test";
import { changedOf, priceOf, startedText } from "../src/gallery/changes.ts";
import { aroundPoint, FIT, fitScale, within } from "../src/gallery/placement.ts";
import { bytes, plain, seconds } from "../src/ui/format.ts";

test("the button shows the price of all variants", () => {
  assert.equal(priceOf({ price: [3, 3] }, { count: 4 }), "12 credits");
  assert.equal(priceOf({ price: [17, 20] }, {}), "17 to 20 credits");
  assert.equal(priceOf({ price: [1, 1] }, {}), "1 credit");
});

test("a rerun sends only what was changed", () => {
  const before = { prompt: "a fox", seed: 7, label: "fox" };
  assert.deepEqual(changedOf(before, before), {});
  assert.deepEqual(changedOf({ ...before, prompt: "an owl", label: "owl" }, before), { changes: { prompt: "an owl" }, label: "owl" });
});

test("a rerun sets an argument back to its default", () => {
  const before = { prompt: "a fox", aspect_ratio: "16:9", seed: 7, label: "fox" };
  assert.deepEqual(changedOf({ prompt: "a fox", seed: 7 }, before), { changes: { aspect_ratio: null } });
});

test("an answer from the cache says that it was free", () => {
  assert.match(startedText({ cached: ["a"], jobs: [{}] }), /nothing was charged/);
  assert.match(startedText({ jobs: [{}, {}] }), /2 jobs/);
});

test("zooming keeps the point under the pointer, and the picture stays in its box", () => {
  const [picture, box] = [{ width: 2000, height: 1000 }, { width: 1000, height: 800 }];
  assert.equal(fitScale(picture, box), 0.5);
  const point = { x: 700, y: 420 };
  const zoomed = aroundPoint(FIT, 2, point, box);
  const under = (at: typeof FIT) => (point.x - box.width / 2 - at.x) / at.zoom;
  assert.equal(under(zoomed), under(FIT));
  assert.deepEqual(within({ zoom: 2, x: 9999, y: -9999 }, picture, box), { zoom: 2, x: 500, y: -100 });
  assert.deepEqual(within({ zoom: 0.2, x: 50, y: 50 }, picture, box), FIT);
});

test("numbers read well, and a name can't reorder its line", () => {
  assert.deepEqual([seconds(31.4), seconds(59.7), seconds(90), seconds(119.6), seconds(7260)], ["31 s", "1 min", "1 min 30 s", "2 min", "2 h 1 min"]);
  assert.deepEqual([bytes(999), bytes(2_130_000)], ["999 bytes", "2.13 MB"]);
  assert.equal(plain("a\u202egnp.exe\ud800\n"), "a gnp.exe\ufffd ");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { canvasScale, fromStored, made, MAX_CANVAS, MAX_POINTS, measured, type Point, strokeRows, thin, toSend } from "../src/mask/strokes.ts";
import { fitted, pinched, zoomed } from "../src/mask/view.ts";

const PICTURE = { width: 1536, height: 1024 };
const wave: Point[] = Array.from({ length: 4000 }, (_, i) => [400 + i / 8, 300 + 40 * Math.sin(i / 90)]);

test("a thinned stroke keeps its ends and stays within a pixel of what was drawn", () => {
  const found = thin(wave, 1);
  assert.ok(found.length < wave.length / 40, `${found.length} points`);
  assert.deepEqual([found[0], found.at(-1)], [wave[0], wave.at(-1)]);
  for (const [x, y] of wave) {
    const near = Math.min(...found.slice(1).map((b, i) => away([x, y], found[i]!, b)));
    assert.ok(near <= 1, `${near} at ${x}`);
  }
});

test("a stroke of any length fits into one shape", () => {
  const noisy: Point[] = Array.from({ length: 6_000 }, (_, i) => [i % 1500, (i * 7919) % 1000]);
  assert.ok(made("brush", noisy, 20, false, PICTURE)!.points!.length <= MAX_POINTS);
});

test("a rectangle is cut to the picture, and one without area isn't a shape", () => {
  assert.deepEqual(made("rectangle", [[900, 900], [-50, 5000]], 1, true, PICTURE), { shape: "rectangle", box: [0, 901, 901, 1024], erase: true });
  assert.equal(made("rectangle", [[10, 10], [10, 400]], 1, false, PICTURE), undefined);
  assert.equal(made("rectangle", [[2000, 10], [3000, 400]], 1, false, PICTURE), undefined);
});

test("a stroke next to the picture is moved to its edge, where its brush reaches", () => {
  assert.deepEqual(made("brush", [[-9, 50], [-9, 90]], 40, false, PICTURE)!.points, [[0, 50], [0, 90]]);
});

test("numbers up to 1 are never sent: the server reads them as shares of the picture", () => {
  assert.ok(Math.max(...made("brush", [[0, 0]], 10, false, PICTURE)!.points!.flat()) > 1);
  assert.ok(Math.max(...made("rectangle", [[-0.5, -0.5], [0.5, 0.5]], 1, false, PICTURE)!.box!) > 1);
});

test("clear drops what precedes it, and only until it is undone", () => {
  const dot = made("brush", [[5, 5]], 10, false, PICTURE)!;
  const steps = [dot, { shape: "invert" }, { shape: "clear" }, dot];
  assert.deepEqual(toSend(steps), [dot]);
  assert.deepEqual(toSend(steps.slice(0, 2)), steps.slice(0, 2));
});

test("a stored mask opens with its shapes in pixels", () => {
  const shapes = [{ shape: "rectangle", box: [0.5, 0, 1, 1] as [number, number, number, number] }, { shape: "stroke", points: [[0.25, 0.5]] as Point[], size: 0.01 }];
  assert.deepEqual(fromStored(shapes, "abc", PICTURE), [
    { shape: "rectangle", box: [768, 0, 1536, 1024] },
    { shape: "stroke", points: [[384, 512]], size: 15 },
  ]);
});

test("a stored mask with shapes that only the server draws opens as a whole", () => {
  assert.deepEqual(fromStored([{ shape: "subject" }, { shape: "grow", size: 4 }], "abc", PICTURE), [{ shape: "mask", mask: "abc" }]);
});

test("a canvas has at most 4 MP, also for 100 MP", () => {
  assert.equal(canvasScale(PICTURE), 1);
  const [width, height] = [12_500, 8_000];
  const scale = canvasScale({ width, height });
  assert.ok(width * scale * height * scale <= MAX_CANVAS * 1.0001);
});

test("share and box are those of the picture, however small the copy is", () => {
  const data = new Uint8Array(4 * 16);
  for (const at of [5, 6, 9, 10]) data[4 * at + 3] = 255;
  assert.deepEqual(measured(data, { width: 4, height: 4 }, { width: 400, height: 800 }), { share: 0.25, box: [100, 200, 300, 600] });
  assert.deepEqual(measured(new Uint8Array(64), { width: 4, height: 4 }, PICTURE), { share: 0 });
});

test("a stroke has the pixels that Pillow 13 draws, each once", () => {
  const rows = (points: Point[], size: number) => Object.fromEntries(strokeRows({ shape: "stroke", points, size }));
  assert.deepEqual(rows([[5, 5]], 2), { 4: [[5, 5]], 5: [[4, 6]], 6: [[5, 5]] });
  assert.deepEqual(rows([[5.5, 5], [9, 6]], 2), { 4: [[5, 5]], 5: [[4, 9]], 6: [[5, 10]], 7: [[9, 9]] });
  assert.deepEqual(rows([[5, 5], [5, 5], [15, 5]], 1), { 5: [[5, 15]] });
});

test("zooming keeps the pixel under the pointer, with a wheel and with two fingers", () => {
  const view = fitted(PICTURE, { width: 800, height: 600 });
  const under = (now: typeof view, at: { x: number; y: number }) => [(at.x - now.x) / now.zoom, (at.y - now.y) / now.zoom].map((each) => Math.round(each * 1e6));
  const at = { x: 200, y: 150 };
  assert.deepEqual(under(zoomed(view, 2, at), at), under(view, at));
  const two = pinched(view, [{ x: 100, y: 100 }, { x: 300, y: 200 }], [{ x: 50, y: 75 }, { x: 350, y: 225 }]);
  assert.deepEqual(under(two, at), under(view, at));
  assert.ok(two.zoom > view.zoom);
});

function away([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay];
  const at = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)));
  return Math.hypot(x - ax - at * dx, y - ay - at * dy);
}

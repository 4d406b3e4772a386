/** A mask as the ordered shapes that `image_mask` takes, in picture pixels. Undo drops the last one.
 *
 * Points name pixels, so a point lies in the middle of its pixel; boxes name edges. The server draws the same shapes
 * at full size; what the page draws is a preview of it.
 */

export type Tool = "brush" | "eraser" | "rectangle" | "lasso";
export type Point = [number, number];
export type Box = [number, number, number, number];
export interface Size {
  width: number;
  height: number;
}
/** One entry of the list. `clear` exists only here: it drops what precedes it. */
export interface Shape {
  shape: string;
  box?: Box;
  points?: Point[];
  size?: number;
  erase?: boolean;
  intersect?: boolean;
  mask?: string;
  [other: string]: unknown;
}

/** Most shapes of a mask, and most points of one shape, that the server takes. */
export const MAX_SHAPES = 1000;
export const MAX_POINTS = 2000;
/** Largest canvas, in pixels: 16 MB of memory. A larger picture is painted on a smaller canvas; its shapes stay exact. */
export const MAX_CANVAS = 4_194_304;
/** Distance in pixels by which a thinned stroke may differ from the drawn one. */
const TOLERANCE = 1;
/** Visible on skin, sky and grass; the usual mask colour of editors. */
export const COLOUR = "#f0245b";

const DRAWN = new Set(["rectangle", "ellipse", "polygon", "stroke", "everything", "invert", "clear"]);

/** Whether the page can draw a shape; the others depend on the picture's pixels, and only the server draws them. */
export const isDrawn = (shape: Shape): boolean => DRAWN.has(shape.shape) && !shape.intersect;

/** Return how much smaller the canvas of a picture is than the picture. */
export const canvasScale = ({ width, height }: Size): number => Math.min(1, Math.sqrt(MAX_CANVAS / (width * height)));

/* ---- Making shapes ------------------------------------------------------ */

/** Return the shape that a tool drew, or undefined if it marks nothing, such as a rectangle without area. */
export function made(tool: Tool, drawn: readonly Point[], size: number, erase: boolean, picture: Size): Shape | undefined {
  const mode = erase || tool === "eraser" ? { erase: true } : {};
  if (tool === "rectangle") {
    const box = boxOf(drawn, picture);
    return box && { shape: "rectangle", box, ...mode };
  }
  if (!drawn.length) return undefined;
  const points = inside(thin(drawn.map(([x, y]) => [Math.round(x), Math.round(y)]), TOLERANCE), picture);
  if (tool === "lasso") return points.length < 3 ? undefined : { shape: "polygon", points, ...mode };
  return { shape: "stroke", points, size: Math.max(2, Math.round(size)), ...mode };
}

/** Return the box between the first and the last point, cut to the picture. Points name pixels, boxes name edges. */
function boxOf(drawn: readonly Point[], { width, height }: Size): Box | undefined {
  const [first, last] = [drawn[0], drawn.at(-1)];
  if (!first || !last) return undefined;
  const [left, right] = range(first[0], last[0], width);
  const [top, bottom] = range(first[1], last[1], height);
  if (left >= right || top >= bottom) return undefined;
  // The server reads numbers that are all up to 1 as shares of the picture.
  return right <= 1 && bottom <= 1 ? [0, 0, Math.min(2, width), Math.min(2, height)] : [left, top, right, bottom];
}

function range(a: number, b: number, most: number): [number, number] {
  const cut = (value: number) => Math.min(most, Math.max(0, Math.round(value + 0.5)));
  return [cut(Math.min(a, b)), cut(Math.max(a, b))];
}

/** Move a shape of which no point is inside the picture to its edge: the server refuses it, although its brush may reach inside. */
function inside(points: Point[], { width, height }: Size): Point[] {
  const isInside = ([x, y]: Point) => x >= 0 && y >= 0 && x < width && y < height;
  const moved = points.some(isInside)
    ? points
    : points.map(([x, y]): Point => [Math.min(width - 1, Math.max(0, x)), Math.min(height - 1, Math.max(0, y))]);
  // The server reads numbers that are all up to 1 as shares of the picture.
  return moved.every(([x, y]) => x <= 1 && y <= 1) && Math.max(width, height) > 2 ? moved.map(([x, y]): Point => (width > 2 ? [2, y] : [x, 2])) : moved;
}

/** Drop points that are closer than a tolerance to the line between the others (Ramer-Douglas-Peucker). */
export function thin(points: readonly Point[], tolerance: number): Point[] {
  const kept = new Uint8Array(points.length);
  const waiting: [number, number][] = [[0, points.length - 1]];
  if (points.length) kept[0] = kept[points.length - 1] = 1;
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [from, to] = next;
    let far = -1;
    let most = tolerance;
    for (let i = from + 1; i < to; i++) {
      const away = distance(points[i]!, points[from]!, points[to]!);
      if (away >= most) [far, most] = [i, away];
    }
    if (far < 0) continue;
    kept[far] = 1;
    waiting.push([from, far], [far, to]);
  }
  const found = points.filter((_, i) => kept[i]);
  return found.length > MAX_POINTS ? thin(found, tolerance * 2) : dropRepeated(found);
}

/** Distance of a point from the line between two others; from a point, if both are the same. */
function distance([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const at = length ? Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
  return Math.hypot(x - ax - at * dx, y - ay - at * dy);
}

const dropRepeated = (points: Point[]): Point[] => points.filter(([x, y], i) => !i || x !== points[i - 1]![0] || y !== points[i - 1]![1]);

/** Return the shapes to send: those after the last `clear`. */
export function toSend(steps: readonly Shape[]): Shape[] {
  return steps.slice(steps.findLastIndex((each) => each.shape === "clear") + 1);
}

/** Return stored shapes as steps; those that the page can't draw become one: the stored mask itself. */
export function fromStored(shapes: readonly Shape[], mask: string | null, picture: Size): Shape[] {
  if (shapes.every(isDrawn)) return shapes.map((each) => inPixels(each, picture));
  return mask ? [{ shape: "mask", mask }] : [];
}

/** Return a shape in pixels: models also give shares of the picture, all numbers up to 1. */
function inPixels(shape: Shape, { width, height }: Size): Shape {
  const found = { ...shape };
  if (shape.box && Math.max(...shape.box) <= 1) found.box = shape.box.map((v, i) => Math.round(v * (i % 2 ? height : width))) as Box;
  if (shape.points && Math.max(...shape.points.flat()) <= 1) found.points = shape.points.map(([x, y]) => [Math.round(x * width), Math.round(y * height)]);
  if (shape.size && shape.size < 1) found.size = Math.round(shape.size * Math.max(width, height));
  return found;
}

/** Name a shape for a screen reader and for Undo. */
export function named(shape: Shape): string {
  const kinds: Record<string, string> = { stroke: "stroke", polygon: "outline", mask: "saved mask" };
  const kind = kinds[shape.shape] ?? shape.shape;
  return shape.erase ? `erasing ${kind}` : kind;
}

/* ---- Drawing ------------------------------------------------------------ */

type Context = CanvasRenderingContext2D;

/** Draw one shape; the context is scaled to picture pixels. */
export function paint(ctx: Context, shape: Shape, { width, height }: Size, stored?: CanvasImageSource): void {
  ctx.fillStyle = ctx.strokeStyle = COLOUR;
  ctx.globalCompositeOperation = shape.erase ? "destination-out" : "source-over";
  if (shape.shape === "clear") ctx.clearRect(0, 0, width, height);
  else if (shape.shape === "everything") ctx.fillRect(0, 0, width, height);
  else if (shape.shape === "invert") {
    ctx.globalCompositeOperation = "xor";
    ctx.fillRect(0, 0, width, height);
  } else if (shape.shape === "mask") {
    if (stored) ctx.drawImage(stored, 0, 0, width, height);
  } else if (shape.box) {
    const [left, top, right, bottom] = shape.box;
    ctx.beginPath();
    if (shape.shape === "ellipse") ctx.ellipse((left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2, 0, 0, 7);
    else ctx.rect(left, top, right - left, bottom - top);
    ctx.fill();
  } else if (shape.points) line(ctx, shape);
  ctx.globalCompositeOperation = "source-over";
}

/** Draw a polygon, or a stroke of the same pixels as the server's. */
function line(ctx: Context, shape: Shape): void {
  if (shape.shape === "stroke") return ctx.fill(strokePath(shape));
  ctx.beginPath();
  for (const [x, y] of shape.points!) ctx.lineTo(x + 0.5, y + 0.5);
  ctx.closePath();
  ctx.fill();
  ctx.lineWidth = 1; // an outline belongs to its area
  ctx.lineJoin = "round";
  ctx.stroke();
}

/** By how much the server's discs reach beyond their radius, in pixels; measured for radii up to 200. */
const REACH = 0.4;
const strokePaths = new WeakMap<Shape, Path2D>();

/** Return a stroke as rows of pixels: with smooth edges, pieces that overlap would make a thin stroke too wide. */
function strokePath(shape: Shape): Path2D {
  let path = strokePaths.get(shape);
  if (path) return path;
  path = new Path2D();
  for (const [y, spans] of strokeRows(shape)) for (const [from, to] of spans) path.rect(from, y, to - from + 1, 1);
  strokePaths.set(shape, path);
  return path;
}

type Span = [first: number, last: number];

/** Return the pixels of each row of a stroke: a disc at each point, and a straight piece to the next one. */
export function strokeRows({ points: given = [], size = 1 }: Shape): Map<number, Span[]> {
  const points = given.map(([x, y]): Point => [Math.trunc(x), Math.trunc(y)]); // a model may give halves
  const half = Math.floor(Math.round(size) / 2);
  const rows = new Map<number, Span[]>();
  const add = (y: number, first: number, last: number) => {
    const row = rows.get(y);
    const before = row?.at(-1);
    if (!row || !before) rows.set(y, [[first, last]]);
    else if (first > before[1] + 1 || last < before[0] - 1) row.push([first, last]);
    else {
      if (first < before[0]) before[0] = first;
      if (last > before[1]) before[1] = last;
    }
  };
  const disc = Array.from({ length: 2 * half + 1 }, (_, down) => Math.floor(Math.sqrt((half + REACH) ** 2 - (down - half) ** 2)));
  points.forEach(([x, y], i) => {
    disc.forEach((reach, down) => add(y + down - half, x - reach, x + reach));
    if (i) piece(points[i - 1]!, [x, y], half, add);
  });
  for (const spans of rows.values()) merge(spans);
  return rows;
}

/** Add the rows of a straight piece. As on the server, its corners are whole pixels and its rows end at the nearest ones. */
function piece([ax, ay]: Point, [bx, by]: Point, half: number, add: (y: number, first: number, last: number) => void): void {
  const length = Math.hypot(bx - ax, by - ay) || 1;
  const [dx, dy] = [nearest((half * (by - ay)) / length), nearest((half * (bx - ax)) / length)];
  const corners: Point[] = [
    [ax - dx, ay + dy],
    [bx - dx, by + dy],
    [bx + dx, by - dy],
    [ax + dx, ay - dy],
  ];
  const downs = corners.map(([, y]) => y);
  for (let y = Math.min(...downs), last = Math.max(...downs); y <= last; y++) {
    let [left, right] = [Infinity, -Infinity];
    corners.forEach(([x, top], i) => {
      const [nextX, bottom] = corners[(i + 1) % 4]!;
      if ((y - top) * (y - bottom) > 0) return;
      const at = top === bottom ? x : x + ((nextX - x) * (y - top)) / (bottom - top);
      [left, right] = [Math.min(left, at), Math.max(right, at)];
    });
    add(y, Math.floor(left + 0.5), Math.ceil(right - 0.5));
  }
}

/** Round halves towards zero. */
const nearest = (value: number): number => Math.sign(value) * Math.ceil(Math.abs(value) - 0.5);

/** Join spans that touch, in place. */
function merge(spans: Span[]): void {
  spans.sort(([a], [b]) => a - b);
  let kept = 0;
  for (const span of spans) {
    const before = spans[kept]!;
    if (span[0] > before[1] + 1) spans[++kept] = span;
    else before[1] = Math.max(before[1], span[1]);
  }
  spans.length = kept + 1;
}

export function replay(ctx: Context, steps: readonly Shape[], picture: Size, stored?: CanvasImageSource): void {
  ctx.clearRect(0, 0, picture.width, picture.height);
  for (const step of toSend(steps)) paint(ctx, step, picture, stored);
}

export interface Painted {
  /** Share of the picture, from 0 to 1. */
  share: number;
  box?: Box;
}

/** Longer side of the copy that is measured: reading a whole canvas takes 16 MB. */
const MEASURED_SIDE = 256;

/** Return the painted share and box, in picture pixels, read from a small copy. */
export function measure(canvas: HTMLCanvasElement, picture: Size): Painted {
  const scale = Math.min(1, MEASURED_SIDE / Math.max(canvas.width, canvas.height));
  const [width, height] = [canvas.width, canvas.height].map((side) => Math.max(1, Math.round(side * scale))) as [number, number];
  const ctx = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  ctx.drawImage(canvas, 0, 0, width, height);
  return measured(ctx.getImageData(0, 0, width, height).data, { width, height }, picture);
}

/** Return the share and the box of opaque pixels of RGBA data. */
export function measured(data: ArrayLike<number>, { width, height }: Size, picture: Size): Painted {
  let [hit, left, top, right, bottom] = [0, width, height, -1, -1];
  for (let y = 0, i = 3; y < height; y++)
    for (let x = 0; x < width; x++, i += 4) {
      if (data[i]! < 128) continue;
      hit++;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      bottom = y;
    }
  if (!hit) return { share: 0 };
  const [across, down] = [picture.width / width, picture.height / height];
  return {
    share: hit / (width * height),
    box: [Math.round(left * across), Math.round(top * down), Math.round((right + 1) * across), Math.round((bottom + 1) * down)],
  };
}

/** Return a mask, white on black, as something to draw: its brightness becomes opacity. */
export function asLayer(image: HTMLImageElement, { width, height }: Size): OffscreenCanvas {
  const layer = new OffscreenCanvas(width, height);
  const ctx = layer.getContext("2d", { willReadFrequently: true })!;
  ctx.drawImage(image, 0, 0, width, height);
  const pixels = ctx.getImageData(0, 0, width, height);
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(COLOUR.slice(at, at + 2), 16)) as [number, number, number];
  for (let i = 0; i < pixels.data.length; i += 4) {
    pixels.data[i + 3] = pixels.data[i]!;
    [pixels.data[i], pixels.data[i + 1], pixels.data[i + 2]] = [red, green, blue];
  }
  ctx.putImageData(pixels, 0, 0);
  return layer;
}

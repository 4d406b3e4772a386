/** Where the picture lies in its frame: moved and scaled. */
import type { Place } from "../ui/fingers.ts";
import type { Size } from "./strokes.ts";

export interface View {
  x: number;
  y: number;
  zoom: number;
}
type Limits = readonly [least: number, most: number];
const LIMITS: Limits = [0.02, 16];
/** Free space around a picture that fits its frame, in CSS pixels. */
const MARGIN = 12;

export function fitted(picture: Size, frame: Size): View {
  const zoom = Math.max(0.001, Math.min((frame.width - 2 * MARGIN) / picture.width, (frame.height - 2 * MARGIN) / picture.height));
  return { zoom, x: (frame.width - picture.width * zoom) / 2, y: (frame.height - picture.height * zoom) / 2 };
}

/** Zoom so that a place of the frame keeps its pixel of the picture. */
export function zoomed(view: View, factor: number, at: Place, [least, most] = LIMITS): View {
  const zoom = Math.min(most, Math.max(least, view.zoom * factor));
  return { zoom, x: at.x - ((at.x - view.x) / view.zoom) * zoom, y: at.y - ((at.y - view.y) / view.zoom) * zoom };
}

/** Move and zoom with two fingers, from where they were to where they are. */
export function pinched(view: View, before: [Place, Place], now: [Place, Place], limits = LIMITS): View {
  const middle = ([a, b]: [Place, Place]) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
  const apart = ([a, b]: [Place, Place]) => Math.max(1, Math.hypot(a.x - b.x, a.y - b.y));
  const [from, to] = [middle(before), middle(now)];
  const moved = { ...view, x: view.x + to.x - from.x, y: view.y + to.y - from.y };
  return zoomed(moved, apart(now) / apart(before), to, limits);
}

/** Follow fingers on a frame: one moves, two zoom; places are those of the window. */
export function followed(view: View, before: Place[], now: Place[], frame: DOMRect, limits = LIMITS): View {
  const inFrame = ({ x, y }: Place) => ({ x: x - frame.left, y: y - frame.top });
  const [[a, b], [c, d]] = [before.map(inFrame), now.map(inFrame)];
  return b && d ? pinched(view, [a!, b], [c!, d], limits) : { ...view, x: view.x + c!.x - a!.x, y: view.y + c!.y - a!.y };
}

/** Move the picture so that one of its pixels is in the frame. */
export function showing(view: View, at: Place, frame: Size): View {
  const shift = (place: number, side: number) => (place < MARGIN ? MARGIN - place : place > side - MARGIN ? side - MARGIN - place : 0);
  const [dx, dy] = [shift(at.x * view.zoom + view.x, frame.width), shift(at.y * view.zoom + view.y, frame.height)];
  return dx || dy ? { ...view, x: view.x + dx, y: view.y + dy } : view;
}

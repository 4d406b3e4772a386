/** Where a zoomed picture is in its box. */

export interface Size {
  width: number;
  height: number;
}
export interface Point {
  x: number;
  y: number;
}
/** `zoom` 1 shows the whole picture; `x` and `y` move its middle from the middle of the box, in pixels. */
export interface Placement extends Point {
  zoom: number;
}

export const FIT: Placement = { zoom: 1, x: 0, y: 0 };
/** One pixel of the picture is at most this many pixels of the screen. */
const LARGEST = 8;

/** Return the scale at which the whole picture is shown; a small picture isn't enlarged. */
export function fitScale(picture: Size, box: Size): number {
  if (!box.width || !box.height) return 1;
  return Math.min(1, box.width / picture.width, box.height / picture.height);
}

/** Zoom so that the point under the pointer stays where it is. */
export function aroundPoint(now: Placement, zoom: number, point: Point, box: Size): Placement {
  const factor = zoom / now.zoom;
  const [middleX, middleY] = [box.width / 2, box.height / 2];
  return {
    zoom,
    x: point.x - middleX - (point.x - middleX - now.x) * factor,
    y: point.y - middleY - (point.y - middleY - now.y) * factor,
  };
}

/** Keep the zoom in its limits and the picture in the box. */
export function within(wanted: Placement, picture: Size, box: Size): Placement {
  const fit = fitScale(picture, box);
  const zoom = Math.min(Math.max(1, wanted.zoom), Math.max(1, LARGEST / fit));
  const spareX = Math.max(0, (picture.width * fit * zoom - box.width) / 2);
  const spareY = Math.max(0, (picture.height * fit * zoom - box.height) / 2);
  const clamp = (value: number, most: number) => Math.min(most, Math.max(-most, value)) || 0;
  return { zoom, x: clamp(wanted.x, spareX), y: clamp(wanted.y, spareY) };
}

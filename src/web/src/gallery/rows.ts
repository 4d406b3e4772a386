/** Justified rows: computed from aspect ratios, so only the rows in view are drawn. */

export interface Row {
  /** Position of its first item in the list, and of the one after its last. */
  from: number;
  to: number;
  top: number;
  height: number;
}
export interface Layout {
  rows: Row[];
  height: number;
}

/** Space between pictures, and below a picture for its name and price, in pixels. */
export const GAP = 10;
export const CAPTION = 44;
/** A row with few items isn't stretched to more than this times its height. */
const STRETCH = 1.35;
/** Panoramas and strips keep a usable size. */
const NARROWEST = 0.45;
const WIDEST = 3.2;

export const bounded = (ratio: number): number => Math.min(WIDEST, Math.max(NARROWEST, ratio || 1));

/** Return the height of rows that suits a width. */
export function rowHeight(width: number): number {
  return width < 560 ? 136 : width < 1500 ? 190 : width < 2000 ? 220 : 320;
}

/** Return how much taller than others a row of tall pictures is, by their mean ratio: as low rows it would be a crowd of slivers. */
const tallness = (ratio: number): number => Math.max(1, 1 / Math.sqrt(ratio));

/** Arrange pictures in rows that fill a width; the last row keeps its height. */
export function layoutOf(ratios: readonly number[], width: number, height: number = rowHeight(width)): Layout {
  const rows: Row[] = [];
  let from = 0;
  let sum = 0;
  let top = 0;
  const close = (to: number, isLast: boolean) => {
    const full = (width - GAP * (to - from - 1)) / sum;
    const usual = height * tallness(sum / (to - from));
    const used = isLast ? Math.min(full, usual) : Math.min(full, usual * STRETCH);
    rows.push({ from, to, top, height: used });
    top += used + CAPTION + GAP;
    from = to;
    sum = 0;
  };
  ratios.forEach((ratio, i) => {
    sum += bounded(ratio);
    const count = i + 1 - from;
    if (sum * height * tallness(sum / count) + GAP * (count - 1) >= width) close(i + 1, false);
  });
  if (from < ratios.length) close(ratios.length, true);
  return { rows, height: top };
}

/** Return the first row that ends below a height. */
function firstBelow(rows: readonly Row[], y: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = rows[middle]!;
    if (row.top + row.height + CAPTION < y) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Return the rows between two heights. */
export function rowsBetween({ rows }: Layout, top: number, bottom: number): Row[] {
  const first = firstBelow(rows, top);
  let last = first;
  while (last < rows.length && rows[last]!.top < bottom) last++;
  return rows.slice(first, last);
}

export function rowOf({ rows }: Layout, item: number): Row | undefined {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle]!.to <= item) low = middle + 1;
    else high = middle;
  }
  return rows[low];
}

/** Return the item above or below another one: the one whose middle is nearest. */
export function neighbour(layout: Layout, ratios: readonly number[], item: number, step: -1 | 1): number {
  const row = rowOf(layout, item);
  if (!row) return item;
  const other = layout.rows[layout.rows.indexOf(row) + step];
  if (!other) return item;
  const wanted = middleOf(row, ratios, item);
  let best = other.from;
  for (let i = other.from; i < other.to; i++)
    if (Math.abs(middleOf(other, ratios, i) - wanted) < Math.abs(middleOf(other, ratios, best) - wanted)) best = i;
  return best;
}

function middleOf(row: Row, ratios: readonly number[], item: number): number {
  let x = 0;
  for (let i = row.from; i < item; i++) x += bounded(ratios[i]!) * row.height + GAP;
  return x + (bounded(ratios[item]!) * row.height) / 2;
}

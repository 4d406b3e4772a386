/** What the mask marks, and a rectangle by numbers: parts of the panel next to the painter. */
import { useState } from "preact/hooks";
import { count } from "../ui/format.ts";
import type { History } from "./history.ts";
import { made, type Painted, type Size } from "./strokes.ts";

export function shareText(share: number): string {
  if (!share) return "nothing yet";
  return share < 0.001 ? "below 0.1 % of the picture" : `${(share * 100).toFixed(1)} % of the picture`;
}

export function PaintedFacts({ painted: { share, box } }: { painted: Painted }) {
  return (
    <dl class="facts num">
      <dt>Painted</dt>
      <dd>{shareText(share)}</dd>
      <dt>Box</dt>
      <dd>{box ? `${count(box[2] - box[0])} × ${count(box[3] - box[1])} px at ${box[0]}, ${box[1]}` : "none"}</dd>
    </dl>
  );
}

const EDGES = ["Left", "Top", "Right", "Bottom"] as const;

export function TypedRectangle({ picture, history }: { picture: Size; history: History }) {
  const [typed, setTyped] = useState(["0", "0", String(picture.width), String(picture.height)]);
  const numbers = typed.map(Number);
  const [left, top, right, bottom] = numbers as [number, number, number, number];
  const usable = typed.every((each) => each.trim()) && numbers.every(Number.isFinite);
  const shape = (erase: boolean) => (usable ? made("rectangle", [[left - 0.5, top - 0.5], [right - 0.5, bottom - 0.5]], 1, erase, picture) : undefined);
  const valid = shape(false) !== undefined && left < right && top < bottom;
  return (
    <details class="more">
      <summary>Type a rectangle</summary>
      <div class="typed">
        {EDGES.map((edge, i) => (
          <label key={edge} class="field">
            <span>{edge}</span>
            <input
              class="num"
              inputMode="numeric"
              value={typed[i]}
              onInput={(event) => setTyped(typed.map((each, at) => (at === i ? event.currentTarget.value : each)))}
              onKeyDown={(event) => event.key === "Enter" && valid && history.add(shape(event.altKey))}
            />
          </label>
        ))}
        <div class="row">
          <button class="button" disabled={!valid} onClick={() => history.add(shape(false))}>
            Add
          </button>
          <button class="button" disabled={!valid} onClick={() => history.add(shape(true))}>
            Erase
          </button>
          {!valid && <span class="small muted">Pixels; left before right, top before bottom.</span>}
        </div>
      </div>
    </details>
  );
}

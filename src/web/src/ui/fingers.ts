/** Pointers on something that can be moved and zoomed: one moves it, two zoom it. */
import { useRef } from "preact/hooks";

export interface Place {
  x: number;
  y: number;
}
type Places = [Place] | [Place, Place];
/** Called for each move, with the places in the window before and after it. */
type Change = (before: Places, now: Places) => void;

/** Return the handlers of an element; `take` is whether a pointer that goes down belongs to it. */
export function useFingers(change: Change, take: (event: PointerEvent) => boolean = (event) => !event.button) {
  const down = useRef(new Map<number, Place>()).current;
  const end = (event: PointerEvent) => void down.delete(event.pointerId);
  return {
    onPointerDown: (event: PointerEvent) => {
      if (!take(event)) return;
      (event.currentTarget as Element).setPointerCapture(event.pointerId);
      down.set(event.pointerId, { x: event.clientX, y: event.clientY });
    },
    onPointerMove: (event: PointerEvent) => {
      const before = down.get(event.pointerId);
      if (!before) return;
      const now = { x: event.clientX, y: event.clientY };
      down.set(event.pointerId, now);
      const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
      if (other) change([before, other], [now, other]);
      else change([before], [now]);
    },
    onPointerUp: end,
    onPointerCancel: end,
  };
}

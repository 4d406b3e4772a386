/** The strokes of a page, with undo and redo. */
import { useRef, useState } from "preact/hooks";
import { MAX_SHAPES, named, type Shape, toSend } from "./strokes.ts";

export interface History {
  steps: Shape[];
  canRedo: boolean;
  /** What happened last, for a screen reader. */
  message: string;
  say: (text: string) => void;
  add: (step: Shape | undefined, message?: string) => void;
  undo: () => void;
  redo: () => void;
  /** Start again, for example with the shapes of a stored mask. */
  reset: (steps: Shape[]) => void;
}

export function useHistory(first: Shape[], changed?: (steps: Shape[]) => void): History {
  const [now, set] = useState({ steps: first, undone: [] as Shape[], message: "" });
  const latest = useRef(now);
  latest.current = now;
  const put = (steps: Shape[], undone: Shape[], message: string) => {
    set((latest.current = { steps, undone, message }));
    changed?.(steps);
  };
  return {
    steps: now.steps,
    canRedo: now.undone.length > 0,
    message: now.message,
    say: (message) => set((latest.current = { ...latest.current, message })),
    add(step, message) {
      const { steps, undone } = latest.current;
      if (!step) return;
      if (toSend([...steps, step]).length > MAX_SHAPES)
        return put(steps, undone, `A mask has at most ${MAX_SHAPES} strokes. Save it, then open the saved mask and clear it.`);
      put([...steps, step], [], message ?? `Added: ${named(step)}`);
    },
    undo() {
      const { steps, undone } = latest.current;
      const last = steps.at(-1);
      if (last) put(steps.slice(0, -1), [...undone, last], `Undone: ${named(last)}`);
    },
    redo() {
      const { steps, undone } = latest.current;
      const last = undone.at(-1);
      if (last) put([...steps, last], undone.slice(0, -1), `Redone: ${named(last)}`);
    },
    reset: (steps) => put(steps, [], ""),
  };
}

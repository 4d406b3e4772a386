/** Short messages at the bottom of the page, with at most one action, such as Undo. */
import { useEffect } from "preact/hooks";
import { Declined } from "./client.ts";
import { Icon } from "./icons";
import { state, use } from "./state.ts";

/** How long a message stays, in milliseconds; an error stays until it is closed. */
const SHOWN = 5_000;
export const UNDO_TIME = 10_000;

export interface Toast {
  text: string;
  bad?: boolean;
  /** Milliseconds; 0: until it is closed. */
  time?: number;
  action?: { label: string; run: () => void };
}
interface Shown extends Toast {
  id: number;
}
const toasts = state<Shown[]>([]);
let last = 0;

/** Show a message; returns a function that closes it. */
export function toast(shown: Toast): () => void {
  const id = ++last;
  toasts.set((now) => [...now.slice(-3), { ...shown, id }]);
  return () => close(id);
}

/** Show what went wrong; what the user cancelled isn't an error. */
export function toastError(error: unknown): void {
  if (error instanceof Declined) return void toast({ text: error.message });
  toast({ text: error instanceof Error ? error.message : String(error), bad: true, time: 0 });
}

const close = (id: number) => toasts.set((now) => now.filter((each) => each.id !== id));

function One({ shown }: { shown: Shown }) {
  const time = shown.time ?? SHOWN;
  useEffect(() => {
    if (!time) return;
    const timer = setTimeout(() => close(shown.id), time);
    return () => clearTimeout(timer);
  }, []);
  return (
    <li class={shown.bad ? "toast bad" : "toast"}>
      <span class="lines">{shown.text}</span>
      {shown.action && (
        <button
          class="button quiet"
          onClick={() => {
            close(shown.id);
            shown.action!.run();
          }}
        >
          {shown.action.label}
        </button>
      )}
      <button class="button quiet icon" aria-label="Close message" onClick={() => close(shown.id)}>
        <Icon name="close" />
      </button>
    </li>
  );
}

/** Draws the messages; part of the shell. */
export function Toasts() {
  const shown = use(toasts);
  return (
    <div role="status" aria-label="Messages">
      <ul class="toasts">
        {shown.map((each) => (
          <One key={each.id} shown={each} />
        ))}
      </ul>
    </div>
  );
}

/** Modal dialogs: a native `<dialog>`, which keeps the focus inside and gives it back. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { question } from "./ask.ts";
import { Icon } from "./icons";
import { use } from "./state.ts";
import "./dialog.css";

export { ask } from "./ask.ts";

interface DialogProps {
  title: string;
  close: () => void;
  children: ComponentChildren;
  /** Buttons, right-aligned; Cancel first. */
  foot?: ComponentChildren;
  wide?: boolean;
}

/** A dialog that is open while it is drawn. Escape and a click outside close it. */
export function Dialog({ title, close, children, foot, wide }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = box.current!;
    const before = document.activeElement as HTMLElement | null;
    dialog.showModal();
    dialog.querySelector<HTMLElement>("[autofocus]")?.focus();
    return () => {
      dialog.close();
      if (before?.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={box}
      class={wide ? "dialog wide" : "dialog"}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      // What the dialog was opened from stays open: Escape closes one thing.
      onKeyDown={(event) => event.key === "Escape" && event.stopPropagation()}
      onMouseDown={(event) => event.target === box.current && close()}
    >
      <div class="dialog-in">
        <header class="row">
          <h2 class="grow">{title}</h2>
          <button class="button quiet icon" aria-label="Close" onClick={close}>
            <Icon name="close" />
          </button>
        </header>
        <div class="dialog-body">{children}</div>
        {foot && <footer class="row wrap">{foot}</footer>}
      </div>
    </dialog>
  );
}

/** Draws the question that is open; part of the shell. */
export function Questions() {
  const open = use(question);
  if (!open) return null;
  const answer = (yes: boolean) => {
    question.set(null);
    open.answer(yes);
  };
  return (
    <Dialog
      title={open.title}
      close={() => answer(false)}
      foot={
        <>
          <span class="grow" />
          <button class="button" autofocus onClick={() => answer(false)}>
            Cancel
          </button>
          <button class={open.dangerous ? "button danger" : "button primary"} onClick={() => answer(true)}>
            {open.yes}
          </button>
        </>
      }
    >
      <p class="lines">{open.text}</p>
    </Dialog>
  );
}

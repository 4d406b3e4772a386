/** What the whole page listens to: files that are dropped or pasted anywhere, and keys that are held down. */
import { watchKeys } from "./keys.ts";
import { withPart } from "./lazy";

const add = (files: File[]) => withPart(() => import("./uploads.ts"), (part) => part.addFiles(files));

export function watch(): void {
  watchKeys();
  watchFiles();
}

/** Take files that are dropped or pasted anywhere; a field that takes them itself stops the event. */
function watchFiles(): void {
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files");
  let depth = 0;
  const mark = (on: boolean) => document.documentElement.classList.toggle("dropping", on);
  addEventListener("dragenter", (event) => {
    if (hasFiles(event) && ++depth === 1) mark(true);
  });
  addEventListener("dragleave", (event) => {
    if (hasFiles(event) && --depth <= 0) mark(false);
  });
  addEventListener("dragover", (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  // Captured: the mark has to go also if a field stops the event.
  addEventListener("drop", () => mark(((depth = 0), false)), { capture: true });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    add([...(event.dataTransfer?.files ?? [])]);
  });
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || document.querySelector("dialog[open]")) return;
    // Office programs put a picture of copied text next to the text: a text field takes the text.
    if ((event.target as Element).matches("input, textarea") && event.clipboardData!.types.includes("text/plain")) return;
    event.preventDefault();
    add(files);
  });
}

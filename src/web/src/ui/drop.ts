/** Files that are dropped or pasted anywhere on the page. */
import { withPart } from "./lazy";

const add = (files: File[]) => withPart(() => import("./uploads.ts"), (part) => part.addFiles(files));

/** Take files that are dropped or pasted anywhere; a field that takes them itself stops the event. */
export function watchFiles(): void {
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
    event.preventDefault();
    add(files);
  });
}

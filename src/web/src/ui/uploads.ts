/** Files dropped or pasted anywhere on the page, or chosen: each is stored, or refused by name. */
import { upload } from "./media.ts";
import { address, go, route } from "./router.ts";
import { toast } from "./toasts";

/** Files that are sent at the same time. */
const AT_ONCE = 2;

/** Store files and say what became of them. */
export async function addFiles(files: File[]): Promise<void> {
  if (!files.length) return;
  const waiting = [...files];
  const stored: string[] = [];
  const refused: string[] = [];
  const close = toast({ text: `Adding ${files.length === 1 ? files[0]!.name : `${files.length} files`}…`, time: 0 });
  const work = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift())
      try {
        for (const item of await upload([file])) stored.push(item.id);
      } catch (error) {
        refused.push(`${file.name}: ${(error as Error).message}`);
      }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  close();
  if (stored.length) {
    const show = stored.length === 1 ? address("media", stored[0]) : "#/media";
    toast({
      text: stored.length === 1 ? "1 file added." : `${stored.length} files added.`,
      action: route.value.page === "media" && stored.length > 1 ? undefined : { label: "Show", run: () => go(show) },
    });
  }
  if (refused.length) toast({ text: refused.join("\n"), bad: true, time: 0 });
}

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
    void addFiles([...(event.dataTransfer?.files ?? [])]);
  });
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || document.querySelector("dialog[open]:not(.viewer)")) return;
    event.preventDefault();
    void addFiles(files);
  });
}

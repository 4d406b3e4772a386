/** Files that the user adds: each is stored, or refused by name. */
import { upload } from "./item.ts";
import { address, go, route } from "./router.ts";
import { toast } from "./toasts";

/** Files that are sent at the same time. */
const AT_ONCE = 2;

/** Store files and report the results. */
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

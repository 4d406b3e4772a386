/** What is done with stored media: each action is a tool call or a download. */
import { callTool, rest } from "../ui/client.ts";
import { forgetLinks, pictureLinks } from "../ui/pictures.ts";
import { nameOf, type Reference } from "../ui/media.ts";
import { toast, toastError, UNDO_TIME } from "../ui/toasts";
import { drop, refresh } from "./store.ts";

/** Most items that one call of media_delete takes. */
const MOST = 20;

async function inGroups(items: readonly Reference[], args: Record<string, unknown>): Promise<void> {
  for (let at = 0; at < items.length; at += MOST)
    await callTool("media_delete", { ...args, media: items.slice(at, at + MOST).map((each) => each.uri) });
}

/** Delete items; for 10 seconds a message offers Undo, and the server keeps them for longer. */
export async function removeMedia(items: readonly Reference[]): Promise<void> {
  if (!items.length) return;
  try {
    await inGroups(items, {});
  } catch (error) {
    void refresh();
    return toastError(error);
  }
  drop(new Set(items.map((each) => each.id)));
  void refresh();
  const text = items.length === 1 ? `Deleted ${nameOf(items[0]!)}.` : `Deleted ${items.length} items.`;
  toast({ text, time: UNDO_TIME, action: { label: "Undo", run: () => void restoreMedia(items) } });
}

export async function restoreMedia(items: readonly Reference[]): Promise<void> {
  try {
    await inGroups(items, { restore: true });
    for (const each of items) forgetLinks(each.id);
  } catch (error) {
    toastError(error);
  }
  await refresh();
}

/** Save originals through the browser, one after the other. */
export async function download(items: readonly Reference[]): Promise<void> {
  let lost = 0;
  for (const item of items) {
    const links = await pictureLinks(item.id);
    if (!links) {
      lost++;
      continue;
    }
    const link = document.createElement("a");
    link.href = links.original;
    link.download = fileName(item);
    link.click();
  }
  if (lost) toast({ text: `${lost} of ${items.length} items couldn't be downloaded: they were deleted, or the server doesn't answer.`, bad: true });
}

const ENDINGS: Record<string, string> = {
  "image/jpeg": "jpg",
  "audio/mpeg": "mp3",
  "audio/x-wav": "wav",
  "audio/wav": "wav",
  "model/gltf-binary": "glb",
};

export function fileName(item: Reference): string {
  const ending = ENDINGS[item.media_type] ?? item.media_type.split("/")[1] ?? "bin";
  return `${nameOf(item).replace(/[\\/:*?"<>|]+/g, "-").slice(0, 100)}.${ending}`;
}

/** Copy the path of the readable file, which only the tool tells. */
export async function copyPath(item: Reference): Promise<void> {
  try {
    const { result, text } = await callTool("media_inspect", { media: item.uri });
    const path = pathIn(result);
    if (!path) return void toast({ text: text || "This item has no file in the output folder.", bad: true });
    await navigator.clipboard.writeText(path);
    toast({ text: `Copied ${path}` });
  } catch (error) {
    toastError(error);
  }
}

function pathIn(result: unknown): string | undefined {
  if (!result || typeof result !== "object") return undefined;
  const { path } = result as { path?: unknown };
  if (typeof path === "string") return path;
  for (const each of Object.values(result)) {
    const found = pathIn(each);
    if (found) return found;
  }
  return undefined;
}

export async function rename(item: Reference, label: string): Promise<void> {
  await rest(`/media/${encodeURIComponent(item.id)}`, { method: "PATCH", json: { label } });
  void refresh();
}

/** One stored item, uploads, and words for kinds: what the first page doesn't need. */
import { type Kind, type Options, rest } from "./client.ts";
import type { Media, MediaDetail } from "./media.ts";

export const getMedia = (id: string, options?: Options): Promise<MediaDetail> => rest(`/media/${encodeURIComponent(id.toWellFormed())}`, options);

/** Store files, up to 20 in one request; returns what they became. */
export async function upload(files: File[], signal?: AbortSignal): Promise<Media[]> {
  const body = new FormData();
  for (const file of files) body.append("files", file, file.name);
  const answer = await rest<any>("/media", { body, signal });
  return answer.media ?? [answer];
}

export const KINDS: Record<Kind, { one: string; many: string; accept: string }> = {
  image: { one: "picture", many: "Pictures", accept: "image/*" },
  audio: { one: "sound", many: "Sounds", accept: "audio/*" },
  model: { one: "3D model", many: "3D models", accept: ".glb" },
};

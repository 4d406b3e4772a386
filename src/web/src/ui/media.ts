/** Stored media: pages of the list, uploads, names and kinds. */
import { type Kind, type Options, rest } from "./client.ts";
import { plain } from "./format.ts";

export interface Reference {
  id: string;
  uri: string;
  label?: string;
  media_type: string;
}
export interface Media extends Reference {
  bytes: number;
  width?: number;
  height?: number;
  seconds?: number;
  seed?: string;
  finish_reason?: string;
  operation?: string;
  origin: "generated" | "imported" | "fitted";
  job?: string;
  emulated?: boolean;
  created: string;
  tags?: string[];
  prompt?: string;
  credits?: number;
  charged?: string;
  parents?: Reference[];
}
export interface MediaDetail extends Media {
  results: Reference[];
  result_count: number;
  newest?: Reference;
  notes: string[];
}
export interface MediaPage {
  media: Media[];
  next_cursor?: string;
}
export interface MediaQuery {
  kind?: Kind | "";
  query?: string;
  tag?: string;
  since?: string;
  cursor?: string;
  limit?: number;
}

export function listMedia(query: MediaQuery, options?: Options): Promise<MediaPage> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) search.set(name, String(value));
  return rest<MediaPage>(`/media?${search}`, options);
}

export const getMedia = (id: string, options?: Options): Promise<MediaDetail> => rest(`/media/${encodeURIComponent(id.toWellFormed())}`, options);

/** Store files, up to 20 in one request; returns what they became. */
export async function upload(files: File[], signal?: AbortSignal): Promise<Media[]> {
  const body = new FormData();
  for (const file of files) body.append("files", file, file.name);
  const answer = await rest<any>("/media", { body, signal });
  return answer.media ?? [answer];
}

export function kindOf({ media_type: type }: { media_type: string }): Kind {
  return type.startsWith("audio/") ? "audio" : type.startsWith("model/") ? "model" : "image";
}

export const nameOf = (item: { label?: string; id: string }): string => plain(item.label ?? "") || item.id;

export const KINDS: Record<Kind, { one: string; many: string; accept: string }> = {
  image: { one: "picture", many: "Pictures", accept: "image/*" },
  audio: { one: "sound", many: "Sounds", accept: "audio/*" },
  model: { one: "3D model", many: "3D models", accept: ".glb" },
};

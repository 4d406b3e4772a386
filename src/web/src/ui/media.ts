/** Stored media: pages of the list, names and kinds. */
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

export function kindOf({ media_type: type }: { media_type: string }): Kind {
  return type.startsWith("audio/") ? "audio" : type.startsWith("model/") ? "model" : "image";
}

export const nameOf = (item: { label?: string; id: string }): string => plain(item.label ?? "") || item.id;

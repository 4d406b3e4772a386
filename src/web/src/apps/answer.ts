/** What an App reads from a tool's answer. Hosts may drop `_meta` or contents, so each part can be missing. */
import type { Content, Host, Result } from "../ui/host.ts";

export interface Media {
  id?: string;
  uri: string;
  label?: string;
  media_type: string;
  bytes?: number;
  width?: number;
  height?: number;
  seconds?: number;
  operation?: string;
  path?: string;
}
export interface Facts {
  tool?: string;
  media?: Media[];
  jobs?: { id: string; state: string }[];
  [name: string]: unknown;
}

export const FINISHED = new Set(["done", "failed", "cancelled", "unknown"]);

export const facts = (result: Result): Facts => (result._meta?.["stability-mcp/result"] as Facts | undefined) ?? {};

export const words = (result: Result): string =>
  (result.content ?? [])
    .filter((each) => each.type === "text")
    .map((each) => each.text ?? "")
    .join("\n");

export const picture = (result: Result): string | undefined => {
  const found = result.content?.find((each) => each.type === "image");
  return found?.data ? dataUri(found.mimeType, found.data) : undefined;
};

/** The media of an answer, from its facts, or from its links where a host drops the facts. */
export function media(result: Result): Media[] {
  return facts(result).media ?? (result.content ?? []).filter((each) => each.type === "resource_link").map(linked);
}

const linked = (link: Content): Media => ({
  uri: link.uri ?? "",
  label: link.name,
  media_type: link.mimeType ?? "",
  bytes: link.size,
});

/** Link to the page of these media in the user's browser, if the answer has one. */
export const pageLink = (result: Result): string | undefined => /https?:\/\/[^\s<>"]+\/v\/[\w-]+/.exec(words(result))?.[0];

/** A picture or sound as a data URI: the only address that a frame without network may draw. */
export async function load(host: Host, uri: string): Promise<string> {
  if (host.can.serverResources) {
    const found = await host.read(uri).catch(() => []);
    const content = found.find((each) => each.blob);
    if (content?.blob) return dataUri(content.mimeType, content.blob);
  }
  const result = await host.call("media_show", { media: [uri], size: "large" });
  const drawn = picture(result);
  if (result.isError || !drawn) throw new Error(words(result).split("\n")[0] || "The answer has no picture.");
  return drawn;
}

/** Images and sounds only: a data URI of another type could be a document. */
function dataUri(type: string | undefined, data: string): string {
  const safe = /^(image\/(png|jpeg|webp|gif|avif)|audio\/[\w.+-]+)$/.exec(type ?? "")?.[0];
  if (!safe) throw new Error("This kind of file can't be shown here.");
  return `data:${safe};base64,${data}`;
}

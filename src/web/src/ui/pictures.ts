/** Signed links of pictures: asked for in groups, and kept while they are valid. */
import { useEffect, useState } from "preact/hooks";
import { access, onEvent, request } from "./client.ts";

export interface PictureLinks {
  thumb: string;
  view: string;
  original: string;
}
/** Most ids that one request may name. */
const MOST = 200;
/** Links are valid for at least an hour: they are asked for again before that, in milliseconds. */
const KEPT = 45 * 60_000;

const known = new Map<string, { links: PictureLinks | null; until: number }>();
const waiting = new Map<string, Set<() => void>>();
let scheduled = false;

function fresh(id: string): PictureLinks | null | undefined {
  const found = known.get(id);
  return found && found.until > Date.now() ? found.links : undefined;
}

function want(id: string, listener: () => void): () => void {
  const set = waiting.get(id) ?? new Set();
  waiting.set(id, set.add(listener));
  if (!scheduled) {
    scheduled = true;
    setTimeout(fetchLinks, 8);
  }
  return () => set.delete(listener);
}

async function fetchLinks(): Promise<void> {
  scheduled = false;
  const all = [...waiting];
  waiting.clear();
  for (let at = 0; at < all.length; at += MOST) {
    const group = all.slice(at, at + MOST);
    const ids = group.map(([id]) => id);
    const found = await request<Record<string, PictureLinks>>("/api/ui/pictures", { json: { ids } }).catch(() => undefined);
    for (const [id, listeners] of group) {
      if (found) known.set(id, { links: found[id] ?? null, until: Date.now() + KEPT });
      for (const listener of listeners) listener();
    }
  }
}

/** Return the links of an item: undefined while they load, null if there are none (deleted). */
export async function pictureLinks(id: string): Promise<PictureLinks | null> {
  const found = fresh(id);
  if (found !== undefined) return found;
  await new Promise<void>((done) => want(id, done));
  return known.get(id)?.links ?? null;
}

/** Return the links of an item, and draw again when they arrive: undefined while they load, null if there are none. */
export function useLinks(id: string | undefined): PictureLinks | null | undefined {
  const [, draw] = useState<unknown>();
  const found = id === undefined ? null : fresh(id);
  useEffect(() => {
    const ask = () => (id === undefined || fresh(id) !== undefined ? undefined : want(id, () => draw({})));
    const stops = [ask(), onEvent("connect", ask)]; // A request that failed is repeated.
    return () => stops.forEach((stop) => stop?.());
  }, [id, found === undefined]);
  return found;
}

// The links of a server end with it, as its token does.
access.subscribe((now) => now === "open" && known.clear());

/** Forget an item's links, for example after it was restored. */
export const forgetLinks = (id: string): void => void known.delete(id);

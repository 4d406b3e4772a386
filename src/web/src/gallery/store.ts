/** What the gallery shows: loaded pages, selection and filters. They outlive a visit to another page. */
import { Failed, type Kind, onEvent } from "../ui/client.ts";
import { kindOf, listMedia, type Media } from "../ui/media.ts";
import { state } from "../ui/state.ts";
import { toastError } from "../ui/toasts";
import { type List, withFirstPage, withNextPage, without } from "./merge.ts";

export interface Item {
  id: string;
  uri: string;
  label?: string;
  media_type: string;
  kind: Kind;
  ratio: number;
  seconds?: number;
  operation?: string;
  credits?: number;
  charged?: string;
  job?: string;
  filtered: boolean;
}
export interface Filters {
  query: string;
  kind: Kind | "";
  since: "" | "today" | "7d" | "30d";
}
export interface Gallery extends List<Item> {
  loading: boolean;
  loaded: boolean;
  error?: Error;
}

const PAGE = 200;
/** A burst of events is answered by one request, in milliseconds. */
const GATHER = 150;
const NOTHING: Gallery = { items: [], next: undefined, loading: false, loaded: false };
export const NO_FILTERS: Filters = { query: "", kind: "", since: "" };

export const gallery = state<Gallery>(NOTHING);
export const filters = state<Filters>(NO_FILTERS);
export const selection = state<ReadonlySet<string>>(new Set());

/** Keep what the grid needs: a gallery of 100,000 items has to fit in memory. */
function itemOf(media: Media): Item {
  const kind = kindOf(media);
  const { id, uri, label, media_type, seconds, operation, credits, charged, job } = media;
  // The picture of a sound is a wide waveform, that of a 3D model a sheet of views.
  const ratio = kind === "audio" ? 3 : kind === "model" ? 1 : (media.width ?? 1) / (media.height || 1);
  return { id, uri, label, media_type, kind, ratio, seconds, operation, credits, charged, job, filtered: media.finish_reason === "CONTENT_FILTERED" };
}

let running: AbortController | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

async function page(cursor: string | undefined, signal: AbortSignal): Promise<List<Item>> {
  const { query, kind, since } = filters.value;
  const answer = await listMedia({ query: query.trim(), kind, since, cursor, limit: PAGE }, { signal });
  return { items: answer.media.map(itemOf), next: answer.next_cursor };
}

async function load(cursor: string | undefined, merged: (now: Gallery, page: List<Item>) => List<Item>): Promise<void> {
  running?.abort();
  const { signal } = (running = new AbortController());
  gallery.set((now) => ({ ...now, loading: true, error: undefined }));
  try {
    const found = await page(cursor, signal);
    if (!signal.aborted) gallery.set((now) => ({ ...merged(now, found), loading: false, loaded: true }));
  } catch (error) {
    if (signal.aborted) return;
    gallery.set((now) => ({ ...now, loading: false, error: error as Error }));
    // The top bar shows a server that doesn't answer, and a token that has expired.
    if (gallery.value.loaded && error instanceof Failed && error.status > 401) toastError(error);
  }
}

/** Load the first page again; what is loaded after it stays. */
export const refresh = (): Promise<void> => load(undefined, withFirstPage);

/** Load the next page, unless one is on its way. */
export function more(): void {
  const { next, loading, error } = gallery.value;
  if (next !== undefined && !loading && !error) void load(next, withNextPage);
}

export function setFilters(change: Partial<Filters>): void {
  filters.set((now) => ({ ...now, ...change }));
  gallery.set((now) => ({ ...now, next: undefined }));
  clearTimeout(timer);
  timer = setTimeout(() => void load(undefined, (_, found) => found), change.query === undefined ? 0 : GATHER);
}

export const isFiltered = ({ query, kind, since }: Filters): boolean => Boolean(query.trim() || kind || since);

export function drop(ids: ReadonlySet<string>): void {
  gallery.set((now) => ({ ...now, ...without(now, ids) }));
  selection.set((now) => new Set([...now].filter((each) => !ids.has(each))));
}

/** Follow changes; the gallery is loaded when it is opened first. */
function refreshSoon(): void {
  if (!gallery.value.loaded && !gallery.value.error) return;
  clearTimeout(timer);
  timer = setTimeout(() => void refresh(), GATHER);
}
onEvent("connect", refreshSoon);
onEvent("media", refreshSoon);

export function toggle(id: string): void {
  selection.set((now) => {
    const next = new Set(now);
    if (!next.delete(id)) next.add(id);
    return next;
  });
}

export const select = (ids: Iterable<string>): void => selection.set((now) => new Set([...now, ...ids]));
export const clearSelection = (): void => selection.set(new Set());

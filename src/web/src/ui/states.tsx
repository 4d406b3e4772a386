/** What a page shows while it has nothing else: loading, empty, error. */
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { onEvent } from "./client.ts";
import { deletedId, unquoted } from "./format.ts";
import { address } from "./router.ts";

/** Skeletons appear after this time, in milliseconds: what is fast doesn't flicker. */
const SKELETON_AFTER = 150;

/** Return whether a wait is long enough to be shown. */
export function useSlow(waiting: boolean): boolean {
  const [slow, set] = useState(false);
  useEffect(() => {
    if (!waiting) return set(false);
    const timer = setTimeout(() => set(true), SKELETON_AFTER);
    return () => clearTimeout(timer);
  }, [waiting]);
  return waiting && slow;
}

interface Whole {
  /** It is the whole page, so it has the page's heading. */
  page?: boolean;
}

/** Lines of the final size, after 150 ms. */
export function Skeleton({ lines = 3, height = 18, page }: Whole & { lines?: number; height?: number }) {
  const shown = useSlow(true);
  return (
    <div class="skeletons" role="status" aria-label="Loading">
      {page && <h1 class="sr">Loading</h1>}
      {shown && Array.from({ length: lines }, (_, i) => <span key={i} class="skeleton" style={{ height: `${height}px` }} />)}
    </div>
  );
}

/** What appears here, and one button that creates it. */
export function Empty({ title, text, page, children }: Whole & { title: string; text: string; children?: ComponentChildren }) {
  const Heading = page ? "h1" : "h2";
  return (
    <div class="empty">
      <Heading>{title}</Heading>
      <p class="muted">{text}</p>
      {children}
    </div>
  );
}

/** An error's text and Try again; an item that was deleted can be restored where it is shown. */
export function Problem({ error, page, again }: Whole & { error: Error; again?: () => void }) {
  const Heading = page ? "h1" : "h2";
  const deleted = deletedId(error.message);
  return (
    <div class="empty" role="alert">
      <Heading>That didn't work</Heading>
      <p class="muted lines">{unquoted(error.message)}</p>
      <div class="row">
        {deleted && (
          <a class="button" href={address("media", deleted)}>
            Show the deleted item
          </a>
        )}
        {again && (
          <button class="button" onClick={again}>
            Try again
          </button>
        )}
      </div>
    </div>
  );
}

export interface Loaded<T> {
  data: T | undefined;
  error: Error | undefined;
  reload: () => void;
  set: (change: (now: T | undefined) => T | undefined) => void;
}

/** Load data, again when an input changes and at each connection of the stream. Old data stays while new data loads or fails. */
export function useLoad<T>(load: (signal: AbortSignal) => Promise<T>, inputs: unknown[]): Loaded<T> {
  const [state, set] = useState<{ data?: T; error?: Error }>({});
  const running = useRef<AbortController | undefined>(undefined);
  const latest = useRef(load);
  latest.current = load;
  const reload = useCallback(() => {
    running.current?.abort();
    const stop = (running.current = new AbortController());
    latest.current(stop.signal).then(
      (data) => !stop.signal.aborted && set({ data }),
      (error) => !stop.signal.aborted && set((now) => ({ data: now.data, error })),
    );
  }, []);
  useEffect(() => {
    reload();
    return () => running.current?.abort();
  }, inputs);
  useEffect(() => onEvent("connect", reload), []);
  const change = useCallback((apply: (now: T | undefined) => T | undefined) => set((now) => ({ ...now, data: apply(now.data) })), []);
  return { data: state.data, error: state.error, reload, set: change };
}

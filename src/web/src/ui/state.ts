/** Shared state: a value that components read with `use` and that draws them again when it changes. */
import { useEffect, useState } from "preact/hooks";

export interface State<T> {
  readonly value: T;
  set(next: T | ((now: T) => T)): void;
  subscribe(listener: (value: T) => void): () => void;
}

export function state<T>(first: T): State<T> {
  let value = first;
  const listeners = new Set<(value: T) => void>();
  return {
    get value() {
      return value;
    },
    set(next) {
      const now = typeof next === "function" ? (next as (now: T) => T)(value) : next;
      if (Object.is(now, value)) return;
      value = now;
      for (const listener of [...listeners]) listener(now);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Return the current value; the component is drawn again when it changes. */
export function use<T>(source: State<T>): T {
  const [, draw] = useState<unknown>();
  const { value } = source;
  useEffect(() => {
    const stop = source.subscribe(() => draw({}));
    if (!Object.is(value, source.value)) draw({}); // It changed after this was drawn.
    return stop;
  }, [source]);
  return value;
}

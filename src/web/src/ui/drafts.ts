/** Unsent work, kept in `sessionStorage` until it is sent: it survives a reload and a restart of the server. */
import { useEffect, useRef, useState } from "preact/hooks";

const PREFIX = "draft:";

export function readDraft<T>(name: string): T | undefined {
  try {
    const text = sessionStorage.getItem(PREFIX + name);
    return text === null ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}

/** Keep a draft; `undefined` drops it. A full or forbidden storage loses only the draft. */
export function keepDraft(name: string, value: unknown): void {
  try {
    if (value === undefined) sessionStorage.removeItem(PREFIX + name);
    else sessionStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    /* The page works without drafts. */
  }
}

/** Like `useState`, but the value is a draft. Setting it to its first value drops the draft. */
export function useDraft<T>(name: string, first: T): [T, (next: T) => void] {
  const [value, set] = useState<T>(() => readDraft<T>(name) ?? first);
  const at = useRef(name);
  useEffect(() => {
    if (at.current === name) return;
    at.current = name;
    set(readDraft<T>(name) ?? first);
  }, [name]);
  return [
    value,
    (next) => {
      set(next);
      keepDraft(name, next === first ? undefined : next);
    },
  ];
}

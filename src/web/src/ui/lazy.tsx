/** Parts of a page that are loaded when they are drawn first. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { onEvent } from "./client.ts";

/** Use a part after it is loaded. If that fails, nothing happens: `update.ts` says why. */
export function withPart<T>(load: () => Promise<T>, use: (part: T) => unknown): void {
  void load().then(use, () => undefined);
}

/** Return a component that loads another one; until then it draws nothing. If that fails, it tries again when the server is back. */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let loaded: ComponentType<P> | undefined;
  return (props: P) => {
    const [Part, setPart] = useState(() => loaded);
    useEffect(() => {
      const get = () => loaded ?? withPart(load, (part) => setPart(() => (loaded = part)));
      get();
      return onEvent("connect", get);
    }, []);
    return Part ? <Part {...props} /> : null;
  };
}

/** Parts of a page that are loaded when they are drawn first. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

/** Return a component that loads another one; until then, and if that fails, it draws nothing. */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let loaded: ComponentType<P> | undefined;
  return (props: P) => {
    const [Part, setPart] = useState(() => loaded);
    useEffect(() => {
      if (!loaded) load().then((part) => setPart(() => (loaded = part)), () => undefined);
    }, []);
    return Part ? <Part {...props} /> : null;
  };
}

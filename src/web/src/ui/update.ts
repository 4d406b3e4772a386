/** What the page says if the server is of another version now, so that parts of the page that weren't loaded yet are missing. */
import { type Failed, loadSession, outdated } from "./client.ts";
import { toast } from "./toasts";

let close = () => {};

function say(text: string, action?: { label: string; run: () => void }): void {
  close();
  close = toast({ text, bad: true, time: 0, action });
}

/** Say why a part doesn't load: the server was updated and has other files now, or it doesn't answer. */
export function watchParts(): void {
  const reload = { label: "Reload", run: () => location.reload() };
  const old = () => say("The server was updated. Reload the page; what you entered is kept.", reload);
  outdated.subscribe((now) => now && old());
  addEventListener("vite:preloadError", () => {
    // An expired token has a banner of its own.
    loadSession().then(old, ({ status }: Failed) => status || say("This part didn't load: the server doesn't answer."));
  });
}

/** Share: one self-contained page, written by media_export. */
import { useState } from "preact/hooks";
import { callTool } from "./client.ts";
import { Dialog } from "./dialog";
import type { Reference } from "./media.ts";
import { toast } from "./toasts";
import "./form.css";

export function ShareDialog({ items, close }: { items: readonly Reference[]; close: () => void }) {
  const [title, setTitle] = useState("");
  const [show, setShow] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const write = async () => {
    setBusy(true);
    setProblem("");
    try {
      const { text } = await callTool("media_export", {
        media: items.map((each) => each.uri),
        format: "html",
        page: { ...(title.trim() && { title: title.trim() }), ...(show.length && { show }) },
      });
      toast({ text, time: 0 });
      close();
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={`Share ${items.length === 1 ? "1 item" : `${items.length} items`}`}
      close={close}
      foot={
        <>
          <span class="grow" />
          <button class="button" onClick={close}>
            Cancel
          </button>
          <button class="button primary" disabled={busy} onClick={() => void write()}>
            Write the page
          </button>
        </>
      }
    >
      <p>One HTML file with the pictures and sounds inside. It opens in any browser, without this program and without a network.</p>
      <label class="field">
        <span>Title (optional)</span>
        <input value={title} onInput={(event) => setTitle(event.currentTarget.value)} />
      </label>
      {["prompts", "prices"].map((each) => (
        <label key={each} class="row">
          <input
            type="checkbox"
            checked={show.includes(each)}
            onChange={() => setShow(show.includes(each) ? show.filter((one) => one !== each) : [...show, each])}
          />
          Include {each}
        </label>
      ))}
      {problem && (
        <p class="problem lines" role="alert">
          {problem}
        </p>
      )}
    </Dialog>
  );
}

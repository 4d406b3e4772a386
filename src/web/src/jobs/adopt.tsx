/** Adopt: fetch the result of a generation that another program started with the same key. */
import { useState } from "preact/hooks";
import { callTool, type Operation } from "../ui/client.ts";
import { Dialog } from "../ui/dialog";
import { toast } from "../ui/toasts";
import "../ui/form.css";

export function AdoptDialog({ operations, close }: { operations: Operation[]; close: () => void }) {
  const [generation, setGeneration] = useState("");
  const [operation, setOperation] = useState("");
  const [label, setLabel] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const adopt = async () => {
    setBusy(true);
    setProblem("");
    try {
      const given = { generation: generation.trim(), operation, ...(label.trim() && { label: label.trim() }) };
      const { text } = await callTool("job_adopt", given);
      toast({ text: text.split("\n", 1)[0] ?? "" });
      close();
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      title="Adopt a generation"
      close={close}
      foot={
        <>
          <span class="grow" />
          <button class="button" onClick={close}>
            Cancel
          </button>
          <button class="button primary" disabled={busy || !generation.trim() || !operation} onClick={() => void adopt()}>
            Fetch, free
          </button>
        </>
      }
    >
      <p>Another program started it with the same API key. The API keeps results for 24 hours.</p>
      <label class="field">
        <span>Generation id</span>
        <input class="code" autofocus spellcheck={false} value={generation} onInput={(event) => setGeneration(event.currentTarget.value)} />
      </label>
      <label class="field">
        <span>Operation</span>
        <select value={operation} onChange={(event) => setOperation(event.currentTarget.value)}>
          <option value="">Choose…</option>
          {operations.map((each) => (
            <option key={each.name} value={each.name}>
              {each.title}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>Name for the result (optional)</span>
        <input value={label} onInput={(event) => setLabel(event.currentTarget.value)} />
      </label>
      {problem && (
        <p class="problem lines" role="alert">
          {problem}
        </p>
      )}
    </Dialog>
  );
}

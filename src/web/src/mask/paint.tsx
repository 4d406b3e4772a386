/** `/p/TOKEN`: the mask page of one picture, for a link in a chat. The link is its only right: it stores masks of that picture. */
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { keepDraft, readDraft } from "../ui/drafts.ts";
import { when } from "../ui/format.ts";
import { Icon } from "../ui/icons";
import "../ui/theme.css";
import { useHistory } from "./history.ts";
import { MaskPainter } from "./MaskPainter";
import { PaintedFacts, TypedRectangle } from "./side";
import { fromStored, type Painted, type Shape, toSend } from "./strokes.ts";
import "./mask.css";
import "./paint.css";

interface Facts {
  label: string;
  width: number;
  height: number;
  mask: string | null;
  shapes: Shape[];
  expires_at: number;
}
const LINK = location.pathname.replace(/\/$/, "");
const DRAFT = `paint:${LINK}`;
const GONE = "Its time is over, its picture was deleted, or the studio was restarted. Ask your assistant for a new link.";
const SILENT = "The studio doesn't answer. It may have been stopped with your chat; what you painted is kept in this tab.";

class Problem extends Error {}

async function ask<T>(path: string, json?: unknown): Promise<T> {
  const options = json === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(json) };
  const response = await fetch(LINK + path, { ...options, cache: "no-store" }).catch(() => {
    throw new Problem(SILENT);
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer as T;
  throw new Problem(answer.error ?? (response.status === 404 ? `This link no longer works. ${GONE}` : `The studio answered ${response.status}.`));
}

function Page() {
  const [facts, setFacts] = useState<Facts>();
  const [problem, setProblem] = useState("");
  const load = () => {
    setProblem("");
    ask<Facts>("/facts").then(setFacts, (error: Error) => setProblem(error.message));
  };
  useEffect(load, []);
  return (
    <div class="paint-shell">
      <header class="top">
        <span class="brand">
          <svg width="22" height="22" viewBox="0 0 24 24" aria-hidden="true">
            <rect x="2" y="2" width="20" height="20" rx="6" fill="currentColor" />
            <path class="mark" d="M7 15.5 11 11l3 3 3.5-5" stroke-width="2" fill="none" stroke-linecap="round" stroke-linejoin="round" />
          </svg>
          Stability studio
        </span>
        <span class="grow" />
        <span class="chip">This computer only</span>
      </header>
      <main>
        {facts ? (
          <Work facts={facts} />
        ) : problem ? (
          <div class="empty" role="alert">
            <h1>The picture can't be shown</h1>
            <p class="muted">{problem}</p>
            <button class="button" onClick={load}>
              Try again
            </button>
          </div>
        ) : (
          <p class="boot">Loading…</p>
        )}
      </main>
    </div>
  );
}

function Work({ facts }: { facts: Facts }) {
  const history = useHistory(readDraft<Shape[]>(DRAFT) ?? fromStored(facts.shapes, facts.mask, facts), (steps) => keepDraft(DRAFT, steps));
  const [painted, setPainted] = useState<Painted>({ share: 0 });
  const [saved, setSaved] = useState<{ label: string; text: string }>();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const text = JSON.stringify(toSend(history.steps));
  const isSaved = saved?.text === text;
  const save = async () => {
    setBusy(true);
    setProblem("");
    try {
      const { label } = await ask<{ label: string }>("/masks", { shapes: toSend(history.steps) });
      setSaved({ label, text });
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  const needsMask = history.steps.some((each) => each.shape === "mask");
  return (
    <div class="mask-page">
      <div class="page-head">
        <h1>Paint a mask</h1>
        <span class="muted">on</span>
        <b class="clip">{facts.label}</b>
      </div>
      <div class="mask-work">
        <MaskPainter src={`${LINK}/picture`} name={facts.label} picture={facts} history={history} stored={needsMask ? `${LINK}/mask` : undefined} measured={setPainted} />
      </div>
      <div class="mask-side stack">
        <p>Paint over what should change. The rest stays as it is.</p>
        <PaintedFacts painted={painted} />
        <TypedRectangle picture={facts} history={history} />
        <button class="button primary" disabled={!painted.share || busy || isSaved} onClick={() => void save()}>
          <Icon name="check" /> {isSaved ? "Saved" : "Save the mask"}
        </button>
        {problem && (
          <p class="problem lines" role="alert">
            {problem}
          </p>
        )}
        <p class="muted" role="status">
          {busy ? "Saving…" : isSaved ? `Saved as ${saved.label}. Go back to your chat and say what should happen there: your assistant gets its name with the next answer.` : ""}
        </p>
        <p class="small muted">Saving is free. This link works until {when(new Date(facts.expires_at * 1000).toISOString())}.</p>
      </div>
    </div>
  );
}

const root = document.getElementById("app")!;
root.replaceChildren(); // Preact keeps children that it didn't create.
render(<Page />, root);

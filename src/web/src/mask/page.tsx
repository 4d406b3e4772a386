/** `#/mask/MEDIA`: paint what should change, then repaint or remove it, or keep the mask for later. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Declined, type Operation, operations } from "../ui/client.ts";
import { keepDraft, readDraft } from "../ui/drafts.ts";
import { price, seconds } from "../ui/format.ts";
import { Icon } from "../ui/icons";
import { isOpen, stateText } from "../ui/jobs.ts";
import { nameOf } from "../ui/media.ts";
import type { PageProps } from "../ui/pages.ts";
import { MediaPicker } from "../ui/picker";
import { useLinks } from "../ui/pictures.ts";
import { address, go } from "../ui/router.ts";
import { Empty, Problem, Skeleton, useLoad } from "../ui/states";
import { Thumb } from "../ui/thumb";
import { toastError } from "../ui/toasts";
import { useHistory } from "./history.ts";
import { MaskPainter } from "./MaskPainter";
import { PaintedFacts, TypedRectangle } from "./side";
import { fromStored, type Painted, type Shape, toSend } from "./strokes.ts";
import { type Named, type Opened, openForPainting, storeMask, type Use, useJob, useMask } from "./work.ts";
import "./mask.css";

export function Page({ id }: PageProps) {
  const [picking, setPicking] = useState(false);
  const picker = picking && (
    <MediaPicker
      kind="image"
      title="Choose a picture or a saved mask"
      close={() => setPicking(false)}
      choose={(item) => {
        setPicking(false);
        go(address("mask", item.id));
      }}
    />
  );
  const choose = () => setPicking(true);
  return (
    <>
      {id ? <Open key={id} id={id} choose={choose} /> : <NoPicture choose={choose} />}
      {picker}
    </>
  );
}

function NoPicture({ choose }: { choose: () => void }) {
  return (
    <Empty page title="Paint a mask" text="Choose a picture and paint over what should change. The rest stays as it is. A saved mask opens with its strokes.">
      <button class="button primary" onClick={choose}>
        <Icon name="media" /> Choose a picture
      </button>
    </Empty>
  );
}

function Open({ id, choose }: { id: string; choose: () => void }) {
  const opened = useLoad(() => openForPainting(`media://${id}`), [id]);
  if (opened.data) return <Work key={opened.data.image.id} opened={opened.data} choose={choose} />;
  if (opened.error) return <Problem page error={opened.error} again={opened.reload} />;
  return <Skeleton page lines={1} height={420} />;
}

interface Draft {
  steps: Shape[];
  use: Use;
  prompt: string;
  /** The jobs that used the mask, newest last. */
  jobs: string[];
  /** The mask that was saved last, with the shapes it has. */
  saved?: { mask: Named; text: string };
}
const USES: [Use, string, string][] = [
  ["edit_inpaint", "Repaint it", "Repaint"],
  ["edit_erase", "Remove what is there", "Remove"],
  ["save", "Only save the mask", "Save the mask"],
];

function Work({ opened, choose }: { opened: Opened; choose: () => void }) {
  const { image, mask } = opened;
  const name = `mask:${(mask ?? image).id}`;
  const [draft, setDraft] = useState<Draft>(() => {
    const steps = fromStored(opened.shapes, mask?.id ?? null, image);
    return readDraft<Draft>(name) ?? { steps, use: "edit_inpaint", prompt: "", jobs: [] };
  });
  const change = (changes: Partial<Draft>) =>
    setDraft((now) => {
      const next = { ...now, ...changes };
      keepDraft(name, next);
      return next;
    });
  const history = useHistory(draft.steps, (steps) => change({ steps }));
  const [painted, setPainted] = useState<Painted>({ share: 0 });
  const [busy, setBusy] = useState("");
  const [error, setError] = useState("");
  const [offered, setOffered] = useState<Operation[]>([]);
  useEffect(() => void operations().then(setOffered, toastError), []);

  const view = useLinks(image.id);
  const needsMask = history.steps.some((each) => each.shape === "mask");
  const stored = useLinks(needsMask ? mask?.id : undefined);
  const uses = useMemo(() => USES.filter(([use]) => use === "save" || offered.some((each) => each.name === use)), [offered]);
  const use = uses.some(([each]) => each === draft.use) ? draft.use : "save";
  const operation = offered.find((each) => each.name === use);
  const text = JSON.stringify(toSend(history.steps));
  const saved = draft.saved?.text === text ? draft.saved.mask : undefined;
  const missing = !painted.share ? "Paint over what should change. The rest stays as it is." : use === "edit_inpaint" && !draft.prompt.trim() ? "Describe what should appear there." : "";

  /** Whether a click is being answered. */
  const sending = useRef(false);
  const submit = async () => {
    if (sending.current) return;
    sending.current = true;
    setError("");
    setBusy("Saving the mask…");
    try {
      const item = await storeMask(image, history.steps);
      const found = { mask: { id: item.id, uri: item.uri, label: nameOf(item) }, text };
      change({ saved: found });
      if (use === "save") return;
      setBusy("Sending…");
      const job = await useMask(use, image, item, draft.prompt.trim());
      setDraft((now) => {
        const next = { ...now, jobs: [...now.jobs.slice(-19), job] };
        keepDraft(name, next);
        return next;
      });
    } catch (problem) {
      if (!(problem instanceof Declined)) setError((problem as Error).message);
    } finally {
      sending.current = false;
      setBusy("");
    }
  };

  const newest = draft.jobs.at(-1);
  const verb = uses.find(([each]) => each === use)![2];
  const cost = operation ? price(operation.price) : "";
  return (
    <div class="mask-page">
      <div class="page-head">
        <h1>Paint a mask</h1>
        <span class="muted">on</span>
        <b class="clip">{nameOf(image)}</b>
        <span class="grow" />
        <button class="button" onClick={choose}>
          Another picture
        </button>
      </div>
      <div class={newest ? "mask-work with-result" : "mask-work"}>
        {view === null ? (
          <Problem error={new Error("The picture was deleted. Choose another one.")} />
        ) : (
          <MaskPainter src={view?.view ?? EMPTY} name={nameOf(image)} picture={image} history={history} stored={stored?.original} measured={setPainted} />
        )}
        {newest && <Result key={newest} id={newest} image={image} earlier={draft.jobs.length - 1} usual={operation?.seconds} />}
      </div>
      <div class="mask-side stack">
        <PaintedFacts painted={painted} />
        <TypedRectangle picture={image} history={history} />
        <fieldset class="choice">
          <legend>What to do with the area</legend>
          {uses.map(([value, title]) => {
            const made = offered.find((each) => each.name === value);
            return (
              <label key={value}>
                <input type="radio" name="use" value={value} checked={use === value} onChange={() => change({ use: value })} />
                <span>
                  {title}
                  <small class="num">{made ? `${price(made.price)}, about ${seconds(made.seconds)}` : "Free. Use it later, here or in a chat, by its name."}</small>
                </span>
              </label>
            );
          })}
        </fieldset>
        {use === "edit_inpaint" && (
          <label class="field">
            <span>Describe the new content</span>
            <textarea
              value={draft.prompt}
              maxLength={10_000}
              placeholder="a small wooden boat"
              onInput={(event) => change({ prompt: event.currentTarget.value })}
              onKeyDown={(event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && !missing && void submit()}
            />
          </label>
        )}
        <button class="button primary" disabled={!!missing} aria-disabled={!!busy} onClick={() => void submit()}>
          <Icon name="check" /> {use === "save" ? verb : `${verb} for ${cost}`}
        </button>
        {error && (
          <p class="problem small lines" role="alert">
            {error}
          </p>
        )}
        <p class="small muted" role="status">
          {busy || (saved ? `Saved as ${saved.label}.` : missing || "The strokes stay when you change the prompt.")}
        </p>
      </div>
    </div>
  );
}

/** Shown until the link of the picture has arrived. */
const EMPTY = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";

function Result({ id, image, earlier, usual }: { id: string; image: Named; earlier: number; usual?: number }) {
  const { job, error } = useJob(id);
  const [, tick] = useState(0);
  const waiting = !job || isOpen(job);
  useEffect(() => {
    if (!waiting) return;
    const timer = setInterval(() => tick((now) => now + 1), 1000);
    return () => clearInterval(timer);
  }, [waiting]);
  const made = job?.media[0];
  const problem = error?.message ?? (job && !waiting && !made ? (job.error ?? `The job is ${job.status}. The Jobs page says what to do.`) : "");
  const words = problem ? "Result" : made ? nameOf(made) : job ? stateText(job, usual) : "Sending…";
  return (
    <section class="mask-result" aria-label="Result">
      <header>
        <b class="clip" role="status">
          {words}
        </b>
        {earlier > 0 && <span class="small muted">and {earlier} earlier in the gallery</span>}
        {made && (
          <div class="row wrap">
            <a class="button" href={address("compare", "", { a: image.id, b: made.id })}>
              <Icon name="compare" size={16} /> Compare
            </a>
            <a class="button" href={address("mask", made.id)}>
              <Icon name="brush" size={16} /> Paint on the result
            </a>
            <a class="button quiet" href={address("media", made.id)}>
              Open
            </a>
          </div>
        )}
      </header>
      <div class="result-frame">
        {problem ? (
          <p class="problem lines" role="alert">
            {problem}
          </p>
        ) : made ? (
          <Thumb item={made} alt={nameOf(made)} form="view" />
        ) : (
          <span class="skeleton thumb-empty" />
        )}
      </div>
    </section>
  );
}

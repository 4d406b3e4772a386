/** The viewer: one item, where it comes from, and what can be done with it. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Failed, type Operation, operations, rest } from "../ui/client.ts";
import { bytes, count, credits, moment, plain, seconds, when } from "../ui/format.ts";
import { Icon } from "../ui/icons";
import type { JobDetail } from "../ui/jobs.ts";
import { getMedia, KINDS } from "../ui/item.ts";
import { kindOf, type MediaDetail, nameOf, type Reference } from "../ui/media.ts";
import { isBuilt } from "../ui/pages.ts";
import { useLinks } from "../ui/pictures.ts";
import { address, go } from "../ui/router.ts";
import { labelOf } from "../ui/schema.ts";
import { Problem, Skeleton, useLoad } from "../ui/states";
import { Thumb } from "../ui/thumb";
import { toastError } from "../ui/toasts";
import { copyPath, download, fileName, removeMedia, rename, restoreMedia } from "./actions.ts";
import { make } from "./making.ts";
import { refresh } from "./store.ts";
import { compareAddress } from "./compare.ts";
import { ZoomPicture } from "./zoom";
import "./viewer.css";

interface ViewerProps {
  id: string;
  /** Addresses of the items before and after it; empty: there is none. */
  before: string;
  after: string;
}

const close = () => go("#/media");

export function Viewer({ id, before, after }: ViewerProps) {
  const box = useRef<HTMLDivElement>(null);
  const found = useLoad((signal) => getMedia(id, { signal }), [id]);
  const isGone = found.error instanceof Failed && found.error.status === 404; // Deleted while it was shown.
  const item = !isGone && found.data && (found.data.id === id || found.data.label === id) ? found.data : undefined;
  useEffect(() => void (isGone && refresh()), [isGone]);
  useEffect(() => {
    const focused = document.activeElement as HTMLElement | null;
    // Not a modal <dialog>: messages with Undo have to stay in reach.
    const behind = document.querySelectorAll<HTMLElement>(".skip, .top, .nav, .gallery-page > :not(.viewer)");
    for (const each of behind) each.inert = true;
    box.current!.querySelector("button")!.focus();
    return () => {
      for (const each of behind) each.inert = false;
      if (focused?.isConnected) focused.focus({ preventScroll: true });
    };
  }, []);
  const step = (to: string) => to && go(address("media", to), true);
  const remove = (removed: MediaDetail) => {
    void removeMedia([removed]);
    after || before ? step(after || before) : close();
    box.current?.querySelector("button")?.focus();
  };
  useEffect(() => {
    const keys: Record<string, () => void> = {
      Escape: close,
      ArrowLeft: () => step(before),
      ArrowRight: () => step(after),
      Delete: () => item && remove(item),
    };
    const onKey = (event: KeyboardEvent) => {
      const busy = (event.target as HTMLElement).closest("input, textarea, select, audio, dialog");
      if (busy || event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
      keys[event.key]?.();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
  return (
    <div ref={box} class="viewer" role="dialog" aria-modal="true" aria-label={item ? nameOf(item) : "Viewer"}>
      <header class="viewer-head">
        <button class="button quiet icon" aria-label="Back to the gallery" title="Back (Esc)" onClick={close}>
          <Icon name="close" />
        </button>
        <Name item={item} changed={found.reload} />
        <span class="grow" />
        <button class="button quiet icon" aria-label="Previous item" title="Previous (←)" disabled={!before} onClick={() => step(before)}>
          <Icon name="left" />
        </button>
        <button class="button quiet icon" aria-label="Next item" title="Next (→)" disabled={!after} onClick={() => step(after)}>
          <Icon name="right" />
        </button>
      </header>
      {item ? (
        <>
          <div class="stage">
            <Stage item={item} />
          </div>
          <Side item={item} remove={() => remove(item)} changed={found.reload} />
        </>
      ) : (
        <div class="stage">{found.error ? <Missing id={id} error={found.error} again={found.reload} /> : <Skeleton lines={1} height={320} />}</div>
      )}
    </div>
  );
}

function Missing({ id, error, again }: { id: string; error: Error; again: () => void }) {
  if (!(error instanceof Failed) || error.status !== 404) return <Problem error={error} again={again} />;
  const restore = async () => {
    await restoreMedia([{ id, uri: `media://${id}`, media_type: "" }]);
    again();
  };
  return (
    <div class="empty" role="alert">
      <h2>This item isn't there any more</h2>
      <p class="muted">It was deleted, in this page or in a chat. Deleted items can be restored for 30 days.</p>
      <div class="row">
        <button class="button primary" onClick={() => void restore()}>
          Restore
        </button>
        <button class="button" onClick={close}>
          Back to the gallery
        </button>
      </div>
    </div>
  );
}

function Name({ item, changed }: { item?: MediaDetail; changed: () => void }) {
  const [text, setText] = useState<string>();
  const button = useRef<HTMLButtonElement>(null);
  /** Whether the field is open: removing it from the page is a blur, too, after Enter and Escape. */
  const editing = useRef(false);
  if (!item) return null;
  const edit = () => {
    editing.current = true;
    setText(item.label ?? "");
  };
  const end = (byKey: boolean) => {
    editing.current = false;
    setText(undefined);
    if (byKey) requestAnimationFrame(() => button.current?.focus());
  };
  const save = async (byKey: boolean) => {
    if (!editing.current) return;
    const label = text?.trim();
    end(byKey);
    if (!label || label === item.label) return;
    try {
      await rename(item, label);
      changed();
    } catch (error) {
      toastError(error);
      changed();
    }
  };
  if (text === undefined)
    return (
      <button ref={button} class="button quiet name" title="Rename" onClick={edit}>
        <h1 class="clip">{nameOf(item)}</h1>
        <span class="sr">Rename</span>
      </button>
    );
  return (
    <input
      class="search"
      aria-label="Name"
      ref={select}
      value={text}
      onInput={(event) => setText(event.currentTarget.value)}
      onBlur={() => void save(false)}
      onKeyDown={(event) => {
        if (event.key === "Enter") void save(true);
        if (event.key === "Escape") {
          event.preventDefault();
          end(true);
        }
      }}
    />
  );
}

function select(element: HTMLInputElement | null): void {
  if (element && document.activeElement !== element) element.select();
}

function Stage({ item }: { item: MediaDetail }) {
  const links = useLinks(item.id);
  const kind = kindOf(item);
  if (kind === "image") return <ZoomPicture key={item.id} item={item} />;
  if (kind === "audio")
    return (
      <div class="sound">
        <Thumb item={item} form="view" alt={`Waveform of ${nameOf(item)}`} />
        {links && <audio controls src={links.original} aria-label={nameOf(item)} />}
      </div>
    );
  const source = item.parents?.find((each) => kindOf(each) === "image");
  return (
    <div class="sound">
      <Thumb item={source ?? item} form="view" alt={source ? `Made from ${nameOf(source)}` : nameOf(item)} />
      <p class="muted">{source ? "The picture that this 3D model was made from." : "A 3D model."} Open the file in any 3D program.</p>
      {links && (
        <a class="button primary" href={links.original} download={fileName(item)}>
          <Icon name="download" size={16} /> Download
        </a>
      )}
    </div>
  );
}

function Side({ item, remove, changed }: { item: MediaDetail; remove: () => void; changed: () => void }) {
  const job = useLoad(async (signal) => (item.job ? await rest<JobDetail>(`/jobs/${encodeURIComponent(item.job)}`, { signal }) : undefined), [item.job]);
  const all = useLoad(() => operations(), []);
  const settings = Object.entries(job.data?.arguments ?? {}).filter(([name]) => !["prompt", "label", "preview", "confirm_spend"].includes(name));
  return (
    <aside class="side stack">
      {item.prompt && (
        <section>
          <h2>Prompt</h2>
          <p class="prompt lines">{plain(item.prompt)}</p>
        </section>
      )}
      <Actions item={item} job={job.data} all={all.data ?? []} remove={remove} changed={changed} />
      <Lineage item={item} />
      <dl class="facts num">
        {item.operation && <Fact name="Made by" value={item.operation} />}
        {item.credits !== undefined && <Fact name="Price" value={`${credits(item.credits)}, ${item.charged}`} />}
        {item.width && item.height && <Fact name="Size" value={`${count(item.width)} × ${count(item.height)}`} />}
        {item.seconds !== undefined && <Fact name="Length" value={seconds(item.seconds)} />}
        <Fact name="File" value={`${item.media_type.split("/")[1]}, ${bytes(item.bytes)}`} />
        {item.seed && <Fact name="Seed" value={item.seed} />}
        {item.finish_reason === "CONTENT_FILTERED" && <Fact name="Moderation" value="blurred by the API" />}
        {item.emulated && <Fact name="Source" value="built-in emulator" />}
        <Fact name="Created" value={when(item.created)} title={moment(item.created)} />
        {item.tags?.length ? <Fact name="Tags" value={item.tags.map(plain).join(", ")} /> : null}
      </dl>
      {settings.length > 0 && (
        <details>
          <summary>Settings</summary>
          <dl class="facts">
            {settings.map(([name, value]) => (
              <Fact key={name} name={labelOf(name)} value={plain(typeof value === "string" ? value : JSON.stringify(value))} />
            ))}
          </dl>
        </details>
      )}
    </aside>
  );
}

function Fact({ name, value, title }: { name: string; value: string; title?: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd title={title}>{value}</dd>
    </>
  );
}

interface ActionsProps {
  item: MediaDetail;
  job?: JobDetail;
  all: Operation[];
  remove: () => void;
  /** Loads the item again: an action may find that it was deleted. */
  changed: () => void;
}

function Actions({ item, job, all, remove, changed }: ActionsProps) {
  const kind = kindOf(item);
  const uses = all.filter((each) => each.price[1] > 0 && fileField(each, kind));
  const parent = item.parents?.find((each) => kindOf(each) === "image");
  const edit = (name: string) => {
    const operation = all.find((each) => each.name === name);
    if (!operation) return;
    make({ operation: name, values: { [fileField(operation, kind)!]: item.uri } });
    close();
  };
  const rerun = () => {
    if (!job) return;
    make({ operation: job.operation, values: job.arguments, rerun: { job: job.id, label: nameOf(item), before: job.arguments } });
    close();
  };
  return (
    <div class="actions">
      {uses.length > 0 && (
        <select class="button" aria-label={kind === "image" ? "Edit" : "Use"} value="" onChange={(event) => edit(event.currentTarget.value)}>
          <option value="" disabled>
            {kind === "image" ? "Edit…" : "Use…"}
          </option>
          {uses.map((each) => (
            <option key={each.name} value={each.name}>
              {each.title}
            </option>
          ))}
        </select>
      )}
      {kind === "image" && isBuilt("mask") && (
        <a class="button" href={address("mask", item.id)}>
          <Icon name="brush" size={16} /> Paint a mask
        </a>
      )}
      {job && all.some((each) => each.name === job.operation) && (
        <button class="button" onClick={rerun}>
          <Icon name="again" size={16} /> Rerun with changes
        </button>
      )}
      {kind === "image" && parent && isBuilt("compare") && (
        <a class="button" href={compareAddress([parent, item])}>
          <Icon name="compare" size={16} /> Compare with parent
        </a>
      )}
      <button class="button" onClick={() => void download([item]).then(changed)}>
        <Icon name="download" size={16} /> Download
      </button>
      <button class="button" onClick={() => void copyPath(item).then(changed)}>
        <Icon name="copy" size={16} /> Copy path
      </button>
      <button class="button" onClick={remove}>
        <Icon name="trash" size={16} /> Delete
      </button>
    </div>
  );
}

/** Return the argument of an operation that takes an item of a kind, the required one first. */
function fileField({ files, schema }: Operation, kind: string): string | undefined {
  const names = Object.keys(files).filter((name) => files[name] === kind);
  return names.find((name) => schema.required?.includes(name)) ?? names[0];
}

/** What it was made from, the item, and what was made from it. */
function Lineage({ item }: { item: MediaDetail }) {
  const [parents, results] = [item.parents ?? [], item.results ?? []];
  if (!parents.length && !results.length) return null;
  return (
    <section aria-label="Lineage">
      <h2>Lineage</h2>
      <ul class="lineage">
        {parents.map((each) => (
          <Relative key={`p${each.id}`} item={each} relation="Made from" />
        ))}
        <li class="self" aria-current="true">
          <Thumb item={item} />
          <span class="small">This {KINDS[kindOf(item)].one}</span>
        </li>
        {results.map((each) => (
          <Relative key={`r${each.id}`} item={each} relation="Became" />
        ))}
      </ul>
      {item.result_count > results.length && <p class="small muted">{count(item.result_count - results.length)} more results.</p>}
    </section>
  );
}

function Relative({ item, relation }: { item: Reference; relation: string }) {
  return (
    <li>
      <a href={address("media", item.id)} aria-label={`${relation} ${nameOf(item)}`}>
        <Thumb item={item} />
        <span class="small clip">{nameOf(item)}</span>
      </a>
    </li>
  );
}

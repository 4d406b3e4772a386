/** A field that takes stored media: chosen from the gallery, or uploaded. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Kind } from "./client.ts";
import { Dialog } from "./dialog";
import { Icon } from "./icons";
import { getMedia, KINDS, upload } from "./item.ts";
import { listMedia, type Media, nameOf } from "./media.ts";
import { Thumb } from "./thumb";
import { Empty, Problem, Skeleton, useLoad } from "./states";
import { toastError } from "./toasts";
import "./form.css";

interface MediaFieldProps {
  id: string;
  kind: Kind;
  name: string;
  /** URI, id or label; empty: nothing is chosen. */
  value: string;
  set: (value: string | undefined) => void;
  "aria-describedby"?: string;
  "data-field"?: string;
}

export function MediaField({ id, kind, name, value, set, ...rest }: MediaFieldProps) {
  const [open, setOpen] = useState(false);
  const [item, setItem] = useState<Media>();
  const [busy, setBusy] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  /** What a file that arrives later is given to: the form may have changed while it was sent, or be gone. */
  const latest = useRef<MediaFieldProps["set"] | undefined>(set);
  latest.current = set;
  useEffect(() => () => void (latest.current = undefined), []);
  const reference = value.replace(/^media:\/\//, "");
  useEffect(() => {
    if (!reference) return setItem(undefined);
    if (item && (item.id === reference || item.label === value)) return;
    const stop = new AbortController();
    getMedia(reference, { signal: stop.signal }).then(setItem, () => !stop.signal.aborted && setItem(undefined));
    return () => stop.abort();
  }, [reference]);
  const choose = (chosen: Media) => {
    setItem(chosen);
    latest.current?.(chosen.uri);
    setOpen(false);
  };
  const send = async (files: FileList | null | undefined) => {
    const first = files?.[0];
    if (!first) return;
    setBusy(true);
    try {
      const [stored] = await upload([first]);
      if (stored) choose(stored);
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div
      class="media-field"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        event.stopPropagation();
        void send(event.dataTransfer?.files);
      }}
    >
      <button
        id={id}
        {...rest}
        type="button"
        class="media-choice grow"
        aria-label={value ? `${name}: ${item ? nameOf(item) : value}. Change` : `${name}: choose a ${KINDS[kind].one}`}
        onClick={() => setOpen(true)}
      >
        {value ? (
          <>
            <Thumb item={item} />
            <span class="grow clip">{item ? nameOf(item) : value}</span>
          </>
        ) : (
          <>
            <span class="thumb-empty">
              <Icon name="media" />
            </span>
            <span class="muted">{busy ? "Uploading…" : `Choose a ${KINDS[kind].one}…`}</span>
          </>
        )}
      </button>
      <button type="button" class="button icon" aria-label={`Upload ${name}`} title="Upload a file" disabled={busy} onClick={() => file.current!.click()}>
        <Icon name="input" />
      </button>
      {value && (
        <button type="button" class="button icon" aria-label={`Clear ${name}`} title="Clear" onClick={() => set(undefined)}>
          <Icon name="close" />
        </button>
      )}
      <input
        ref={file}
        type="file"
        hidden
        accept={KINDS[kind].accept}
        onChange={(event) => {
          void send(event.currentTarget.files);
          event.currentTarget.value = "";
        }}
      />
      {open && <MediaPicker kind={kind} title={`Choose a ${KINDS[kind].one}`} close={() => setOpen(false)} choose={choose} />}
    </div>
  );
}

interface PickerProps {
  kind?: Kind;
  title: string;
  close: () => void;
  choose: (item: Media) => void;
}

/** A dialog with the newest media, and a search. */
export function MediaPicker({ kind, title, close, choose }: PickerProps) {
  const [query, setQuery] = useState("");
  const found = useLoad((signal) => listMedia({ kind, query, limit: 60 }, { signal }), [kind, query]);
  return (
    <Dialog title={title} close={close} wide>
      <input
        class="search"
        type="search"
        autofocus
        placeholder="Label, prompt or operation"
        aria-label="Search"
        value={query}
        onInput={(event) => setQuery(event.currentTarget.value)}
      />
      {!found.data && !found.error && <Skeleton lines={2} height={96} />}
      {!found.data && found.error && <Problem error={found.error} again={found.reload} />}
      {found.data?.media.length === 0 && (
        <Empty
          title={query ? `Nothing matches “${query}”` : "Nothing is stored yet"}
          text={query ? "Search looks at labels, prompts and operations." : "Close this and upload a file, or make something first."}
        />
      )}
      <ul class="pick-grid" aria-label="Media">
        {found.data?.media.map((item) => (
          <li key={item.id}>
            <button type="button" class="pick-item" onClick={() => choose(item)}>
              <Thumb item={item} />
              <span class="clip small">{nameOf(item)}</span>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

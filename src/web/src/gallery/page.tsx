/** The gallery: everything that was made or added, newest first. */
import { useEffect, useMemo, useRef } from "preact/hooks";
import { operations } from "../ui/client.ts";
import { count } from "../ui/format.ts";
import { Icon } from "../ui/icons";
import { unfinished } from "../ui/jobs.ts";
import type { PageProps } from "../ui/pages.ts";
import { use } from "../ui/state.ts";
import { Empty, Problem, Skeleton, useLoad } from "../ui/states";
import { lazy, withPart } from "../ui/lazy";
import { Grid } from "./grid";
import { makeSomething, making } from "./making.ts";
import { clearSelection, type Filters, filters, gallery, type Item, isFiltered, NO_FILTERS, refresh, selection, setFilters } from "./store.ts";
import "./gallery.css";

const CreatePanel = lazy(() => import("./create").then((part) => part.CreatePanel));
const Tray = lazy(() => import("./tray").then((part) => part.Tray));
const Viewer = lazy(() => import("./viewer").then((part) => part.Viewer));

const addFiles = (files: File[]) => withPart(() => import("../ui/uploads.ts"), (part) => part.addFiles(files));

/** Jobs that hold a place in the grid; the page Jobs has the others. */
const MOST_WAITING = 24;

export function Page({ id }: PageProps) {
  const [shown, wanted, picked, now, jobs] = [use(gallery), use(filters), use(selection), use(making), use(unfinished)];
  const known = useLoad(() => operations(), []);
  const usual = useMemo(() => new Map(known.data?.map((each) => [each.name, each.seconds])), [known.data]);
  useEffect(() => {
    if (!gallery.value.loaded) void refresh();
  }, []);
  const chosen = useMemo(() => shown.items.filter((each) => picked.has(each.id)), [shown.items, picked]);
  const isOpen = !isFiltered(wanted);
  const waiting = useMemo(() => (isOpen ? [...jobs.values()].reverse().slice(0, MOST_WAITING) : []), [jobs, isOpen]);
  const at = shown.items.findIndex((each) => each.id === id);
  return (
    <div class={now ? "gallery-page with-panel" : "gallery-page"} onKeyDown={(event) => event.key === "Escape" && !event.defaultPrevented && !id && clearSelection()}>
      <Head wanted={wanted} items={shown.items} complete={shown.loaded && shown.next === undefined} />
      <div class="gallery-body">
        <Results waiting={waiting} usual={usual} picked={picked} wanted={wanted} />
        {chosen.length > 0 && <Tray items={chosen} />}
      </div>
      {now && <CreatePanel now={now} behind={Boolean(id)} />}
      {id && <Viewer id={id} before={shown.items[at - 1]?.id ?? ""} after={at < 0 ? "" : (shown.items[at + 1]?.id ?? "")} />}
    </div>
  );
}

function Head({ wanted, items, complete }: { wanted: Filters; items: Item[]; complete: boolean }) {
  const file = useRef<HTMLInputElement>(null);
  return (
    <div class="page-head">
      <h1>Gallery</h1>
      <input
        class="search"
        type="search"
        placeholder="Label, prompt or operation"
        aria-label="Search the gallery"
        value={wanted.query}
        onInput={(event) => setFilters({ query: event.currentTarget.value })}
      />
      <select class="button" aria-label="Kind" value={wanted.kind} onChange={(event) => setFilters({ kind: event.currentTarget.value as Filters["kind"] })}>
        <option value="">Everything</option>
        <option value="image">Pictures</option>
        <option value="audio">Sounds</option>
        <option value="model">3D models</option>
      </select>
      <select class="button" aria-label="Time" value={wanted.since} onChange={(event) => setFilters({ since: event.currentTarget.value as Filters["since"] })}>
        <option value="">Any time</option>
        <option value="today">Today</option>
        <option value="7d">7 days</option>
        <option value="30d">30 days</option>
      </select>
      <span class="muted small num" role="status">
        {items.length > 0 && `${count(items.length)}${complete ? "" : "+"} ${items.length === 1 ? "item" : "items"}`}
      </span>
      <span class="grow" />
      <button class="button" onClick={() => file.current!.click()}>
        <Icon name="input" size={16} />
        <span class="add-label">Add files</span>
      </button>
      <button class="button primary" onClick={makeSomething}>
        <Icon name="plus" size={16} /> Make
      </button>
      <input
        ref={file}
        type="file"
        multiple
        hidden
        aria-label="Files to add"
        onChange={(event) => {
          addFiles([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = "";
        }}
      />
    </div>
  );
}

function Results({ waiting, usual, picked, wanted }: Pick<Parameters<typeof Grid>[0], "usual" | "picked"> & { waiting: Parameters<typeof Grid>[0]["jobs"]; wanted: Filters }) {
  const { items, loaded, error } = use(gallery);
  if (!loaded && !items.length) return error ? <Problem error={error} again={() => void refresh()} /> : <Skeleton lines={3} height={190} />;
  if (items.length || waiting.length) return <Grid items={items} jobs={waiting} usual={usual} picked={picked} />;
  if (isFiltered(wanted))
    return (
      <Empty title={wanted.query.trim() ? `Nothing matches “${wanted.query.trim()}”` : "Nothing matches"} text="Search looks at labels, prompts and operations.">
        <button class="button" onClick={() => setFilters(NO_FILTERS)}>
          Show everything
        </button>
      </Empty>
    );
  return (
    <Empty title="Your gallery is empty" text="Pictures, sounds and 3D models appear here: those made on this page, in chats, and files that you drop anywhere.">
      <button class="button primary" onClick={makeSomething}>
        Make a picture
      </button>
    </Empty>
  );
}

/** The grid of the gallery: justified rows of which only those in view are drawn. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { count, credits } from "../ui/format.ts";
import { Icon } from "../ui/icons";
import { type Job, stateText } from "../ui/jobs.ts";
import { nameOf } from "../ui/media.ts";
import { withPart } from "../ui/lazy";
import { address, go } from "../ui/router.ts";
import { Thumb } from "../ui/thumb";
import { between } from "./merge.ts";
import { bounded, GAP, layoutOf, neighbour, rowOf, rowsBetween } from "./rows.ts";
import { type Item, more, select, toggle } from "./store.ts";

interface GridProps {
  items: Item[];
  /** Unfinished jobs: they hold the place of their results. */
  jobs: Job[];
  /** Usual seconds of each operation. */
  usual: ReadonlyMap<string, number>;
  picked: ReadonlySet<string>;
}

/** Rows within this distance of the window are drawn, in pixels. */
const MARGIN = 280;
/** The next page is loaded before its place comes into view, in pixels. */
const AHEAD = 2_400;
const PADDING = 16;

const remove = (items: Item[]) => withPart(() => import("./actions.ts"), (part) => part.removeMedia(items));

/** The scroll position survives a visit to another page. */
let scrolled = 0;

export function Grid({ items, jobs, usual, picked }: GridProps) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: scrolled, height: 900, width: 0 });
  const [active, setActive] = useState(0);
  const [last, setLast] = useState("");
  /** The item that gets the focus as soon as it is drawn as the current one. */
  const wanted = useRef(-1);
  /** Whether the grid has the focus, or had it last. */
  const held = useRef(false);
  const ratios = useMemo(() => [...jobs.map(() => 1), ...items.map((each) => each.ratio)], [items, jobs.length]);
  const layout = useMemo(() => layoutOf(ratios, Math.max(200, view.width)), [ratios, view.width]);
  const total = ratios.length;
  const current = Math.min(active, Math.max(0, total - 1));

  const focusCurrent = () => box.current!.querySelector<HTMLElement>(`[data-at="${current}"]`)?.focus({ preventScroll: true });

  useLayoutEffect(() => {
    const element = box.current!;
    let frame = 0;
    const read = () => {
      frame = 0;
      scrolled = element.scrollTop;
      setView({ top: element.scrollTop, height: element.clientHeight, width: element.clientWidth - 2 * PADDING });
    };
    const soon = () => (frame ||= requestAnimationFrame(read));
    read();
    element.scrollTop = scrolled;
    element.addEventListener("scroll", soon, { passive: true });
    const watch = new ResizeObserver(soon);
    watch.observe(element);
    return () => {
      cancelAnimationFrame(frame);
      element.removeEventListener("scroll", soon);
      watch.disconnect();
    };
  }, []);

  useEffect(() => {
    if (view.top + view.height + AHEAD > layout.height) more();
  }, [view, layout]);

  useEffect(() => {
    if (wanted.current !== current) return;
    wanted.current = -1;
    const row = rowOf(layout, current);
    const element = box.current!;
    if (row && row.top < element.scrollTop) element.scrollTop = row.top;
    else if (row && row.top + row.height + 60 > element.scrollTop + element.clientHeight)
      element.scrollTop = row.top + row.height + 60 - element.clientHeight;
    focusCurrent();
  });

  // What had the focus may be gone, or the tray with the last selected item: the keys continue here.
  useEffect(() => {
    if (!picked.size && document.activeElement === document.body && held.current) focusCurrent();
  }, [items, picked]);

  const drawn = rowsBetween(layout, view.top - MARGIN, view.top + view.height + MARGIN);
  const row = rowOf(layout, current); // Drawn always: the focus has to stay somewhere.
  if (row && !drawn.includes(row)) drawn.push(row);

  const move = (to: number) => {
    const next = Math.max(0, Math.min(total - 1, to));
    if (next === current) return;
    wanted.current = next;
    setActive(next);
  };
  const pick = (item: Item, range: boolean) => {
    if (range && last && !picked.has(item.id)) select(between(items, last, item.id));
    else toggle(item.id);
    setLast(item.id);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const item = items[current - jobs.length];
    const steps: Record<string, () => void> = {
      ArrowLeft: () => move(current - 1),
      ArrowRight: () => move(current + 1),
      ArrowUp: () => move(neighbour(layout, ratios, current, -1)),
      ArrowDown: () => move(neighbour(layout, ratios, current, 1)),
      Home: () => move(0),
      End: () => move(total - 1),
      Delete: () => item && remove(picked.size ? items.filter((each) => picked.has(each.id)) : [item]),
    };
    if (event.key === " " && (event.target as HTMLElement).tagName === "A") steps[" "] = () => item && pick(item, event.shiftKey);
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    step();
  };

  return (
    <div class="gallery" ref={box}>
      <ul
        style={{ height: `${layout.height}px` }}
        aria-label="Results"
        onKeyDown={onKey}
        onFocusIn={() => (held.current = true)}
      >
        {drawn.flatMap(({ from, to, top, height }) => {
          let left = 0;
          return Array.from({ length: to - from }, (_, i) => {
            const at = from + i;
            const width = bounded(ratios[at]!) * height;
            const style = { transform: `translate(${left}px,${top}px)`, width: `${width}px` };
            left += width + GAP;
            const shared = { at, style, height, isActive: at === current, enter: () => setActive(at) };
            const job = jobs[at];
            if (job) return <Waiting key={job.id} {...shared} job={job} usual={usual.get(job.operation)} />;
            const item = items[at - jobs.length]!;
            return <Tile key={item.id} {...shared} item={item} picked={picked.has(item.id)} pick={pick} />;
          });
        })}
      </ul>
    </div>
  );
}

interface CellProps {
  at: number;
  style: { transform: string; width: string };
  height: number;
  isActive: boolean;
  enter: () => void;
}

function Tile({ at, style, height, isActive, enter, item, picked, pick }: CellProps & { item: Item; picked: boolean; pick: (item: Item, range: boolean) => void }) {
  const name = nameOf(item);
  return (
    <li style={style} class={picked ? `${item.kind} picked` : item.kind}>
      <a
        href={address("media", item.id)}
        class="tile"
        data-at={at}
        style={{ height: `${height}px` }}
        tabIndex={isActive ? 0 : -1}
        aria-label={spoken(item, name)}
        onFocus={enter}
        onClick={(event) => {
          if (!event.shiftKey && !event.ctrlKey && !event.metaKey) return;
          event.preventDefault();
          pick(item, event.shiftKey);
        }}
      >
        <Thumb item={item} />
      </a>
      <input
        class="pick"
        type="checkbox"
        aria-label={`Select ${name}`}
        tabIndex={isActive ? 0 : -1}
        checked={picked}
        onFocus={enter}
        onClick={(event) => pick(item, event.shiftKey)}
      />
      <b>{name}</b>
      <span class="muted num">{captionOf(item)}</span>
    </li>
  );
}

function captionOf(item: Item): string {
  if (!item.operation) return "added by you";
  const price = item.credits ? `${count(item.credits)} cr` : "";
  return [item.operation, item.filtered ? "blurred by moderation" : price].filter(Boolean).join(" · ");
}

function spoken(item: Item, name: string): string {
  const made = item.operation ? `made by ${item.operation}` : "added by you";
  return [name, made, item.credits && credits(item.credits), item.filtered && "blurred by moderation"].filter(Boolean).join(", ");
}

/** A job that isn't finished; its text counts the seconds. */
function Waiting({ at, style, height, isActive, enter, job, usual }: CellProps & { job: Job; usual?: number }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((now) => now + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  const text = stateText(job, usual);
  const name = nameOf(job);
  return (
    <li style={style} class={job.status === "paused" ? "waiting paused" : "waiting"}>
      <a
        href={address("jobs", job.id)}
        class="tile"
        data-at={at}
        style={{ height: `${height}px` }}
        tabIndex={isActive ? 0 : -1}
        aria-label={`${job.label ? `${name}, ` : ""}${job.operation}: ${text}`}
        onFocus={enter}
        onKeyDown={(event) => event.key === " " && go(address("jobs", job.id))}
      >
        <span class={job.status === "paused" ? "chip warn" : "chip accent"}>
          {job.status === "paused" && <Icon name="pause" size={14} />}
          {text}
        </span>
      </a>
      <b>{job.label ? name : "New result"}</b>
      <span class="muted num">
        {job.operation} · {count(job.credits)} cr
      </span>
    </li>
  );
}

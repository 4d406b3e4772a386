/** The map of a workflow: computed from the plan, panned, zoomed, and walked with the arrow keys. */
import { memo } from "preact/compat";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { followed, type View, zoomed } from "../mask/view.ts";
import { useFingers } from "../ui/fingers.ts";
import { price } from "../ui/format.ts";
import { Icon, type IconName } from "../ui/icons";
import type { Reference } from "../ui/media.ts";
import { Thumb } from "../ui/thumb";
import type { Check } from "./api.ts";
import { type Arrow, bestDrawing, bezier, curve, type Drawing, neighbour, type Node, scaleIn, startOf } from "./layout.ts";
import type { Operations, Plan, Problem } from "./plan.ts";
import type { Progress } from "./run.ts";
import "./graph.css";

const FAMILY: Record<string, IconName> = {
  generate: "wand",
  edit: "cut",
  upscale: "up",
  control: "brush",
  model3d: "cube",
  audio2: "note",
  audio: "note",
  image: "crop",
  media: "download",
};
/** A graph of fewer nodes is drawn whole; of a larger one, what is near the visible part. */
const WHOLE = 40;
/** Culling moves in steps of this size, so a small pan draws nothing again. */
const SIGHT = 240;
const MOST_PICTURES = 3;
const ZOOM = { least: 0.15, most: 2, step: 1.2, readable: 0.75 };
const LIMITS = [ZOOM.least, ZOOM.most] as const;

interface Props {
  plan: Plan;
  operations: Operations;
  progress: ReadonlyMap<string, Progress>;
  problems: readonly Problem[];
  prices?: Check["steps"];
  selected?: string;
  select: (id: string | undefined) => void;
  /** Absent: nothing can be connected. */
  connect?: (from: string, to: string, argument: string) => void;
}

export function Graph({ plan, operations, progress, problems, prices, selected, select, connect }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState({ width: 0, height: 0 });
  const pictured = [...progress].filter(([, each]) => each.media.length).map(([id]) => id);
  const drawing = useMemo(() => bestDrawing(plan, operations, room, new Set(pictured)), [plan, operations, room, pictured.join()]);
  const { view, setView, fit, zoomBy } = useView(frame, drawing, room, () =>
    drawing.nodes.find(({ id }) => id === selected || progress.get(id)?.state === "review" || progress.get(id)?.state === "running"),
  );
  const [wire, setWire] = useState<{ from: string; x: number; y: number }>();
  const at = useRef(view);
  at.current = view;

  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setRoom({ width: entry!.contentRect.width, height: entry!.contentRect.height }));
    observer.observe(frame.current!);
    return () => observer.disconnect();
  }, []);

  const worldPoint = (event: PointerEvent) => {
    const box = frame.current!.getBoundingClientRect();
    return { x: (event.clientX - box.left - at.current.x) / at.current.zoom, y: (event.clientY - box.top - at.current.y) / at.current.zoom };
  };
  const hands = useFingers(
    (before, now) => setView((at) => followed(at, before, now, frame.current!.getBoundingClientRect(), LIMITS)),
    (event) => {
      if ((event.target as Element).closest(".node, .map-zoom")) return false;
      event.preventDefault(); // the focus stays on the step, so that arrow keys go on from it
      return true;
    },
  );
  const pull = useCallback(
    (event: PointerEvent, from: string) => {
      if (!connect) return;
      event.stopPropagation();
      setWire({ from, ...worldPoint(event) });
      follow(
        event,
        (moved) => setWire({ from, ...worldPoint(moved) }),
        (ended) => {
          setWire(undefined);
          const port = document.elementFromPoint(ended.clientX, ended.clientY)?.closest<HTMLElement>("[data-port]");
          if (port) connect(from, port.dataset.step!, port.dataset.port!);
        },
      );
    },
    [connect],
  );
  const keys = (event: KeyboardEvent) => {
    if (event.key === "+" || event.key === "=") return zoomBy(ZOOM.step);
    if (event.key === "-") return zoomBy(1 / ZOOM.step);
    if (event.key === "0") return fit();
    if (!event.key.startsWith("Arrow") || !selected) return;
    event.preventDefault();
    const next = neighbour(drawing, selected, event.key as Arrow);
    if (!next) return;
    select(next);
    reveal(drawing.byId.get(next)!);
  };
  /** Move a node into the visible part, and focus it once it is drawn. */
  const reveal = (node: Node) => {
    setView((now) => ({ ...now, ...into(now, node, room) }));
    requestAnimationFrame(() => document.getElementById(`node-${node.id}`)?.focus({ preventScroll: true }));
  };

  const { seen, edges } = useVisible(drawing, view, room, selected);
  const paths = useMemo(() => new Map(edges.map((edge) => [edge, curve(edge, drawing)])), [edges]);
  const firstProblem = useMemo(() => {
    const first = new Map<string, Problem>();
    for (const each of problems) if (each.step && first.get(each.step)?.level !== "error") first.set(each.step, each);
    return first;
  }, [problems]);

  return (
    <div
      class={`graph ${drawing.direction}`}
      ref={frame}
      {...hands}
      onKeyDown={keys}
      role="group"
      aria-label="The workflow as a graph. The list of steps has the same information. Arrow keys follow the connections."
    >
      <div class="world" style={{ transform: `translate(${view.x}px,${view.y}px) scale(${view.zoom})` }}>
        <svg class="wires" aria-hidden="true">
          {edges.map((edge) => (
            <path
              key={`${edge.from}>${edge.to}.${edge.argument}`}
              d={paths.get(edge)}
              class={`wire ${edge.kind}${edge.many ? " many" : ""}${selected && edge.from !== selected && edge.to !== selected ? " dim" : ""}`}
            />
          ))}
          {wire && <path class="wire loose" d={bezier(startOf(drawing.byId.get(wire.from)!, drawing.direction), [wire.x, wire.y], drawing.direction)} />}
        </svg>
        {seen.map((node) =>
          node.input ? (
            <InputCard key={node.id} node={node} selected={selected === node.id} select={select} pull={pull} />
          ) : (
            <StepCard
              key={node.id}
              node={node}
              progress={progress.get(node.id)}
              problem={firstProblem.get(node.id)}
              price={prices?.get(node.id)?.price}
              selected={selected === node.id}
              select={select}
              pull={pull}
            />
          ),
        )}
      </div>
      <div class="map-zoom">
        <button class="button icon" aria-label="Zoom out" title="Zoom out (-)" onClick={() => zoomBy(1 / ZOOM.step)}>
          <Icon name="minus" />
        </button>
        <output class="num small" aria-label="Zoom">
          {Math.round(view.zoom * 100)} %
        </output>
        <button class="button icon" aria-label="Zoom in" title="Zoom in (+)" onClick={() => zoomBy(ZOOM.step)}>
          <Icon name="plus" />
        </button>
        <button class="button icon" aria-label="Show the whole workflow" title="Show the whole workflow (0)" onClick={() => fit()}>
          <Icon name="fit" />
        </button>
      </div>
    </div>
  );
}

function useView(frame: { current: HTMLDivElement | null }, drawing: Drawing, room: { width: number; height: number }, current: () => Node | undefined) {
  const [view, setView] = useState<View>({ x: 0, y: 0, zoom: 1 });
  /** Fit the whole graph, or a readable part around the selected or active step. */
  const fit = (least = 0) => {
    if (!room.width || !drawing.nodes.length) return;
    const whole = scaleIn(drawing, room);
    const zoom = Math.max(whole, least);
    const node = zoom > whole ? current() : undefined;
    const [middleX, middleY] = node
      ? [node.x + node.width / 2, node.y + node.height / 2]
      : [drawing.left + drawing.width / 2, drawing.top + drawing.height / 2];
    setView({
      zoom,
      x: inside(room.width / 2 - middleX * zoom, drawing.left, drawing.width, room.width, zoom),
      y: inside(room.height / 2 - middleY * zoom, drawing.top, drawing.height, room.height, zoom),
    });
  };
  useEffect(() => fit(ZOOM.readable), [drawing.nodes.length, drawing.direction, room]);
  const zoomBy = (factor: number, at = { x: room.width / 2, y: room.height / 2 }) =>
    setView((now) => zoomed(now, factor, at, LIMITS));
  const latest = useRef(zoomBy);
  latest.current = zoomBy;
  useEffect(() => {
    const element = frame.current!;
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const box = element.getBoundingClientRect();
      if (event.ctrlKey || event.metaKey) latest.current(Math.exp(-event.deltaY / 300), { x: event.clientX - box.left, y: event.clientY - box.top });
      else setView((now) => ({ ...now, x: now.x - event.deltaX, y: now.y - event.deltaY }));
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, []);
  return { view, setView, fit, zoomBy };
}

/** Centre what is smaller than the room, else keep the wanted place within its ends. */
const inside = (want: number, start: number, length: number, room: number, zoom: number): number =>
  length * zoom < room - 40 ? room / 2 - (start + length / 2) * zoom : Math.min(28 - start * zoom, Math.max(room - 84 - (start + length) * zoom, want));

const into = ({ x, y, zoom }: View, node: Node, room: { width: number; height: number }): { x: number; y: number } => ({
  x: Math.min(Math.max(x, 20 - node.x * zoom), room.width - 20 - (node.x + node.width) * zoom),
  y: Math.min(Math.max(y, 20 - node.y * zoom), room.height - 20 - (node.y + node.height) * zoom),
});

/** Return the nodes and edges near the visible part; the same lists for as long as a pan doesn't change them. */
function useVisible(drawing: Drawing, view: View, room: { width: number; height: number }, selected: string | undefined) {
  const near = (at: number) => Math.round(at / SIGHT) * SIGHT;
  const [left, top] = [near(-view.x / view.zoom) - 2 * SIGHT, near(-view.y / view.zoom) - 2 * SIGHT];
  const [right, bottom] = [near((room.width - view.x) / view.zoom) + 2 * SIGHT, near((room.height - view.y) / view.zoom) + 2 * SIGHT];
  return useMemo(() => {
    if (drawing.nodes.length < WHOLE) return { seen: drawing.nodes, edges: drawing.edges };
    const seen = drawing.nodes.filter(
      (node) => node.id === selected || (node.x < right && node.x + node.width > left && node.y < bottom && node.y + node.height > top),
    );
    const ids = new Set(seen.map((node) => node.id));
    return { seen, edges: drawing.edges.filter((edge) => ids.has(edge.from) || ids.has(edge.to)) };
  }, [drawing, selected, left, top, right, bottom]);
}

interface CardProps {
  node: Node;
  selected: boolean;
  select: (id: string) => void;
  pull: (event: PointerEvent, from: string) => void;
}

function InputCard({ node, selected, select, pull }: CardProps) {
  const value = node.input!.default;
  const shown = Array.isArray(value) ? `${value.length} values` : value === undefined ? "given with the run" : String(value);
  return (
    <article
      id={`node-${node.id}`}
      class={`node input ${node.kind}${selected ? " selected" : ""}`}
      style={spot(node)}
      tabIndex={0}
      aria-label={`Input ${node.id}: ${shown}`}
      onFocus={() => select(node.id)}
    >
      <Icon name="input" size={16} />
      <div class="grow">
        <strong>{node.id}</strong>
        <div class="sub">{shown}</div>
      </div>
      <i class={`out ${node.kind}`} onPointerDown={(event) => pull(event, node.id)} />
    </article>
  );
}

interface StepProps extends CardProps {
  progress?: Progress;
  problem?: Problem;
  price?: [number, number];
}

const StepCard = memo(
  function StepCard({ node, progress, problem, price: total, selected, select, pull }: StepProps) {
    const step = node.step!;
    const operation = node.operation;
    const times = step.count ?? 1;
    const cost = total ? price(total) : operation ? price(operation.price, times) : "";
    const told = problem ? (problem.level === "error" ? "Needs a fix" : "Look at this") : progress?.text;
    return (
      <article
        id={`node-${node.id}`}
        class={`node step ${progress?.state ?? ""}${selected ? " selected" : ""}${problem ? ` has-${problem.level}` : ""}`}
        style={spot(node)}
        tabIndex={0}
        aria-label={`Step ${node.id}: ${operation?.title ?? step.tool}. ${told ?? ""} ${problem?.message ?? ""}`}
        onFocus={() => select(node.id)}
      >
        <header>
          <span class="family">
            <Icon name={FAMILY[operation?.family ?? ""] ?? "wand"} size={17} />
          </span>
          <div class="grow">
            <strong>{node.id}</strong>
            <div class="sub">{operation?.title ?? step.tool}</div>
          </div>
          {(times > 1 || step.foreach) && <span class="times num">{step.foreach ? (times > 1 ? `each ×${times}` : "each") : `×${times}`}</span>}
        </header>
        {node.ports.length > 0 && (
          <div class="ports">
            {node.ports.map((port) => (
              <div class={`port ${port.kind}`} data-port={port.argument} data-step={node.id} key={port.argument}>
                <i />
                <span>{port.argument.replaceAll("_", " ")}</span>
              </div>
            ))}
          </div>
        )}
        {!!progress?.media.length && (
          <div class="strip">
            {progress.media.slice(0, MOST_PICTURES).map((id) => (
              <Thumb key={id} item={mediaOf(id)} />
            ))}
          </div>
        )}
        <footer>
          {problem ? (
            <span class={problem.level}>{told}</span>
          ) : progress ? (
            <span class={`state ${progress.state}`}>{told}</span>
          ) : (
            <span>{step.review ? "stops for your pick" : operation?.seconds ? `about ${Math.round(operation.seconds)} s` : ""}</span>
          )}
          <span class="num">{cost}</span>
        </footer>
        {progress?.state === "running" && !!progress.share && (
          <div class="bar">
            <i style={{ width: `${progress.share * 100}%` }} />
          </div>
        )}
        <i class={`out ${node.kind}`} title="Drag to an argument of another step" onPointerDown={(event) => pull(event, node.id)} />
      </article>
    );
  },
  (a, b) =>
    a.node === b.node &&
    a.selected === b.selected &&
    a.problem === b.problem &&
    a.price?.join() === b.price?.join() &&
    a.pull === b.pull &&
    sameProgress(a.progress, b.progress),
);

const sameProgress = (a: Progress | undefined, b: Progress | undefined): boolean =>
  a === b || (!!a && !!b && a.state === b.state && a.text === b.text && a.share === b.share && a.media.join() === b.media.join());

/** A medium of which only the id is known. */
export const mediaOf = (id: string): Reference => ({ id, uri: `media://${id}`, media_type: "" });

const spot = (node: Node) => ({ transform: `translate(${node.x}px,${node.y}px)`, width: `${node.width}px`, height: `${node.height}px` });

function follow(event: PointerEvent, move: (event: PointerEvent) => void, end?: (event: PointerEvent) => void) {
  const stop = (ended: PointerEvent) => {
    removeEventListener("pointermove", move);
    removeEventListener("pointerup", stop);
    removeEventListener("pointercancel", stop);
    end?.(ended);
  };
  addEventListener("pointermove", move);
  addEventListener("pointerup", stop);
  addEventListener("pointercancel", stop);
  event.preventDefault();
}

/** Paints a mask on a picture, with a pointer, with fingers or with keys. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "../ui/icons";
import type { History } from "./history.ts";
import { asLayer, canvasScale, COLOUR, made, measure, paint, type Painted, type Point, replay, type Shape, type Size, type Tool, toSend } from "./strokes.ts";
import { fitted, pinched, showing, type View, zoomed } from "./view.ts";
import "./mask.css";

const TOOLS: { tool: Tool; icon: IconName; title: string; key: string }[] = [
  { tool: "brush", icon: "brush", title: "Brush", key: "b" },
  { tool: "eraser", icon: "erase", title: "Eraser", key: "e" },
  { tool: "rectangle", icon: "rect", title: "Rectangle", key: "r" },
  { tool: "lasso", icon: "lasso", title: "Lasso: fills the outline that you draw", key: "l" },
];
const [THINNEST, THICKEST] = [2, 2000];

interface Props {
  /** The picture, perhaps in a smaller form. */
  src: string;
  name: string;
  /** Its size in pixels, whatever the size of `src`. */
  picture: Size;
  history: History;
  /** The stored mask that a step `mask` stands for. */
  stored?: string;
  measured: (painted: Painted) => void;
}
type Layer = CanvasImageSource | undefined;

export function MaskPainter({ src, name, picture, history, stored, measured }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [broken, setBroken] = useState(false);
  const [tool, setTool] = useState<Tool>("brush");
  const [size, setSize] = useState(() => Math.max(8, Math.round(Math.max(picture.width, picture.height) / 24)));
  const [view, setView] = useState<View>({ x: 0, y: 0, zoom: 0 });
  const [cursor, setCursor] = useState<Point>();
  const [drawing, setDrawing] = useState<{ points: Point[]; erase: boolean; byKeys?: boolean }>();
  const [panning, setPanning] = useState(false);
  const layer = useLayer(stored, picture);
  const { steps } = history;
  const scale = canvasScale(picture);
  const most = Math.min(THICKEST, Math.max(picture.width, picture.height));

  const frameSize = (): Size => ({ width: frame.current!.clientWidth, height: frame.current!.clientHeight });
  const fit = () => frame.current && setView(fitted(picture, frameSize()));
  const zoomBy = (factor: number, at?: { x: number; y: number }) => {
    const { width, height } = frameSize();
    setView((now) => zoomed(now, factor, at ?? { x: width / 2, y: height / 2 }));
  };
  useEffect(() => {
    const watch = new ResizeObserver(() => frame.current && fit()); // Also called as the page is left.
    watch.observe(frame.current!);
    return () => watch.disconnect();
  }, [picture.width, picture.height]);

  useDrawn(canvas, steps, picture, layer, measured);

  const add = (drawn: Point[], erase: boolean) => {
    setDrawing(undefined);
    const step = made(tool, drawn, size, erase, picture);
    if (step) history.add(step);
    else if (tool === "lasso") history.say("An outline needs at least 3 corners.");
  };

  /* ---- Keys ------------------------------------------------------------- */

  const move = (key: string, large: boolean) => {
    const step = Math.max(1, Math.round(large ? size / 2 : size / 8));
    const [x, y] = cursor ?? [picture.width / 2, picture.height / 2];
    const next: Point = [
      Math.min(picture.width - 1, Math.max(0, Math.round(x + (key === "arrowright" ? step : key === "arrowleft" ? -step : 0)))),
      Math.min(picture.height - 1, Math.max(0, Math.round(y + (key === "arrowdown" ? step : key === "arrowup" ? -step : 0)))),
    ];
    const frameNow = frameSize();
    setCursor(next);
    setView((now) => showing(now, { x: next[0], y: next[1] }, frameNow));
    if (drawing?.byKeys && (tool === "brush" || tool === "eraser")) setDrawing({ ...drawing, points: [...drawing.points, next] });
    else history.say(`${next[0]}, ${next[1]}`);
  };
  /** Enter begins and ends a stroke or a rectangle, and sets the corners of an outline; the same corner twice closes it. */
  const enter = (erase: boolean) => {
    const at = cursor ?? [Math.round(picture.width / 2), Math.round(picture.height / 2)];
    setCursor(at);
    if (!drawing) {
      setDrawing({ points: [at], erase, byKeys: true });
      const next = { lasso: "Corner 1. Enter sets more, Enter twice closes the outline.", rectangle: "First corner. Enter sets the other one." };
      history.say((next as Record<string, string>)[tool] ?? "Brush down. Arrows draw, Enter ends the stroke.");
    } else if (tool === "rectangle") add(around(drawing.points[0]!, at), drawing.erase);
    else if (tool !== "lasso") add([...drawing.points, at], drawing.erase);
    else if (drawing.points.at(-1)!.join() === at.join()) {
      if (drawing.points.length > 2) add(drawing.points, drawing.erase);
      else history.say("An outline needs at least 3 corners.");
    } else {
      setDrawing({ ...drawing, points: [...drawing.points, at] });
      history.say(`Corner ${drawing.points.length + 1}.`);
    }
  };
  const onKey = (event: KeyboardEvent) => {
    const key = event.key.toLowerCase();
    const onCanvas = event.target === frame.current;
    const command = event.ctrlKey || event.metaKey;
    if (command && (key === "z" || key === "y")) key === "y" || event.shiftKey ? history.redo() : history.undo();
    else if (command) return;
    else if (key === "[" || key === "]") setSize((now) => Math.min(most, Math.max(THINNEST, key === "[" ? Math.round(now / 1.25) : Math.round(now * 1.25) + 1)));
    else if ((event.target as Element).matches("input, textarea, select")) return;
    else if (TOOLS.some((each) => each.key === key)) choose(TOOLS.find((each) => each.key === key)!.tool);
    else if (key === "i") history.add({ shape: "invert" });
    else if (key === "0") fit();
    else if (key === "+" || key === "=") zoomBy(1.25);
    else if (key === "-") zoomBy(0.8);
    else if (!onCanvas) return;
    else if (key === " ") setPanning(true);
    else if (key === "escape" && drawing) (setDrawing(undefined), history.say("Cancelled."));
    else if (key.startsWith("arrow") && panning) setView((now) => ({ ...now, x: now.x + panBy(key, "arrowleft", "arrowright"), y: now.y + panBy(key, "arrowup", "arrowdown") }));
    else if (key.startsWith("arrow")) move(key, event.shiftKey);
    else if (key === "enter") enter(event.altKey);
    else return;
    event.preventDefault();
  };
  const choose = (next: Tool) => {
    setTool(next);
    setDrawing(undefined);
  };

  /* ---- Pointer ---------------------------------------------------------- */

  const fingers = useRef(new Map<number, { x: number; y: number }>());
  const inFrame = (event: { clientX: number; clientY: number }) => {
    const edge = frame.current!.getBoundingClientRect();
    return { x: event.clientX - edge.left, y: event.clientY - edge.top };
  };
  const inPicture = (event: { clientX: number; clientY: number }): Point => {
    const at = inFrame(event);
    return [(at.x - view.x) / view.zoom - 0.5, (at.y - view.y) / view.zoom - 0.5];
  };
  const onDown = (event: PointerEvent) => {
    if (event.button > 1 || broken) return;
    event.preventDefault();
    frame.current!.focus({ preventScroll: true });
    frame.current!.setPointerCapture(event.pointerId);
    fingers.current.set(event.pointerId, inFrame(event));
    if (fingers.current.size > 1 || panning || event.button === 1) setDrawing(undefined);
    else setDrawing({ points: [inPicture(event)], erase: event.altKey });
  };
  const onMove = (event: PointerEvent) => {
    setCursor(event.pointerType === "touch" ? undefined : inPicture(event));
    const before = fingers.current.get(event.pointerId);
    if (!before) return;
    const now = inFrame(event);
    fingers.current.set(event.pointerId, now);
    const other = [...fingers.current].find(([id]) => id !== event.pointerId)?.[1];
    if (other) setView((at) => pinched(at, [before, other], [now, other]));
    else if (drawing && !drawing.byKeys) {
      const passed = event.getCoalescedEvents?.() ?? [];
      setDrawing({ ...drawing, points: [...drawing.points, ...(passed.length ? passed : [event]).map(inPicture)] });
    } else setView((at) => ({ ...at, x: at.x + now.x - before.x, y: at.y + now.y - before.y }));
  };
  const onUp = (event: PointerEvent) => {
    if (!fingers.current.delete(event.pointerId)) return;
    if (drawing && !drawing.byKeys && event.type === "pointerup") add(drawing.points, drawing.erase);
    else if (!drawing?.byKeys) setDrawing(undefined);
  };
  useEffect(() => {
    const element = frame.current!;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      if (event.ctrlKey || event.metaKey) zoomBy(Math.exp(-event.deltaY / 250), inFrame(event));
      else setView((now) => ({ ...now, x: now.x - event.deltaX, y: now.y - event.deltaY }));
    };
    const released = (event: KeyboardEvent) => event.key === " " && setPanning(false);
    const left = () => setPanning(false);
    element.addEventListener("wheel", onWheel, { passive: false });
    addEventListener("keyup", released);
    addEventListener("blur", left);
    return () => {
      element.removeEventListener("wheel", onWheel);
      removeEventListener("keyup", released);
      removeEventListener("blur", left);
    };
  }, []);

  return (
    <div class="painter" onKeyDown={onKey}>
      <div class="tools" role="toolbar" aria-label="Mask tools">
        <div class="tool-row">
          {TOOLS.map((each) => (
            <button
              key={each.tool}
              class="button icon"
              aria-label={each.title}
              title={`${each.title} (${each.key.toUpperCase()})`}
              aria-pressed={tool === each.tool}
              onClick={() => choose(each.tool)}
            >
              <Icon name={each.icon} />
            </button>
          ))}
          <span class="gap" />
          <button class="button icon" aria-label="Undo" title="Undo (Ctrl+Z)" aria-disabled={!steps.length} onClick={history.undo}>
            <Icon name="undo" />
          </button>
          <button class="button icon" aria-label="Redo" title="Redo (Ctrl+Shift+Z)" aria-disabled={!history.canRedo} onClick={history.redo}>
            <Icon name="redo" />
          </button>
          <button class="button quiet" title="Mark what isn't marked (I)" onClick={() => history.add({ shape: "invert" })}>
            Invert
          </button>
          <button class="button quiet" aria-disabled={!toSend(steps).length} onClick={() => toSend(steps).length && history.add({ shape: "clear" }, "Cleared. Undo brings it back.")}>
            Clear
          </button>
        </div>
        <div class="tool-row">
          <label class="size" title="Brush size ([ and ])">
            <span class="sr">Brush size in pixels</span>
            <input type="range" min={THINNEST} max={Math.min(most, Math.max(400, size))} value={size} onInput={(event) => setSize(Number(event.currentTarget.value))} />
            <output class="num small">{size} px</output>
          </label>
          <span class="gap" />
          <button class="button icon" aria-label="Zoom out" title="Zoom out (-)" onClick={() => zoomBy(0.8)}>
            <Icon name="minus" />
          </button>
          <output class="num small zoomed-to" aria-label="Zoom">
            {Math.round(view.zoom * 100)} %
          </output>
          <button class="button icon" aria-label="Zoom in" title="Zoom in (+)" onClick={() => zoomBy(1.25)}>
            <Icon name="plus" />
          </button>
          <button class="button icon" aria-label="Whole picture" title="Whole picture (0)" onClick={fit}>
            <Icon name="fit" />
          </button>
        </div>
      </div>
      <div
        class={panning ? "canvas panning" : "canvas"}
        ref={frame}
        tabIndex={0}
        role="application"
        aria-label={`Painting a mask on ${name}`}
        aria-describedby="mask-keys"
        onPointerDown={onDown}
        onPointerMove={onMove}
        onPointerUp={onUp}
        onPointerCancel={onUp}
        onPointerLeave={() => !fingers.current.size && !drawing && setCursor(undefined)}
      >
        {broken ? (
          <p class="boot">The picture couldn't be loaded. It may have been deleted: choose another one.</p>
        ) : (
          <div
            class="sheet"
            style={{
              width: `${picture.width}px`,
              height: `${picture.height}px`,
              transform: `translate(${view.x}px,${view.y}px) scale(${view.zoom})`,
            }}
          >
            <img src={src} alt={name} draggable={false} onError={() => setBroken(true)} />
            <canvas ref={canvas} width={Math.ceil(picture.width * scale)} height={Math.ceil(picture.height * scale)} />
            <svg class="marks" viewBox={`0 0 ${picture.width} ${picture.height}`} aria-hidden="true">
              {drawing && <Live tool={tool} size={size} points={drawing.points} erase={drawing.erase || tool === "eraser"} to={drawing.byKeys ? cursor : undefined} />}
              {cursor && !panning && <Ring at={cursor} radius={tool === "brush" || tool === "eraser" ? size / 2 : 3 / (view.zoom || 1)} />}
            </svg>
          </div>
        )}
      </div>
      <p id="mask-keys" class="sr">
        Arrow keys move the brush, with Shift in larger steps. Enter begins and ends a stroke or a rectangle; with the lasso it sets corners, and the same corner twice closes
        the outline. Escape cancels. Alt with Enter erases. Square brackets change the size, plus and minus zoom, I inverts, Control Z undoes.
      </p>
      <p class="sr" role="status">
        {history.message}
      </p>
    </div>
  );
}

/** Return the corners of a rectangle that contains two pixels. */
const around = ([ax, ay]: Point, [bx, by]: Point): Point[] => [
  [Math.min(ax, bx) - 0.5, Math.min(ay, by) - 0.5],
  [Math.max(ax, bx) + 0.5, Math.max(ay, by) + 0.5],
];

const panBy = (key: string, less: string, more: string): number => (key === more ? -40 : key === less ? 40 : 0);

/** Return the stored mask as something to draw, once it has loaded. */
function useLayer(stored: string | undefined, picture: Size): Layer {
  const [layer, setLayer] = useState<Layer>();
  useEffect(() => {
    if (!stored) return setLayer(undefined);
    let gone = false;
    const image = new Image();
    const scale = canvasScale(picture);
    image.onload = () => !gone && setLayer(asLayer(image, { width: Math.ceil(picture.width * scale), height: Math.ceil(picture.height * scale) }));
    image.src = stored;
    return () => {
      gone = true;
    };
  }, [stored]);
  return layer;
}

/** Keep the canvas as the steps say: a new step is drawn on top, everything else draws all again. */
function useDrawn(canvas: { current: HTMLCanvasElement | null }, steps: Shape[], picture: Size, layer: Layer, measured: (painted: Painted) => void): void {
  const drawn = useRef<{ steps: Shape[]; layer: Layer; on: HTMLCanvasElement | null }>({ steps: [], layer: undefined, on: null });
  useLayoutEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const ctx = element.getContext("2d")!;
    ctx.setTransform(element.width / picture.width, 0, 0, element.height / picture.height, 0, 0);
    const { current: before } = drawn;
    const goesOn = before.on === element && before.layer === layer && before.steps.length < steps.length && before.steps.every((each, i) => each === steps[i]);
    if (goesOn) for (const step of steps.slice(before.steps.length)) paint(ctx, step, picture, layer);
    else replay(ctx, steps, picture, layer);
    drawn.current = { steps, layer, on: element };
    measured(measure(element, picture));
  }, [steps, layer, picture.width, picture.height]);
}

/** The shape that is being drawn, before it is one. */
function Live({ tool, size, points, erase, to }: { tool: Tool; size: number; points: Point[]; erase: boolean; to?: Point }) {
  const every = to && tool !== "brush" && tool !== "eraser" ? [...points, to] : points;
  const middles = every.map(([x, y]) => `${x + 0.5},${y + 0.5}`);
  if (tool === "rectangle") {
    const [[ax, ay], [bx, by]] = [every[0]!, every.at(-1)!];
    return <rect class="outline" x={Math.min(ax, bx)} y={Math.min(ay, by)} width={Math.abs(ax - bx)} height={Math.abs(ay - by)} />;
  }
  if (tool === "lasso") return <polygon class="outline" points={middles.join(" ")} />;
  const path = middles.length > 1 ? middles : [...middles, ...middles];
  return <polyline class="live" points={path.join(" ")} style={{ stroke: erase ? "#fff" : COLOUR, strokeWidth: `${size}px` }} />;
}

function Ring({ at: [x, y], radius }: { at: Point; radius: number }) {
  return (
    <g class="ring">
      <circle cx={x + 0.5} cy={y + 0.5} r={radius} class="dark" />
      <circle cx={x + 0.5} cy={y + 0.5} r={radius} />
    </g>
  );
}

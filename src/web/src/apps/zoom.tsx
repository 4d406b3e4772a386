/** A picture that can be zoomed and moved by pointer, wheel and keys. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../ui/icons";

const STEP = 1.4;
const MOST = 8;
/** CSS pixels that an arrow key moves the picture. */
const MOVE = 40;

interface View {
  zoom: number;
  x: number;
  y: number;
}
const FITTED: View = { zoom: 1, x: 0, y: 0 };

export function Zoom({ src, name, width }: { src: string; name: string; width?: number }) {
  const stage = useRef<HTMLDivElement>(null);
  const [view, setView] = useState(FITTED);
  const [fitted, setFitted] = useState(0);
  const moves = view.zoom > 1;
  const by = (factor: number, event?: MouseEvent) =>
    setView((now) => {
      const zoom = Math.min(MOST, Math.max(1, now.zoom * factor));
      if (zoom === 1) return FITTED;
      const box = stage.current!.getBoundingClientRect();
      const [x, y] = event ? [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2] : [0, 0];
      return { zoom, x: x - ((x - now.x) / now.zoom) * zoom, y: y - ((y - now.y) / now.zoom) * zoom };
    });
  const move = (x: number, y: number) => setView((now) => (now.zoom > 1 ? { ...now, x: now.x + x, y: now.y + y } : now));
  useEffect(() => {
    const element = stage.current!;
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return; // without them the conversation scrolls
      event.preventDefault();
      by(Math.exp(-event.deltaY / 250), event);
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, []);
  const keys = (event: KeyboardEvent) => {
    const act = {
      "+": () => by(STEP),
      "=": () => by(STEP),
      "-": () => by(1 / STEP),
      "0": () => setView(FITTED),
      ArrowLeft: () => move(MOVE, 0),
      ArrowRight: () => move(-MOVE, 0),
      ArrowUp: () => move(0, MOVE),
      ArrowDown: () => move(0, -MOVE),
    }[event.key];
    if (!act || event.ctrlKey || event.metaKey || (event.key.startsWith("Arrow") && !moves)) return;
    event.preventDefault();
    act();
  };
  const drag = (event: PointerEvent) => {
    if (!moves || event.button) return;
    const element = event.currentTarget as HTMLElement;
    element.setPointerCapture(event.pointerId);
    const follow = (next: PointerEvent) => move(next.movementX, next.movementY);
    element.addEventListener("pointermove", follow);
    element.addEventListener("lostpointercapture", () => element.removeEventListener("pointermove", follow), { once: true });
  };
  const loaded = (event: Event) => {
    const image = event.currentTarget as HTMLImageElement;
    const box = stage.current!.getBoundingClientRect();
    setFitted(Math.min(box.width / image.naturalWidth, box.height / image.naturalHeight, 1) * image.naturalWidth);
  };
  const percent = width && fitted ? Math.round(((fitted * view.zoom) / width) * 100) : Math.round(view.zoom * 100);
  return (
    <div
      class={moves ? "stage zoom moves" : "stage zoom"}
      ref={stage}
      tabIndex={0}
      role="group"
      aria-label={`${name}. Plus and minus zoom, arrow keys move, zero fits.`}
      onKeyDown={keys}
      onPointerDown={drag}
      onDblClick={(event) => (moves ? setView(FITTED) : by(STEP * STEP, event))}
    >
      <img
        src={src}
        alt={name}
        draggable={false}
        onLoad={loaded}
        style={{ transform: `translate(${view.x}px, ${view.y}px) scale(${view.zoom})` }}
      />
      <div class="zoom-tools" role="toolbar" aria-label="Zoom" onPointerDown={(event) => event.stopPropagation()}>
        <button class="button icon" aria-label="Zoom out" disabled={!moves} onClick={() => by(1 / STEP)}>
          <Icon name="minus" />
        </button>
        <output class="num small">{percent} %</output>
        <button class="button icon" aria-label="Zoom in" disabled={view.zoom >= MOST} onClick={() => by(STEP)}>
          <Icon name="plus" />
        </button>
        <button class="button icon" aria-label="Fit" disabled={!moves} onClick={() => setView(FITTED)}>
          <Icon name="fit" />
        </button>
      </div>
    </div>
  );
}

/** Ways to see two pictures: one slider over both, side by side with joined zoom, and their difference. */
import { useEffect, useRef, useState } from "preact/hooks";
import { followed, type View, zoomed } from "../mask/view.ts";
import { type Place, useFingers } from "../ui/fingers.ts";

export interface Shown {
  src: string;
  /** Alternative text; in a blind comparison it says only the side. */
  alt: string;
  width: number;
  height: number;
}
interface Two {
  a: Shown;
  b: Shown;
}

export function Slider({ a, b }: Two) {
  const [at, setAt] = useState(50);
  return (
    <div class="compare-stage">
      <figure class="slider" style={{ "--at": `${at}%`, "--ratio": String(a.width / a.height) } as never}>
        <img src={a.src} alt={a.alt} draggable={false} />
        <img class="b" src={b.src} alt={b.alt} draggable={false} />
        <span class="tag l">A</span>
        <span class="tag r">B</span>
        <input
          type="range"
          min={0}
          max={100}
          step={1}
          value={at}
          aria-label="How much of A is shown"
          aria-valuetext={`A ${at} %, B ${100 - at} %`}
          onInput={(event) => setAt(Number(event.currentTarget.value))}
        />
        <span class="line" />
      </figure>
    </div>
  );
}

const WHOLE: View = { x: 0, y: 0, zoom: 1 };

export function SideBySide({ a, b, tags = ["A", "B"] }: Two & { tags?: [string, string] }) {
  const stage = useRef<HTMLDivElement>(null);
  const [view, setView] = useState(WHOLE);
  const put = (next: View | ((now: View) => View)) =>
    setView((now) => {
      const found = typeof next === "function" ? next(now) : next;
      return found.zoom <= 1 ? WHOLE : found;
    });
  const paneAt = ({ x }: Place) => {
    const panes = [...stage.current!.children].map((each) => each.getBoundingClientRect());
    return panes.find((each) => x < each.right) ?? panes[0]!;
  };
  const hands = useFingers((before, now) => put((view) => followed(view, before, now, paneAt(now[0]))));
  const zoom = (factor: number, at?: { x: number; y: number }) => {
    const pane = stage.current!.firstElementChild!;
    put((now) => zoomed(now, factor, at ?? { x: pane.clientWidth / 2, y: pane.clientHeight / 2 }));
  };
  useEffect(() => {
    const element = stage.current!;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const edge = (event.target as Element).closest(".pane")?.getBoundingClientRect();
      zoom(Math.exp(-event.deltaY / 400), edge && { x: event.clientX - edge.left, y: event.clientY - edge.top });
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, []);
  const onKey = (event: KeyboardEvent) => {
    const pan: Record<string, [number, number]> = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    const moved = pan[event.key];
    if (event.key === "+" || event.key === "=") zoom(1.25);
    else if (event.key === "-") zoom(0.8);
    else if (event.key === "0" && view.zoom > 1) setView(WHOLE);
    else if (moved && view.zoom > 1) put({ ...view, x: view.x + moved[0], y: view.y + moved[1] });
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      ref={stage}
      class={view.zoom > 1 ? "side-by-side movable" : "side-by-side"}
      tabIndex={0}
      role="group"
      aria-label={`Both pictures at ${Math.round(view.zoom * 100)} %. Plus and minus zoom both, arrow keys move them.`}
      onKeyDown={onKey}
      {...hands}
    >
      {[a, b].map((each, i) => (
        <figure key={i} class="pane">
          <img src={each.src} alt={each.alt} draggable={false} style={{ transform: `translate(${view.x}px,${view.y}px) scale(${view.zoom})` }} />
          <span class="tag l">{tags[i]}</span>
        </figure>
      ))}
    </div>
  );
}

/** What differs, made brighter: black is equal. */
export function Difference({ a, b }: Two) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [state, setState] = useState<"loading" | "shown" | "broken">("loading");
  useEffect(() => {
    let gone = false;
    Promise.all([loaded(a.src), loaded(b.src)]).then(
      ([first, second]) => {
        const element = canvas.current;
        if (gone || !element) return;
        [element.width, element.height] = [first.naturalWidth, first.naturalHeight];
        const ctx = element.getContext("2d")!;
        ctx.drawImage(first, 0, 0);
        ctx.globalCompositeOperation = "difference";
        ctx.drawImage(second, 0, 0, element.width, element.height);
        setState("shown");
      },
      () => !gone && setState("broken"),
    );
    return () => {
      gone = true;
    };
  }, [a.src, b.src]);
  return (
    <div class="compare-stage">
      {state === "broken" && <p class="muted">One of the pictures couldn't be loaded. It may have been deleted.</p>}
      <canvas ref={canvas} class="difference" role="img" aria-label="Difference of both pictures: black where they are equal" hidden={state !== "shown"} />
    </div>
  );
}

function loaded(src: string): Promise<HTMLImageElement> {
  return new Promise((done, failed) => {
    const image = new Image();
    image.onload = () => done(image);
    image.onerror = failed;
    image.src = src;
  });
}

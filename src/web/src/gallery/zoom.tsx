/** A picture that can be zoomed and moved: wheel, pinch, drag, double click, and the keys + - 0 1. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../ui/icons";
import { Thumb } from "../ui/thumb";
import { type MediaDetail, nameOf } from "../ui/media.ts";
import { pictureLinks } from "../ui/pictures.ts";
import { aroundPoint, FIT, fitScale, type Placement, within } from "./placement.ts";

export function ZoomPicture({ item }: { item: MediaDetail }) {
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [at, place] = useState<Placement>(FIT);
  const [original, setOriginal] = useState("");
  const fingers = useRef(new Map<number, { x: number; y: number }>());
  const picture = { width: item.width ?? 1, height: item.height ?? 1 };
  const fit = fitScale(picture, size);
  const put = (next: Placement) => place(within(next, picture, size));

  useEffect(() => {
    place(FIT);
    setOriginal("");
    const watch = new ResizeObserver(([entry]) => setSize({ width: entry!.contentRect.width, height: entry!.contentRect.height }));
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, [item.id]);

  // The original is loaded only when it shows more than the view does.
  useEffect(() => {
    if (at.zoom <= 1.2 || original) return;
    let gone = false;
    void pictureLinks(item.id).then((links) => !gone && links && setOriginal(links.original));
    return () => {
      gone = true;
    };
  }, [at.zoom > 1.2, item.id]);

  const zoomBy = (factor: number, point = { x: size.width / 2, y: size.height / 2 }) => place((now) => within(aroundPoint(now, now.zoom * factor, point, size), picture, size));
  const whole = () => place(FIT);
  const pixels = () => put(aroundPoint(at, 1 / fit, { x: size.width / 2, y: size.height / 2 }, size));

  useEffect(() => {
    const keys: Record<string, () => void> = { "+": () => zoomBy(1.25), "=": () => zoomBy(1.25), "-": () => zoomBy(0.8), "0": whole, "1": pixels };
    const onKey = (event: KeyboardEvent) => {
      if ((event.target as HTMLElement).closest("input, textarea, select") || event.ctrlKey || event.metaKey) return;
      keys[event.key]?.();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });

  useEffect(() => {
    const element = box.current!;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const edge = element.getBoundingClientRect();
      zoomBy(Math.exp(-event.deltaY / 400), { x: event.clientX - edge.left, y: event.clientY - edge.top });
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  });

  const onMove = (event: PointerEvent) => {
    const known = fingers.current;
    const before = known.get(event.pointerId);
    if (!before) return;
    const other = [...known].find(([id]) => id !== event.pointerId)?.[1];
    known.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (!other) return put({ ...at, x: at.x + event.clientX - before.x, y: at.y + event.clientY - before.y });
    const distance = (point: { x: number; y: number }) => Math.hypot(point.x - other.x, point.y - other.y);
    const edge = box.current!.getBoundingClientRect();
    const middle = { x: (event.clientX + other.x) / 2 - edge.left, y: (event.clientY + other.y) / 2 - edge.top };
    zoomBy(distance({ x: event.clientX, y: event.clientY }) / Math.max(1, distance(before)), middle);
  };
  const onEnd = (event: PointerEvent) => void fingers.current.delete(event.pointerId);

  const shown = { width: picture.width * fit * at.zoom, height: picture.height * fit * at.zoom };
  return (
    <div class="zoom">
      <div
        class={at.zoom > 1 ? "zoom-box movable" : "zoom-box"}
        ref={box}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          fingers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={onMove}
        onPointerUp={onEnd}
        onPointerCancel={onEnd}
        onDblClick={() => (at.zoom > 1 ? whole() : pixels())}
      >
        <div
          class="zoomed"
          style={{
            width: `${shown.width}px`,
            height: `${shown.height}px`,
            transform: `translate(${(size.width - shown.width) / 2 + at.x}px, ${(size.height - shown.height) / 2 + at.y}px)`,
          }}
        >
          <Thumb item={item} alt={item.prompt ? `${nameOf(item)}: ${item.prompt}` : nameOf(item)} form="view" />
          {original && <img class="original" src={original} alt="" draggable={false} />}
        </div>
      </div>
      <div class="zoom-tools" role="group" aria-label="Zoom">
        <button class="button icon" aria-label="Zoom out" title="Zoom out (-)" onClick={() => zoomBy(0.8)}>
          <Icon name="minus" />
        </button>
        <button class="button" aria-label={`${Math.round(fit * at.zoom * 100)} %, show actual pixels`} title="Actual pixels (1)" onClick={pixels}>
          <span class="num">{Math.round(fit * at.zoom * 100)} %</span>
        </button>
        <button class="button icon" aria-label="Zoom in" title="Zoom in (+)" onClick={() => zoomBy(1.25)}>
          <Icon name="plus" />
        </button>
        <button class="button icon" aria-label="Whole picture" title="Whole picture (0)" onClick={whole}>
          <Icon name="fit" />
        </button>
      </div>
    </div>
  );
}

/** A key that is held down is one click: buttons here spend credits. In a text it is several lines. */
export function watchKeys(): void {
  addEventListener(
    "keydown",
    (event) => {
      const isText = (event.target as Element).matches("textarea") && !event.ctrlKey && !event.metaKey;
      if (!event.repeat || event.key !== "Enter" || isText) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    { capture: true },
  );
}

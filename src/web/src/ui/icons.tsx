const PATHS = {
  media: "M3 5h18v14H3zM3 16l5-5 4 4 3-3 6 5M9 9.5h.01",
  flow: "M4 4h6v6H4zM14 14h6v6h-6zM10 7h4a3 3 0 0 1 3 3v4",
  mask: "M4 20c3 0 4-1 4-3l8-11 3 3L8 17c-2 0-4 1-4 3zM14 8l3 3",
  compare: "M12 3v18M4 6h6v12H4zM14 6h6v12h-6z",
  usage: "M4 20V10M10 20V4M16 20v-7M22 20H2",
  jobs: "M12 7v5l3 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
  brush: "M4 20c3 0 4-1 4-3l8-11 3 3L8 17",
  erase: "M7 20h11M5 14l8-8 6 6-7 7H9z",
  rect: "M4 6h16v12H4z",
  lasso: "M12 5c5 0 8 2.5 8 5.5S17 16 12 16s-8-2-8-5.5S7 5 12 5zM8 15c-2 1-2 4 0 5",
  undo: "M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
  redo: "m15 14 5-5-5-5M20 9H10a6 6 0 0 0 0 12h3",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  fit: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  full: "M14 4h6v6M20 4l-7 7M10 20H4v-6M4 20l7-7",
  check: "m5 12 5 5L20 7",
  play: "M7 5v14l12-7z",
  eye: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7-10-7-10-7zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  wand: "m4 20 11-11M15 4v4M13 6h4M19 10v4M17 12h4",
  up: "M12 19V6M6 12l6-6 6 6",
  note: "M9 18V6l10-2v12M6 21a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM16 19a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  cut: "M6 6a3 3 0 1 0 .01 0M6 18a3 3 0 1 0 .01 0M8 8l12 10M8 16 20 6",
  crop: "M7 2v15h15M2 7h15v15",
  cube: "m12 3 8 4.5v9L12 21l-8-4.5v-9zM12 12l8-4.5M12 12v9M12 12 4 7.5",
  input: "M12 16V5M7 10l5-5 5 5M4 20h16",
  close: "M6 6l12 12M18 6 6 18",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5",
  download: "M12 4v11M7 10l5 5 5-5M4 20h16",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  left: "m15 5-7 7 7 7",
  right: "m9 5 7 7-7 7",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  again: "M20 12a8 8 0 1 1-2.5-5.8M20 4v5h-5",
  pause: "M8 5v14M16 5v14",
  share: "M12 15V4M8 8l4-4 4 4M5 12v8h14v-8",
  warn: "M12 4 2 20h20zM12 10v4M12 17h.01",
} as const;
export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.7"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

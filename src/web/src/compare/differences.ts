/** What differs between pictures: settings as rows, numbers from `image_compare` as text. */
import { count, plain } from "../ui/format.ts";
import type { MediaDetail } from "../ui/media.ts";

export interface Row {
  name: string;
  values: string[];
  differs: boolean;
}
export interface Compared {
  mean: number;
  largest: number;
  similarity: number;
  changed: number;
  box: [number, number, number, number] | null;
}

/** Arguments that say where a picture came from, not how it was made. */
const HIDDEN = new Set(["image", "mask", "preview", "label", "count", "confirm_spend", "prompt"]);

/** Return a row for everything known about the pictures; those that differ first. */
export function rowsOf(items: readonly MediaDetail[], settings: readonly Record<string, unknown>[]): Row[] {
  const names = [...new Set(settings.flatMap((each) => Object.keys(each)))].filter((name) => !HIDDEN.has(name)).sort();
  const all: [string, string[]][] = [
    ["made by", items.map((each) => each.operation ?? each.origin)],
    ["prompt", items.map((each, i) => text(settings[i]?.prompt ?? each.prompt))],
    ...names.map((name): [string, string[]] => [name.replaceAll("_", " "), settings.map((each) => text(each[name]))]),
    ["seed", items.map((each) => each.seed ?? "none")],
    ["credits", items.map((each) => (each.credits === undefined ? "none" : count(each.credits)))],
    ["pixels", items.map((each) => (each.width ? `${each.width} × ${each.height}` : "unknown"))],
  ];
  const rows = all
    .filter(([name], i) => all.findIndex(([other]) => other === name) === i)
    .map(([name, values]) => ({ name, values, differs: new Set(values).size > 1 }))
    .filter((row) => row.values.some((value) => value !== "none"));
  return [...rows.filter((row) => row.differs), ...rows.filter((row) => !row.differs)];
}

function text(value: unknown): string {
  if (value === undefined || value === null || value === "") return "none";
  return typeof value === "string" ? plain(value) : typeof value === "number" ? count(value) : JSON.stringify(value);
}

/** Return the numbers of a comparison, by name. */
export function numbersOf({ changed, similarity, mean, largest, box }: Compared): [string, string][] {
  return [
    ["Changed", `${percent(changed)} of the pixels`],
    ["Similarity", `${similarity.toFixed(3)} (1 = equal)`],
    ["Difference", `mean ${mean.toFixed(1)}, largest ${largest} of 255`],
    ["Box", box ? `${count(box[2] - box[0])} × ${count(box[3] - box[1])} px at ${box[0]}, ${box[1]}` : "nothing changed"],
  ];
}

const percent = (share: number): string => (share > 0 && share < 0.001 ? "below 0.1 %" : `${(share * 100).toFixed(1)} %`);


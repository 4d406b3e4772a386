/** A blind comparison: pairs in random order and on random sides, and what was picked. */

/** Left, Right, Tie or Neither. */
export type Pick = "left" | "right" | "tie" | "neither";
export const KEYS: Record<string, Pick> = { "1": "left", "2": "right", "0": "tie", n: "neither" };
/** Fewer pairs than this say nothing about a setting. */
export const ENOUGH = 10;

export interface Pair {
  /** Ids of the pictures, in the order of the settings that they stand for. */
  items: readonly [string, string];
  /** Names of what is compared, such as the two steps or settings; the same for every pair that counts together. */
  settings: readonly [string, string];
  /** The run that waits for this pick, and what picks each of the two, such as `draft.2`. */
  run?: { id: string; picks: readonly [string, string] };
}
export interface Trial extends Pair {
  /** Whether the second one is on the left. */
  swapped: boolean;
  pick?: Pick;
}
export interface Tally {
  settings: readonly [string, string];
  wins: [number, number];
  ties: number;
  neither: number;
  /** Pairs that were judged. */
  pairs: number;
}

type Random = () => number;
const chance: Random = () => crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32;

/** Return the pairs in random order, each on random sides. */
export function shuffled(pairs: readonly Pair[], random: Random = chance): Trial[] {
  const trials = pairs.map((pair): Trial => ({ ...pair, swapped: random() < 0.5 }));
  for (let i = trials.length - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1));
    [trials[i], trials[other]] = [trials[other]!, trials[i]!];
  }
  return trials;
}

/** Return the ids on the left and on the right. */
export const sides = ({ items: [a, b], swapped }: Trial): [string, string] => (swapped ? [b, a] : [a, b]);

/** Return which of the two settings a pick is for, or undefined for a tie or neither. */
export function winner({ pick, swapped }: Trial): 0 | 1 | undefined {
  if (pick !== "left" && pick !== "right") return undefined;
  return (pick === "left") === swapped ? 1 : 0;
}

/** Return every two pictures that were made with different settings; equal ones differ only by chance. */
export function pairsOf(items: readonly { id: string; setting: string }[]): Pair[] {
  return items.flatMap((first, i) =>
    items.slice(i + 1).flatMap((second): Pair[] => {
      if (first.setting === second.setting) return [];
      const [a, b] = first.setting < second.setting ? [first, second] : [second, first]; // One order: their picks count together.
      return [{ items: [a.id, b.id], settings: [a.setting, b.setting] }];
    }),
  );
}

/** Count the picks, for each two settings. */
export function talliesOf(trials: readonly Trial[]): Tally[] {
  const found = new Map<string, Tally>();
  for (const trial of trials) {
    if (!trial.pick) continue;
    const key = JSON.stringify(trial.settings);
    const tally = found.get(key) ?? { settings: trial.settings, wins: [0, 0], ties: 0, neither: 0, pairs: 0 };
    found.set(key, tally);
    tally.pairs++;
    const won = winner(trial);
    if (won !== undefined) tally.wins[won]++;
    else if (trial.pick === "tie") tally.ties++;
    else tally.neither++;
  }
  return [...found.values()];
}

/** Say what a tally shows: nothing below 10 pairs, and no winner without a majority of the pairs. */
export function verdict({ settings, wins: [a, b], pairs }: Tally): string {
  if (pairs < ENOUGH) return `${pairs} of ${ENOUGH} pairs: too few to conclude.`;
  if (a === b) return `Equal: ${a} of ${pairs} each.`;
  const [name, won] = a > b ? [settings[0], a] : [settings[1], b];
  return `${name} was picked in ${won} of ${pairs}.`;
}

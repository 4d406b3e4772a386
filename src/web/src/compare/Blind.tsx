/** Blind comparison: nothing about a picture is shown before the pick. */
import { useEffect, useRef, useState } from "preact/hooks";
import { callTool } from "../ui/client.ts";
import { keepDraft, readDraft } from "../ui/drafts.ts";
import { toast, toastError } from "../ui/toasts";
import { ENOUGH, KEYS, type Pair, type Pick, shuffled, sides, talliesOf, type Trial, verdict } from "./tally.ts";
import { type Shown, SideBySide } from "./views";

const DRAFT = "blind";
const BUTTONS: [Pick, string, string][] = [
  ["left", "Left", "1"],
  ["tie", "Tie", "0"],
  ["neither", "Neither", "N"],
  ["right", "Right", "2"],
];
const WORDS: Record<Pick, string> = { left: "the left one", right: "the right one", tie: "a tie", neither: "neither" };

interface Props {
  pairs: Pair[];
  /** Returns a picture by its id; undefined while it loads. */
  picture: (id: string) => Shown | undefined;
  /** Says what a picture was, after the pick. */
  reveal: (id: string) => string;
}

export function Blind({ pairs, picture, reveal }: Props) {
  const [trials, setTrials] = useState<Trial[]>(() => shuffled(pairs));
  const [at, setAt] = useState(0);
  const [judged, setJudged] = useState<Trial[]>(() => readDraft<Trial[]>(DRAFT) ?? []);
  const area = useRef<HTMLDivElement>(null);
  const trial = trials[at];
  const pick = async (chosen: Pick) => {
    if (!trial || trial.pick) return;
    const done: Trial = { ...trial, pick: chosen };
    setTrials((now) => now.map((each, i) => (i === at ? done : each)));
    const next = [...judged, done];
    setJudged(next);
    keepDraft(DRAFT, next);
    if (done.run) await store(done);
  };
  const next = () => setAt((now) => now + 1);
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const chosen = KEYS[event.key.toLowerCase()];
    if (chosen && trial && !trial.pick) void pick(chosen);
    else if (event.key === "Enter" && trial?.pick && !(event.target as Element).closest("button") && at + 1 < trials.length) next();
    else return;
    event.preventDefault();
  };
  // The button that was clicked is gone, and the keys go on.
  useEffect(() => area.current?.focus(), [trials, at]);

  if (!trial) return <p class="empty muted">These pictures were made in the same way: there is nothing to judge blind.</p>;
  const [left, right] = sides(trial);
  const [a, b] = [picture(left), picture(right)];
  return (
    <div class="blind" ref={area} tabIndex={-1} onKeyDown={onKey}>
      {a && b ? (
        <SideBySide key={at} a={{ ...a, alt: "Left picture" }} b={{ ...b, alt: "Right picture" }} tags={trial.pick ? [reveal(left), reveal(right)] : ["Left", "Right"]} />
      ) : (
        <span class="skeleton" />
      )}
      <div class="blind-bar">
        <p role="status" class="num">
          {trial.pick ? (
            <>
              You picked {WORDS[trial.pick]}. Left was <b>{reveal(left)}</b>, right was <b>{reveal(right)}</b>.
            </>
          ) : (
            `Pair ${at + 1} of ${trials.length}. Which one is better?`
          )}
        </p>
        <div class="row wrap">
          {trial.pick ? (
            at + 1 < trials.length ? (
              <button class="button primary" onClick={next}>
                Next pair
              </button>
            ) : (
              <button
                class="button"
                onClick={() => {
                  setTrials(shuffled(pairs));
                  setAt(0);
                }}
              >
                Judge again in another order
              </button>
            )
          ) : (
            BUTTONS.map(([each, name, key]) => (
              <button key={each} class="button" aria-keyshortcuts={key} onClick={() => void pick(each)}>
                {name} <kbd>{key}</kbd>
              </button>
            ))
          )}
        </div>
        <Tallies judged={judged} clear={() => (setJudged([]), keepDraft(DRAFT, undefined))} />
      </div>
    </div>
  );
}

/** Store the pick of a run with the run. */
async function store({ run, swapped, pick }: Trial): Promise<void> {
  const first = (pick === "left") !== swapped;
  const chosen = pick === "tie" ? "tie" : pick === "neither" ? "none" : run!.picks[first ? 0 : 1];
  try {
    await callTool("workflow_run", { run: run!.id, pick: [chosen] });
    toast({ text: "The pick is stored with the run." });
  } catch (error) {
    toastError(error);
  }
}

function Tallies({ judged, clear }: { judged: Trial[]; clear: () => void }) {
  const tallies = talliesOf(judged);
  if (!tallies.length) return <p class="small muted">Picks stay in this tab, unless they belong to a run. A tally says something from {ENOUGH} pairs on.</p>;
  return (
    <div class="tallies">
      <table>
        <caption class="sr">Tally of this tab</caption>
        <thead>
          <tr>
            <th scope="col">Setting</th>
            <th scope="col">Wins</th>
            <th scope="col">Against</th>
            <th scope="col">Wins</th>
            <th scope="col">Ties</th>
            <th scope="col">Neither</th>
            <th scope="col">Pairs</th>
            <th scope="col">So far</th>
          </tr>
        </thead>
        <tbody class="num">
          {tallies.map((each) => (
            <tr key={each.settings.join("\n")}>
              <td>{each.settings[0]}</td>
              <td>{each.wins[0]}</td>
              <td>{each.settings[1]}</td>
              <td>{each.wins[1]}</td>
              <td>{each.ties}</td>
              <td>{each.neither}</td>
              <td>{each.pairs}</td>
              <td>{verdict(each)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <button class="button quiet" onClick={clear}>
        Clear the tally
      </button>
    </div>
  );
}

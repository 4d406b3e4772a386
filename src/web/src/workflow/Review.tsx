/** The contact sheet of a review: keys 1 to 9 choose, Enter sends the pick. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Dialog } from "../ui/dialog";
import { plain, seconds } from "../ui/format.ts";
import { kindOf, nameOf } from "../ui/media.ts";
import { useLinks } from "../ui/pictures.ts";
import { Thumb } from "../ui/thumb";
import type { Step } from "./plan.ts";
import { pickOf, type Run, type RunResult } from "./run.ts";

interface Props {
  run: Run;
  step: Step;
  close: () => void;
  pick: (pick: string[]) => Promise<void>;
}

export function ReviewDialog({ run, step, close, pick }: Props) {
  const results = run.outputs?.[step.id] ?? [];
  const isSeveral = !!step.foreach;
  const [chosen, choose] = useState<readonly number[]>([]);
  const [busy, setBusy] = useState(false);
  /** What is chosen now: keys may follow each other faster than the page is drawn. */
  const now = useRef(chosen);
  const toggle = (number: number) => {
    if (!results.some((each) => each.number === number)) return;
    const before = now.current;
    now.current = before.includes(number)
      ? before.filter((each) => each !== number)
      : isSeveral
        ? [...before, number].sort((a, b) => a - b)
        : [number];
    choose(now.current);
  };
  const sendPick = async (numbers: readonly (number | string)[]) => {
    setBusy(true);
    await pick(pickOf(run, step.id, numbers));
    setBusy(false);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || busy) return;
    if (/^[1-9]$/.test(event.key)) toggle(Number(event.key));
    else if (event.key === "Enter" && now.current.length && !(event.target as Element).matches(".verdict")) void sendPick(now.current);
    else return;
    event.preventDefault();
  };
  const latest = useRef(onKey);
  latest.current = onKey;
  // Before the dialog is painted: keys may follow the click that opened it at once.
  useLayoutEffect(() => {
    const keys = (event: KeyboardEvent) => latest.current(event);
    addEventListener("keydown", keys);
    return () => removeEventListener("keydown", keys);
  }, []);
  return (
    <Dialog
      title={isSeveral ? `Pick the results of ${step.id} that go on` : `Pick one result of ${step.id}`}
      close={close}
      wide
      foot={
        <>
          <span class="muted small grow keys">Keys 1 to 9 {isSeveral ? "add and remove" : "choose"}; Enter sends the pick.</span>
          {step.blind && (
            <>
              <button class="button verdict" disabled={busy} onClick={() => void sendPick(["tie"])}>
                Tie
              </button>
              <button class="button verdict" disabled={busy} onClick={() => void sendPick(["none"])}>
                None
              </button>
            </>
          )}
          <button class="button primary" disabled={busy || !chosen.length} onClick={() => void sendPick(chosen)}>
            {chosen.length > 1 ? `Continue with ${chosen.length}` : chosen.length ? `Continue with number ${chosen[0]}` : "Continue"}
          </button>
        </>
      }
    >
      <ul class="picks" aria-label="Results to pick from">
        {results.map((each, i) => (
          <li key={each.number}>
            <Choice result={each} isFirst={!i} isBlind={step.blind ?? false} isChosen={chosen.includes(each.number)} toggle={() => toggle(each.number)} />
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

interface ChoiceProps {
  result: RunResult;
  isFirst: boolean;
  isBlind: boolean;
  isChosen: boolean;
  toggle: () => void;
}

function Choice({ result, isFirst, isBlind, isChosen, toggle }: ChoiceProps) {
  const { media, number } = result;
  const name = !isBlind && media ? nameOf(media) : "";
  const isSound = media && kindOf(media) === "audio";
  return (
    <>
      <button class="candidate" autofocus={isFirst} aria-pressed={isChosen} onClick={toggle}>
        <span class="number num">
          <span class="sr">Number </span>
          {number}
        </span>
        {!isSound && <Thumb item={media && (isBlind ? { ...media, label: undefined } : media)} form="view" />}
        {(name || result.id) && <span class="small clip">{plain(result.id ?? name)}</span>}
        {!isBlind && result.seconds !== undefined && <span class="small muted num">{seconds(result.seconds)}</span>}
      </button>
      {isSound && <Sound id={media.id} label={`Number ${number}`} />}
    </>
  );
}

function Sound({ id, label }: { id: string; label: string }) {
  const links = useLinks(id);
  return links ? <audio controls preload="none" src={links.original} aria-label={label} /> : null;
}

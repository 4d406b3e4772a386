/** App of image_compare: a slider over two pictures, their difference, and what was measured. */
import { useEffect, useState } from "preact/hooks";
import { plain } from "../ui/format.ts";
import { facts, load, words } from "./answer.ts";
import { choose, Enlarge, Loading, Note, start, type AppProps } from "./frame";
import "./compare.css";

type View = "slider" | "difference";
const VIEWS: [View, string][] = [
  ["slider", "Slider"],
  ["difference", "Difference"],
];

interface Side {
  uri: string;
  name: string;
  src: string;
}

function Compare({ host, args, result, context }: AppProps) {
  const found = facts(result);
  const [sides, setSides] = useState<[Side, Side]>();
  const [problem, setProblem] = useState<string>();
  const [view, setView] = useState<View>("slider");
  const [status, setStatus] = useState<{ text: string; bad?: boolean }>();
  useEffect(() => {
    const side = async (key: "before" | "after"): Promise<Side> => {
      const uri = String(found[key] ?? args[key]);
      const name = args[key] === undefined ? uri : String(args[key]);
      return { uri, name: plain(name), src: await load(host, uri) };
    };
    Promise.all([side("before"), side("after")]).then(setSides, (error: Error) => setProblem(error.message));
  }, []);
  if (problem) return <Note text={problem} />;
  if (!sides) return <Loading />;
  const [before, after] = sides;
  const use = (side: Side, letter: string) =>
    choose(host, `The user compared ${before.name} and ${after.name} and chose ${side.name} (${side.uri}).`).then(
      () => setStatus({ text: `The assistant knows that you chose ${letter}, ${side.name}.` }),
      (error: Error) => setStatus({ text: `The host didn't take the choice: ${error.message}`, bad: true }),
    );
  return (
    <main>
      <div class="bar">
        <h1 class="about clip">
          {before.name} and {after.name}
        </h1>
        <div class="row" role="group" aria-label="View">
          {VIEWS.map(([each, text]) => (
            <button key={each} class="button" aria-pressed={view === each} onClick={() => setView(each)}>
              {text}
            </button>
          ))}
          <Enlarge host={host} context={context} />
        </div>
      </div>
      {view === "slider" ? <Slider before={before} after={after} /> : <Difference before={before} after={after} />}
      <div class="bar">
        <p class="about small muted measured">{measured(found, words(result))}</p>
        <button class="button" onClick={() => use(before, "A")}>
          Use A
        </button>
        <button class="button" onClick={() => use(after, "B")}>
          Use B
        </button>
      </div>
      <p class={status?.bad ? "status bad" : "status"} role="status">
        {status?.text}
      </p>
    </main>
  );
}

/** The measurements in a line: changed pixels, similarity, and whether an edit stayed inside its mask. */
function measured(found: Record<string, unknown>, text: string): string {
  const { changed, similarity, stayed_inside: inside } = found;
  if (typeof changed !== "number" || typeof similarity !== "number") return text.split("\n").slice(1, 3).join(" · ");
  const mask = inside === true ? "stayed inside the mask" : inside === false ? "went beyond the mask" : undefined;
  return [`${(changed * 100).toFixed(1)} % of the pixels changed`, `similarity ${similarity.toFixed(3)}`, mask].filter(Boolean).join(" · ");
}

function Slider({ before, after }: { before: Side; after: Side }) {
  const [at, setAt] = useState(50);
  return (
    <div class="stage slider">
      <img src={before.src} alt={`A, ${before.name}`} />
      <img src={after.src} alt={`B, ${after.name}`} style={{ clipPath: `inset(0 0 0 ${at}%)` }} />
      <span class="tag left" aria-hidden="true">
        A
      </span>
      <span class="tag right" aria-hidden="true">
        B
      </span>
      <span class="divider" style={{ left: `${at}%` }} />
      <input
        type="range"
        min={0}
        max={100}
        step={0.5}
        value={at}
        aria-label={`Share of A, ${before.name}, in percent`}
        onInput={(event) => setAt(Number(event.currentTarget.value))}
      />
    </div>
  );
}

function Difference({ before, after }: { before: Side; after: Side }) {
  return (
    <div class="stage difference" role="img" aria-label={`Difference of ${before.name} and ${after.name}: black where they are equal`}>
      <img src={before.src} alt="" />
      <img src={after.src} alt="" />
    </div>
  );
}

const isText = (value: unknown): boolean => typeof value === "string";

start({
  name: "compare",
  tool: "image_compare",
  repeatable: (args) => isText(args.before) && isText(args.after),
  usable: (result) => isText(facts(result).before),
  App: Compare,
});

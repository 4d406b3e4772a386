/** App of image_mask: the mask painter. It saves strokes by the same tool and asks the model to use them: the model pays. */
import { useEffect, useState } from "preact/hooks";
import { MaskPainter } from "../mask/MaskPainter";
import { useHistory } from "../mask/history.ts";
import { fromStored, type Painted, type Shape, toSend } from "../mask/strokes.ts";
import { shareText } from "../mask/side";
import { plain } from "../ui/format.ts";
import { type Facts, facts, load, media, words } from "./answer.ts";
import { type AppProps, choose, Enlarge, Loading, Note, start } from "./frame";
import "./mask.css"; // after the page's own styles, which it overrides

interface Named {
  id: string;
  uri: string;
  label: string;
}
/** What image_mask answers without shapes. */
interface Opened {
  image: Named & { width: number; height: number };
  mask: Named | null;
  shapes: Shape[];
}
interface Ready extends Opened {
  src: string;
  /** The stored mask as a picture, if the painter can't draw all of its shapes. */
  stored?: string;
}
type Use = "edit_inpaint" | "edit_erase" | "save";
const USES: [Use, string, string][] = [
  ["edit_inpaint", "Repaint", "Ask to repaint"],
  ["edit_erase", "Remove", "Ask to remove"],
  ["save", "Only save", "Save the mask"],
];

const opened = (found: Facts): Opened | undefined => {
  const image = found.image as Opened["image"] | undefined;
  return image?.width && image.height ? (found as unknown as Opened) : undefined;
};

/** Open a picture, or the mask that the call has made, with its shapes. */
async function open({ host, args, result }: AppProps): Promise<Ready> {
  let found = opened(facts(result));
  if (!found) {
    const reference = media(result)[0]?.uri ?? args.image;
    const answer = await host.call("image_mask", { image: reference, preview: "none" });
    found = opened(facts(answer));
    if (answer.isError || !found) throw new Error(words(answer) || "The answer has no picture.");
  }
  const needsMask = fromStored(found.shapes, found.mask?.id ?? null, found.image).some((each) => each.shape === "mask");
  const [src, stored] = await Promise.all([load(host, found.image.uri), needsMask && found.mask ? load(host, found.mask.uri) : undefined]);
  return { ...found, src, stored };
}

function Opening(props: AppProps) {
  const [ready, setReady] = useState<Ready>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => void open(props).then(setReady, (error: Error) => setProblem(error.message)), []);
  if (problem) return <Note text={problem} />;
  return ready ? <Painting {...props} ready={ready} /> : <Loading />;
}

function Painting({ host, context, ready: { image, mask, shapes, src, stored } }: AppProps & { ready: Ready }) {
  const [status, setStatus] = useState<{ text: string; bad?: boolean }>();
  const history = useHistory(fromStored(shapes, mask?.id ?? null, image), () => setStatus(undefined));
  const [painted, setPainted] = useState<Painted>({ share: 0 });
  const [use, setUse] = useState<Use>("edit_inpaint");
  const [prompt, setPrompt] = useState("");
  const [busy, setBusy] = useState(false);
  const name = plain(image.label);
  const missing = !painted.share ? "Paint over what should change." : use === "edit_inpaint" && !prompt.trim() ? "Describe what should appear there." : "";
  const submit = async () => {
    if (missing || busy) return;
    setBusy(true);
    setStatus({ text: "Saving the mask…" });
    try {
      const answer = await host.call("image_mask", { image: image.uri, shapes: toSend(history.steps), preview: "none" });
      const made = media(answer)[0];
      if (answer.isError || !made) throw new Error(words(answer) || "The mask wasn't saved.");
      const label = plain(made.label ?? made.uri);
      const told = use === "save" ? choose(host, `The user painted the mask ${label} (${made.uri}) for ${name} (${image.uri}).`) : host.say(request(use, label, name, prompt.trim()));
      await told.catch((error: Error) => {
        throw new Error(`Saved as ${label}, but the assistant doesn't know it: ${error.message}`);
      });
      setStatus({ text: use === "save" ? `Saved as ${label}.` : `Saved as ${label}. The assistant was asked to use it.` });
    } catch (error) {
      setStatus({ text: (error as Error).message, bad: true });
    } finally {
      setBusy(false);
    }
  };
  return (
    <main>
      <h1 class="sr">Paint a mask on {name}</h1>
      <MaskPainter src={src} name={name} picture={image} history={history} stored={stored} measured={setPainted} />
      <div class="bar ask">
        <div class="row uses" role="group" aria-label="What to do with the mask">
          {USES.map(([each, text]) => (
            <button key={each} class="button" aria-pressed={use === each} onClick={() => setUse(each)}>
              {text}
            </button>
          ))}
          <Enlarge host={host} context={context} />
        </div>
        {use === "edit_inpaint" && (
          <input
            class="prompt"
            aria-label="What should appear there"
            placeholder="What should appear there?"
            maxLength={10_000}
            value={prompt}
            onInput={(event) => setPrompt(event.currentTarget.value)}
            onKeyDown={(event) => event.key === "Enter" && !event.isComposing && void submit()}
          />
        )}
        <button class="button primary" disabled={!!missing || busy} title={missing} onClick={() => void submit()}>
          {USES.find(([each]) => each === use)![2]}
        </button>
      </div>
      <p class={status?.bad ? "status bad" : "status"} role="status">
        {status?.text ?? (missing || `Marked: ${shareText(painted.share)}`)}
      </p>
    </main>
  );
}

/** What the user would write. The model makes the paid call, with its price and confirmation. */
function request(use: Use, mask: string, image: string, prompt: string): string {
  return `Use the mask ${mask} on ${image} with ${use}${prompt && use === "edit_inpaint" ? `: ${prompt}` : "."}`;
}

start({
  name: "mask",
  tool: "image_mask",
  repeatable: (args) => typeof args.image === "string",
  usable: (result) => opened(facts(result)) !== undefined || media(result).length > 0,
  App: Opening,
});

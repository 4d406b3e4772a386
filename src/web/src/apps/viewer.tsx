/** App of media_show: one item or a grid; zoom, player, and which one to use. */
import { useEffect, useState } from "preact/hooks";
import { bytes, plain, seconds } from "../ui/format.ts";
import type { Download, Host } from "../ui/host.ts";
import { Icon } from "../ui/icons";
import { facts, FINISHED, load, media, pageLink, picture, words, type Media } from "./answer.ts";
import { choose, Enlarge, Note, start, type AppProps } from "./frame";
import { Zoom } from "./zoom";
import "./viewer.css";

const ON_A_PAGE = 8;
/** Seconds between two looks at a running job: some hosts show each one to the model. */
const POLL_SECONDS = 10;
/** Files of more bytes aren't sent through the host: several refuse messages of 1 MiB. */
const MAX_SENT = 700_000;

const title = (item: Media): string => plain(item.label || item.id || "media");

const kindOf = (item: Media): string => item.media_type.split("/")[0]!;

const ENDINGS: Record<string, string> = { jpeg: "jpg", mpeg: "mp3", "gltf-binary": "glb" };

/** The original file as a host saves it: its bytes, or where it reads them if they are too many for a message. */
async function file(host: Host, item: Media): Promise<Download> {
  const uri = `${item.uri}/original`;
  const kind = item.media_type.split("/")[1]!.replace("x-", "");
  const name = item.path?.split(/[\\/]/).at(-1) ?? `${title(item)}.${ENDINGS[kind] ?? kind}`;
  if (!host.can.serverResources || (item.bytes ?? Infinity) > MAX_SENT) return { type: "resource_link", uri, name, mimeType: item.media_type };
  const found = (await host.read(uri)).find((each) => each.blob !== undefined);
  if (!found) throw new Error("The file is no longer stored.");
  return { type: "resource", resource: { uri: `file:///${encodeURIComponent(name)}`, mimeType: found.mimeType, blob: found.blob } };
}

function about(item: Media): string {
  const size = item.width && item.height ? `${item.width} × ${item.height}` : undefined;
  const length = item.seconds ? seconds(item.seconds) : undefined;
  return [item.operation, size ?? length, item.bytes ? bytes(item.bytes) : undefined].filter(Boolean).join(" · ");
}

function Viewer({ host, result, context }: AppProps) {
  const [answer, setAnswer] = useState(result);
  useEffect(() => setAnswer(result), [result]);
  const items = media(answer);
  const running = (facts(answer).jobs ?? []).filter((job) => !FINISHED.has(job.state)).map((job) => job.id);
  useEffect(() => {
    if (!running.length) return;
    const timer = setTimeout(() => {
      host.call("job_wait", { jobs: running, seconds: 0 }).then(
        (next) => setAnswer(next.isError ? { ...answer } : next),
        () => setAnswer({ ...answer }),
      );
    }, POLL_SECONDS * 1000);
    return () => clearTimeout(timer);
  }, [answer]);
  const [open, setOpen] = useState<Media>();
  const [status, setStatus] = useState<{ text: string; bad?: boolean }>();
  const [chosen, setChosen] = useState<string>();
  const use = (item: Media) =>
    choose(host, `The user chose ${title(item)} (${item.uri}).`).then(
      () => (setChosen(item.uri), setStatus({ text: `The assistant knows that you chose ${title(item)}.` })),
      (error: Error) => setStatus({ text: `The host didn't take the choice: ${error.message}`, bad: true }),
    );
  const save = (item: Media) => {
    setStatus({ text: "Asking the host to save the file…" });
    file(host, item)
      .then((found) => host.download(found))
      .then(
        () => setStatus({ text: `The host saves ${title(item)}.` }),
        (error: Error) => setStatus({ text: `The file wasn't saved: ${error.message}${item.path ? ` It is here: ${plain(item.path)}` : ""}`, bad: true }),
      );
  };
  if (!items.length && !running.length) return <Note text={words(answer)} />;
  const link = pageLink(answer);
  const shown = open ?? (items.length === 1 ? items[0] : undefined);
  return (
    <main>
      <h1 class="sr">{shown ? title(shown) : `${items.length} items`}</h1>
      {running.length > 0 && (
        <p class="boot" role="status">
          Still being made. It appears here as soon as it is done.
        </p>
      )}
      {shown ? (
        <>
          <One key={shown.uri} host={host} item={shown} first={items.length === 1 ? picture(answer) : undefined} />
          <div class="bar">
            {items.length > 1 && (
              <button class="button icon quiet" aria-label="Back to all" onClick={() => setOpen(undefined)}>
                <Icon name="left" />
              </button>
            )}
            <span class="about">
              <b class="clip">{title(shown)}</b>
              <span class="small muted clip">{about(shown)}</span>
            </span>
            {host.can.downloadFile && (
              <button class="button icon" aria-label="Download" title="Download" onClick={() => save(shown)}>
                <Icon name="download" />
              </button>
            )}
            {kindOf(shown) === "image" && <Enlarge host={host} context={context} />}
            {link && host.can.openLinks && items.length === 1 && (
              <button class="button" onClick={() => host.open(link).catch((error: Error) => setStatus({ text: error.message, bad: true }))}>
                Open page
              </button>
            )}
            <button class="button primary" aria-pressed={chosen === shown.uri} onClick={() => use(shown)}>
              {chosen === shown.uri ? "Chosen" : "Use this one"}
            </button>
          </div>
        </>
      ) : (
        items.length > 0 && <Grid host={host} items={items} chosen={chosen} open={setOpen} />
      )}
      <p class={status?.bad ? "status bad" : "status"} role="status">
        {status?.text}
      </p>
    </main>
  );
}

function Grid({ host, items, chosen, open }: { host: Host; items: Media[]; chosen?: string; open: (item: Media) => void }) {
  const [page, setPage] = useState(0);
  const pages = Math.ceil(items.length / ON_A_PAGE);
  const here = items.slice(page * ON_A_PAGE, (page + 1) * ON_A_PAGE);
  return (
    <>
      <ul class="tiles">
        {here.map((item) => (
          <li key={item.uri}>
            <button class="tile" aria-label={`Show ${title(item)}`} aria-pressed={chosen === item.uri} onClick={() => open(item)}>
              <Tile host={host} item={item} />
              <span class="clip">{title(item)}</span>
            </button>
          </li>
        ))}
      </ul>
      <div class="bar">
        <span class="about">
          {items.length} items{pages > 1 && `, page ${page + 1} of ${pages}`}
        </span>
        {pages > 1 && (
          <>
            <button class="button icon" aria-label="Previous page" disabled={!page} onClick={() => setPage(page - 1)}>
              <Icon name="left" />
            </button>
            <button class="button icon" aria-label="Next page" disabled={page + 1 === pages} onClick={() => setPage(page + 1)}>
              <Icon name="right" />
            </button>
          </>
        )}
      </div>
    </>
  );
}

/** Pictures that were loaded, by URI: a page that is shown again loads nothing. */
const loaded = new Map<string, Promise<string>>();

function fetched(host: Host, uri: string): Promise<string> {
  const found = loaded.get(uri);
  if (found) return found;
  const loading = load(host, uri);
  loaded.set(uri, loading);
  loading.catch(() => loaded.delete(uri));
  return loading;
}

function usePicture(host: Host, item: Media, wanted: boolean): { src?: string; problem?: string } {
  const [state, set] = useState<{ src?: string; problem?: string }>({});
  useEffect(() => {
    let current = true;
    if (wanted)
      fetched(host, item.uri).then(
        (src) => current && set({ src }),
        (error: Error) => current && set({ problem: error.message }),
      );
    return () => {
      current = false;
    };
  }, [item.uri, wanted]);
  return state;
}

function Tile({ host, item }: { host: Host; item: Media }) {
  const isPicture = item.media_type.startsWith("image/");
  const { src } = usePicture(host, item, isPicture);
  if (src) return <img src={src} alt="" />;
  const icon = isPicture ? "media" : item.media_type.startsWith("audio/") ? "note" : "cube";
  return (
    <span class="tile-empty">
      <Icon name={icon} size={24} />
    </span>
  );
}

function One({ host, item, first }: { host: Host; item: Media; first?: string }) {
  const kind = kindOf(item);
  const { src = first, problem } = usePicture(host, item, kind === "image");
  if (kind === "audio") return <Player host={host} item={item} waveform={first} />;
  if (src) return <Zoom src={src} name={title(item)} width={item.width} />;
  const text = kind === "image" ? (problem ?? "Loading…") : `A 3D model opens in your own program: ${plain(item.path ?? "media_export writes the file.")}`;
  return (
    <p class="boot lines" role={problem ? "alert" : "status"}>
      {text}
    </p>
  );
}

function Player({ host, item, waveform }: { host: Host; item: Media; waveform?: string }) {
  const [src, setSrc] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const small = (item.bytes ?? 0) <= MAX_SENT && host.can.serverResources !== undefined;
  useEffect(() => {
    if (small) fetched(host, item.uri).then(setSrc, (error: Error) => setProblem(error.message));
  }, [item.uri]);
  const elsewhere = item.path ? ` Play the file: ${plain(item.path)}` : "";
  return (
    <div class="sound">
      {waveform && <img src={waveform} alt={`Waveform of ${title(item)}`} />}
      {src && !problem ? (
        <audio controls src={src} aria-label={title(item)} onError={() => setProblem("This host doesn't play sound.")} />
      ) : (
        <p class="small muted lines" role="status">
          {problem ?? (small ? "Loading…" : "This host can't play this sound.")}
          {(problem || !small) && elsewhere}
        </p>
      )}
    </div>
  );
}

start({
  name: "viewer",
  tool: "media_show",
  repeatable: (args) => Array.isArray(args.media) || typeof args.media === "string",
  usable: (result) => media(result).length > 0 || (facts(result).jobs ?? []).length > 0,
  App: Viewer,
});

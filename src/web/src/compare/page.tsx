/** `#/compare?a=&b=` or `?items=`: two pictures, or up to 8; openly, or blind with a tally. */
import { useMemo, useState } from "preact/hooks";
import { callTool, type Options, rest } from "../ui/client.ts";
import { Icon } from "../ui/icons";
import { getMedia } from "../ui/item.ts";
import { type MediaDetail, nameOf } from "../ui/media.ts";
import type { JobDetail } from "../ui/jobs.ts";
import type { PageProps } from "../ui/pages.ts";
import { MediaPicker } from "../ui/picker";
import { useLinks } from "../ui/pictures.ts";
import { address, go } from "../ui/router.ts";
import { Empty, Problem, Skeleton, useLoad } from "../ui/states";
import { toast, toastError, UNDO_TIME } from "../ui/toasts";
import { Blind } from "./Blind";
import { type Compared, numbersOf, rowsOf } from "./differences.ts";
import { type Pair, pairsOf } from "./tally.ts";
import { Difference, type Shown, SideBySide, Slider } from "./views";
import "./compare.css";

/** Most pictures in a grid. */
const MOST = 8;
const MODES = { slider: "Slider", side: "Side by side", difference: "Difference", grid: "Grid", blind: "Blind" } as const;
type Mode = keyof typeof MODES;
const KEPT = "keep";

export function Page({ query }: PageProps) {
  const ids = [...new Set([query.get("a"), query.get("b"), ...(query.get("items") ?? "").split(",")].filter((each): each is string => !!each))].slice(0, MOST);
  if (ids.length < 2) return <Choose first={ids[0]} />;
  return <Loaded key={ids.join()} ids={ids} query={query} />;
}

function Choose({ first }: { first?: string }) {
  const [picking, setPicking] = useState(false);
  return (
    <>
      <Empty
        page
        title={first ? "Choose the second picture" : "Compare pictures"}
        text="Two pictures with a slider, side by side or as a difference; up to 8 in a grid; or blind, so that only the picture counts. You can also select pictures in the gallery."
      >
        <button class="button primary" onClick={() => setPicking(true)}>
          <Icon name="media" /> {first ? "Choose the second one" : "Choose the first one"}
        </button>
      </Empty>
      {picking && (
        <MediaPicker
          kind="image"
          title={first ? "Compare with" : "Compare"}
          close={() => setPicking(false)}
          choose={(item) => {
            setPicking(false);
            go(address("compare", "", first ? { a: first, b: item.id } : { a: item.id }));
          }}
        />
      )}
    </>
  );
}

interface Item {
  media: MediaDetail;
  settings: Record<string, unknown>;
}

async function loadItem(id: string, options: Options): Promise<Item> {
  const media = await getMedia(id, options);
  const job = media.job && (await rest<JobDetail>(`/jobs/${encodeURIComponent(media.job)}`, options).catch(() => undefined));
  return { media, settings: job ? job.arguments : {} };
}

function Loaded({ ids, query }: { ids: string[]; query: URLSearchParams }) {
  const found = useLoad((signal) => Promise.all(ids.map((id) => loadItem(id, { signal }))), [ids.join()]);
  if (found.data) return <Comparison items={found.data} query={query} />;
  if (found.error) return <Problem page error={found.error} again={found.reload} />;
  return <Skeleton page lines={1} height={420} />;
}

function Comparison({ items, query }: { items: Item[]; query: URLSearchParams }) {
  const two = items.length === 2;
  const modes: Mode[] = two ? ["slider", "side", "difference", "blind"] : ["grid", "blind"];
  const asked = query.get("view") as Mode;
  const mode = modes.includes(asked) ? asked : modes[0]!;
  const show = (next: Mode) => {
    const changed = new URLSearchParams(query);
    changed.set("view", next);
    go(`#/compare?${changed}`, true);
  };
  const pictures = useShown(items);
  const [a, b] = items as [Item, Item];
  const blind = mode === "blind";
  const pairs = useMemo(() => blindPairs(items, query), [items.map((each) => each.media.id).join(), query.get("run")]);
  const ready = two && pictures[0] && pictures[1] ? { a: pictures[0], b: pictures[1] } : undefined;
  return (
    <div class="compare-page">
      <div class="page-head">
        <h1>Compare</h1>
        {!blind && two && (
          <>
            <span class="chip clip">{nameOf(a.media)}</span>
            <span class="muted">with</span>
            <span class="chip clip">{nameOf(b.media)}</span>
          </>
        )}
        {(blind || !two) && <span class="muted">{items.length} pictures</span>}
        <span class="grow" />
        <div class="row wrap" role="group" aria-label="View">
          {modes.map((each) => (
            <button key={each} class="button" aria-pressed={mode === each} onClick={() => show(each)}>
              {MODES[each]}
            </button>
          ))}
        </div>
      </div>
      {blind ? (
        <Blind
          key={items.map((each) => each.media.id).join()}
          pairs={pairs}
          picture={(id) => pictures[items.findIndex((each) => each.media.id === id)]}
          reveal={(id) => nameOf(items.find((each) => each.media.id === id)!.media)}
        />
      ) : (
        <div class={two ? "compare-body" : "compare-body many"}>
          {!two ? (
            <Grid items={items} pictures={pictures} />
          ) : !ready ? (
            <Skeleton lines={1} height={420} />
          ) : mode === "slider" ? (
            <Slider {...ready} />
          ) : mode === "side" ? (
            <SideBySide {...ready} />
          ) : (
            <Difference {...ready} />
          )}
          <aside class="stack">
            <Differences items={items} />
            {two && <Numbers a={a.media} b={b.media} />}
            {two && <Keep a={a.media} b={b.media} />}
          </aside>
        </div>
      )}
    </div>
  );
}

/** Return what is shown of each picture; undefined while its link loads. Always the same number of items, so the hooks keep their order. */
function useShown(items: Item[]): (Shown | undefined)[] {
  return items.map(({ media }) => {
    const links = useLinks(media.id);
    return links ? { src: links.view, alt: media.prompt ? `${nameOf(media)}: ${media.prompt}` : nameOf(media), width: media.width ?? 1, height: media.height ?? 1 } : undefined;
  });
}

/** Return the pairs to judge: those of a run's review, or every two that were made differently. */
function blindPairs(items: Item[], query: URLSearchParams): Pair[] {
  const [run, picks] = [query.get("run"), query.get("picks")?.split(",")];
  const settings = settingNames(items);
  const made = items.map(({ media }, i) => ({ id: media.id, setting: settings[i]! }));
  if (run && picks?.length === 2 && items.length === 2)
    return [{ items: [made[0]!.id, made[1]!.id], settings: [made[0]!.setting, made[1]!.setting], run: { id: run, picks: [picks[0]!, picks[1]!] } }];
  return pairsOf(made);
}

/** Name the settings of each picture by what differs among all; a picture without any by its label. */
function settingNames(items: Item[]): string[] {
  const rows = rowsOf(items.map((each) => each.media), items.map((each) => each.settings)).filter((row) => row.differs && !["seed", "credits", "pixels"].includes(row.name));
  return items.map(({ media }, i) => rows.map((row) => (row.name === "made by" || row.name === "prompt" ? row.values[i] : `${row.name} ${row.values[i]}`)).join(", ") || nameOf(media));
}

function Grid({ items, pictures }: { items: Item[]; pictures: (Shown | undefined)[] }) {
  const [chosen, setChosen] = useState<string[]>([]);
  const toggle = (id: string) => setChosen((now) => (now.includes(id) ? now.filter((each) => each !== id) : [...now.slice(-1), id]));
  return (
    <div class="compare-many">
      <ul class="compare-grid" aria-label="Pictures">
        {items.map(({ media }, i) => (
          <li key={media.id}>
            <label class={chosen.includes(media.id) ? "chosen" : ""}>
              {pictures[i] ? <img src={pictures[i].src} alt={pictures[i].alt} /> : <span class="skeleton" />}
              <span class="row">
                <input type="checkbox" checked={chosen.includes(media.id)} onChange={() => toggle(media.id)} />
                <b class="num">{i + 1}</b>
                <span class="clip">{nameOf(media)}</span>
              </span>
            </label>
          </li>
        ))}
      </ul>
      <p class="row wrap">
        {chosen.length === 2 ? (
          <a class="button primary" href={address("compare", "", { a: chosen[0]!, b: chosen[1]! })}>
            Compare these two
          </a>
        ) : (
          <span class="muted">Select two to compare them closely.</span>
        )}
      </p>
    </div>
  );
}

function Differences({ items }: { items: Item[] }) {
  const rows = rowsOf(items.map((each) => each.media), items.map((each) => each.settings));
  const names = items.length === 2 ? ["A", "B"] : items.map((_, i) => String(i + 1));
  return (
    <section aria-label="What differs">
      <h2>What differs</h2>
      <table class="diff">
        <thead>
          <tr>
            <td />
            {names.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody class="num">
          {rows.map((row) => (
            <tr key={row.name}>
              <th scope="row">{row.name}</th>
              {row.values.map((value, i) => (
                <td key={i} title={value.length > 300 ? value : undefined}>
                  {row.differs ? <mark>{shorter(value)}</mark> : shorter(value)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const shorter = (text: string): string => (text.length > 300 ? `${text.slice(0, 299)}…` : text).toWellFormed();

function Numbers({ a, b }: { a: MediaDetail; b: MediaDetail }) {
  const found = useLoad(() => callTool("image_compare", { before: a.uri, after: b.uri, preview: "none" }), [a.id, b.id]);
  if (found.error) return <p class="small muted lines">{found.error.message}</p>;
  if (!found.data) return <Skeleton lines={4} height={16} />;
  return (
    <dl class="facts num" aria-label="Measured">
      {numbersOf(found.data.result as unknown as Compared).map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </dl>
  );
}

/** Tag the better one; the other one is only deleted on a second click. */
function Keep({ a, b }: { a: MediaDetail; b: MediaDetail }) {
  const [kept, setKept] = useState("");
  const keep = async (item: MediaDetail, other: MediaDetail) => {
    try {
      const { tags = [] } = await getMedia(item.id);
      await callTool("media_label", { media: item.uri, tags: [...new Set([...tags, KEPT])] });
      setKept(item.id);
      toast({ text: `Kept ${nameOf(item)}: it has the tag “${KEPT}”.`, time: UNDO_TIME, action: { label: `Delete ${nameOf(other)}`, run: () => void remove(other) } });
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <div class="row wrap">
      {[
        [a, b, "A"] as const,
        [b, a, "B"] as const,
      ].map(([item, other, name]) => (
        <button key={name} class={kept === item.id ? "button primary" : "button"} aria-pressed={kept === item.id} onClick={() => void keep(item, other)}>
          {kept === item.id ? `Kept ${name}` : `Keep ${name}`}
        </button>
      ))}
    </div>
  );
}

async function remove(item: MediaDetail): Promise<void> {
  try {
    await callTool("media_delete", { media: [item.uri] });
    const undo = () => callTool("media_delete", { media: [item.uri], restore: true }).then(() => toast({ text: `${nameOf(item)} is back.` }), toastError);
    toast({ text: `Deleted ${nameOf(item)}.`, time: UNDO_TIME, action: { label: "Undo", run: () => void undo() } });
  } catch (error) {
    toastError(error);
  }
}

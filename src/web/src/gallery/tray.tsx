/** The tray: what can be done with the selection. */
import { useState } from "preact/hooks";
import { Icon } from "../ui/icons";
import { isBuilt } from "../ui/pages.ts";
import { address } from "../ui/router.ts";
import { lazy } from "../ui/lazy";
import { download, removeMedia } from "./actions.ts";
import { compareAddress } from "./compare.ts";
import { clearSelection, type Item } from "./store.ts";
import "./tray.css";

const ShareDialog = lazy(() => import("../ui/share").then((part) => part.ShareDialog));

/** Most items that the comparison shows. */
const MOST_COMPARED = 8;

export function Tray({ items }: { items: Item[] }) {
  const [sharing, setSharing] = useState(false);
  const pictures = items.filter((each) => each.kind === "image");
  const comparable = pictures.length === items.length && items.length >= 2 && items.length <= MOST_COMPARED;
  return (
    <div class="tray" role="region" aria-label="Selection">
      <b class="num" role="status">
        {items.length} <span class="word">selected</span>
      </b>
      {comparable && isBuilt("compare") && (
        <a class="button" href={compareAddress(pictures)}>
          <Icon name="compare" size={16} /> Compare
        </a>
      )}
      <button class="button" onClick={() => void download(items)}>
        <Icon name="download" size={16} /> Download
      </button>
      {isBuilt("workflows") && (
        <a class="button" href={address("workflows", "", byKind(items))}>
          <Icon name="flow" size={16} />
          <span>
            <span class="word">Use in a </span>workflow
          </span>
        </a>
      )}
      <button class="button" onClick={() => setSharing(true)}>
        <Icon name="share" size={16} /> Share
      </button>
      <button class="button quiet" onClick={() => void removeMedia(items)}>
        <Icon name="trash" size={16} /> Delete
      </button>
      <button class="button quiet" onClick={clearSelection}>
        <Icon name="close" size={16} /> Clear
      </button>
      {sharing && <ShareDialog items={items} close={() => setSharing(false)} />}
    </div>
  );
}

/** Return the ids of each kind, as the page Workflows takes them. */
function byKind(items: Item[]): Record<string, string> {
  const kinds = Object.groupBy(items, (each) => each.kind);
  return Object.fromEntries(Object.entries(kinds).map(([kind, found]) => [kind, found.map((each) => each.id).join(",")]));
}

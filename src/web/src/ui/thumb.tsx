/** The small picture of an item; an icon stands in where there is none. While its link loads the place is empty: a gallery that scrolls draws many. */
import { useState } from "preact/hooks";
import { Icon, type IconName } from "./icons";
import { kindOf, nameOf, type Reference } from "./media.ts";
import { forgetLinks, useLinks } from "./pictures.ts";

const ICONS: Record<string, IconName> = { image: "media", audio: "note", model: "cube" };

interface ThumbProps {
  item: Reference | undefined;
  /** Alternative text; empty if the name stands next to it. */
  alt?: string;
  /** `view` is large enough to fill a page. */
  form?: "thumb" | "view";
}

export function Thumb({ item, alt = "", form = "thumb" }: ThumbProps) {
  const links = useLinks(item?.id);
  const [broken, setBroken] = useState("");
  const failed = (source: string) => {
    setBroken(source);
    if (item && !broken) forgetLinks(item.id); // A link of a server that was stopped: ask for a new one, once.
  };
  const source = links?.[form];
  if (!item || !source || broken === source)
    return (
      <span class="thumb-empty" role={alt ? "img" : undefined} aria-label={alt || undefined}>
        {links !== undefined && <Icon name={ICONS[item ? kindOf(item) : "image"]!} />}
      </span>
    );
  return <img class="thumb-img" src={source} alt={alt} title={nameOf(item)} decoding="async" draggable={false} onError={() => failed(source)} />;
}

/** The pages: one line each. A page is the component `Page` of its folder's `page.tsx`, loaded when it is opened. */
import type { ComponentType } from "preact";
import type { IconName } from "./icons";

export interface PageEntry {
  /** Its folder below `src`, and its address: `#/name`. */
  folder: string;
  title: string;
  icon: IconName;
}

export const PAGES: Record<string, PageEntry> = {
  media: { folder: "gallery", title: "Gallery", icon: "media" },
  jobs: { folder: "jobs", title: "Jobs", icon: "jobs" },
  workflows: { folder: "workflow", title: "Workflows", icon: "flow" },
  mask: { folder: "mask", title: "Mask", icon: "mask" },
  compare: { folder: "compare", title: "Compare", icon: "compare" },
  usage: { folder: "usage", title: "Usage", icon: "usage" },
};

/** What a page gets: the part of the address after its name, decoded, and the query. Read `route` for changes. */
export interface PageProps {
  id: string;
  query: URLSearchParams;
}

type Module = { Page: ComponentType<PageProps> };
const modules = import.meta.glob<Module>("../*/page.tsx");

/** Load a page, or return undefined for one that isn't built in. */
export function loadPage(name: string): Promise<ComponentType<PageProps>> | undefined {
  const entry = PAGES[name];
  return entry && modules[`../${entry.folder}/page.tsx`]?.().then((module) => module.Page);
}

export const isBuilt = (name: string): boolean => `../${PAGES[name]?.folder}/page.tsx` in modules;

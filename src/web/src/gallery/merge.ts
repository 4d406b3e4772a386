/** The list of media: newest first, loaded page by page. */

export interface Listed {
  id: string;
}
export interface List<T extends Listed> {
  items: T[];
  /** Of the page after the last item; undefined: the list is complete. */
  next: string | undefined;
}

/** Put a new first page in front of what is loaded; a page that doesn't meet it replaces it. */
export function withFirstPage<T extends Listed>(now: List<T>, page: List<T>): List<T> {
  const last = page.items.at(-1);
  if (!last || page.next === undefined) return page;
  const at = now.items.findIndex((each) => each.id === last.id);
  return at < 0 ? page : { items: [...page.items, ...now.items.slice(at + 1)], next: now.next };
}

/** Append the next page; items that moved to it aren't shown twice. */
export function withNextPage<T extends Listed>(now: List<T>, page: List<T>): List<T> {
  const known = new Set(now.items.map((each) => each.id));
  return { items: [...now.items, ...page.items.filter((each) => !known.has(each.id))], next: page.next };
}

export function without<T extends Listed>(now: List<T>, ids: ReadonlySet<string>): List<T> {
  return { ...now, items: now.items.filter((each) => !ids.has(each.id)) };
}

/** Return ids from one item to another, in the order of the list: a selection with Shift. */
export function between<T extends Listed>(items: readonly T[], from: string, to: string): string[] {
  const [a, b] = [items.findIndex((each) => each.id === from), items.findIndex((each) => each.id === to)];
  if (a < 0 || b < 0) return b < 0 ? [] : [to];
  return items.slice(Math.min(a, b), Math.max(a, b) + 1).map((each) => each.id);
}

/** The address of a comparison. */
import { address } from "../ui/router.ts";

/** Two items are `a` and `b`; more are `items`. */
export function compareAddress(items: readonly { id: string }[]): string {
  const [a, b] = items;
  if (items.length === 2) return address("compare", "", { a: a!.id, b: b!.id });
  return address("compare", "", { items: items.map((each) => each.id).join(",") });
}

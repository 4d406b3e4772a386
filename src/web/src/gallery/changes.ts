/** What a click costs, and what a rerun changes. */
import type { Operation } from "../ui/client.ts";
import { price } from "../ui/format.ts";
import type { Values } from "../ui/schema.ts";

/** The price on the button: that of the operation, times the variants. */
export function priceOf(operation: Pick<Operation, "price">, values: Values): string {
  const times = typeof values.count === "number" && values.count > 0 ? values.count : 1;
  return price(operation.price, times);
}

/** Return arguments of job_rerun: only what differs from the job; without changes it gets a new seed.
 *
 * Both sides come from `argumentsOf`, so an argument that is missing has its default: null sets it back.
 */
export function changedOf(args: Values, before: Values): { changes?: Values; label?: string } {
  const changes: Values = {};
  for (const [name, value] of Object.entries(args))
    if (name !== "label" && JSON.stringify(value) !== JSON.stringify(before[name])) changes[name] = value;
  for (const name of Object.keys(before)) if (name !== "label" && !(name in args)) changes[name] = null;
  const label = typeof args.label === "string" && args.label !== before.label ? args.label : undefined;
  return { ...(Object.keys(changes).length ? { changes } : {}), ...(label ? { label } : {}) };
}

/** Report the result of a click, from the facts of the tool. */
export function startedText({ cached, jobs }: Record<string, any>): string {
  if (cached?.length) return "The same call was made before: its result is here, nothing was charged.";
  const count = jobs?.length ?? 1;
  return count === 1 ? "Started. The result appears here." : `Started ${count} jobs. The results appear here.`;
}

/** The create panel: what it makes, and from what. Its values are a draft. */
import { state } from "../ui/state.ts";
import { keepDraft, readDraft } from "../ui/drafts.ts";
import type { Values } from "../ui/schema.ts";

export interface Making {
  operation: string;
  values: Values;
  /** A job that is run again with changes. */
  rerun?: { job: string; label: string; before: Values };
}
const DRAFT = "make";
const LAST = "make-last";

export const making = state<Making | null>(readDraft<Making>(DRAFT) ?? null);

export function make(next: Making | null): void {
  if (!next && making.value && !making.value.rerun) keepDraft(LAST, making.value);
  making.set(next);
  keepDraft(DRAFT, next ?? undefined);
}

/** Open the panel with what was entered last. */
export function makeSomething(): void {
  make(readDraft<Making>(LAST) ?? { operation: "generate_core", values: {} });
}

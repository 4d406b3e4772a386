/** Questions with two answers; the shell draws the one that is open. */
import { askWith } from "./client.ts";
import { state } from "./state.ts";

export interface Question {
  title: string;
  text: string;
  /** Label of the button that agrees. */
  yes: string;
  dangerous?: boolean;
}
export const question = state<(Question & { answer: (yes: boolean) => void }) | null>(null);

/** Ask the user; the focus is on Cancel. */
export function ask(asked: Question): Promise<boolean> {
  question.value?.answer(false);
  return new Promise((answer) => question.set({ ...asked, answer }));
}

askWith((text, credits) => ask({ title: `Spend ${credits} credits?`, text, yes: `Spend ${credits} credits` }));

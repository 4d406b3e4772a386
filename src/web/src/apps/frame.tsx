/** What every App has: the connection, the answer it shows, and what is shown until there is one. */
import { render, type ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { connect, type Context, type Host, type Result } from "../ui/host.ts";
import { Icon } from "../ui/icons";
import "../ui/theme.css";
import "./frame.css";
import { words } from "./answer.ts";

export type Arguments = Record<string, unknown>;

export interface AppProps {
  host: Host;
  args: Arguments;
  result: Result;
  context: Context;
}
interface Options {
  name: string;
  /** The free tool whose answer is shown. It is called again where a host has lost the answer. */
  tool: string;
  /** Whether arguments are those of the free tool: the App may show the answer of a paid one. */
  repeatable: (args: Arguments) => boolean;
  /** Whether an answer is complete enough. */
  usable: (result: Result) => boolean;
  App: ComponentType<AppProps>;
}

/** Milliseconds until an answer counts as lost: a reloaded conversation sends arguments only. */
const LOST_AFTER = 5_000;

export function start(options: Options): void {
  const root = document.getElementById("app")!;
  root.replaceChildren(); // Preact keeps children that it didn't create.
  render(<Frame {...options} />, root);
}

function Frame({ name, tool, repeatable, usable, App }: Options) {
  const [host, setHost] = useState<Host>();
  const [args, setArgs] = useState<Arguments>();
  const [result, setResult] = useState<Result>();
  const [problem, setProblem] = useState<string>();
  const [context, setContext] = useState<Context>({});
  const [cancelled, setCancelled] = useState(false);
  const [asked, setAsked] = useState(false);
  const [lost, setLost] = useState<Result>();
  useEffect(() => {
    connect(name, { input: setArgs, result: setResult, cancelled: () => setCancelled(true), context: setContext }).then(setHost, (error: Error) =>
      setProblem(error.message),
    );
  }, []);
  const complete = result !== undefined && (result.isError || usable(result));
  useEffect(() => {
    if (!host || !args || complete || asked || cancelled || !repeatable(args)) return;
    const again = () => {
      setAsked(true);
      setLost(result);
      host.call(tool, args).then(setResult, (error: Error) => setProblem(error.message));
    };
    if (result) return again(); // it came without what the App needs
    const timer = setTimeout(again, LOST_AFTER);
    return () => clearTimeout(timer);
  }, [host, args, result, complete, cancelled]);
  if (problem) return <Note text={problem} />;
  if (cancelled && !result) return <Note text="The call was cancelled." />;
  if (!host || !result) return <Loading />;
  if (result.isError) return <Note text={words(result)} />;
  if (complete || (asked && result !== lost)) return <App host={host} args={args ?? {}} result={result} context={context} />;
  if (asked || (args && repeatable(args))) return <Loading />;
  return <Note text={words(result) || "The answer is no longer here. Ask the assistant to show it again."} />;
}

export function Loading() {
  return (
    <p class="boot" role="status">
      Loading…
    </p>
  );
}

export function Note({ text }: { text: string }) {
  return (
    <p class="boot lines" role="alert">
      {text}
    </p>
  );
}

/** A button for the whole window and back, where the host has such a mode. */
export function Enlarge({ host, context: { displayMode, availableDisplayModes: modes = [] } }: Pick<AppProps, "host" | "context">) {
  const next = displayMode === "fullscreen" ? "inline" : "fullscreen";
  if (!modes.includes(next)) return null;
  const title = next === "inline" ? "Leave full screen" : "Full screen";
  return (
    <button class="button icon" aria-label={title} title={title} onClick={() => void host.show(next).catch(() => undefined)}>
      <Icon name={next === "inline" ? "close" : "full"} />
    </button>
  );
}

/** Tell the model what the user chose; a host that can't gets a message of the user instead. */
export function choose(host: Host, text: string): Promise<unknown> {
  return host.can.updateModelContext || !host.can.message ? host.tell(text).catch(() => host.say(text)) : host.say(text);
}

/** App side of MCP Apps (protocol 2026-01-26): JSON-RPC with the host over postMessage. */

export interface Content {
  type: string;
  text?: string;
  data?: string;
  mimeType?: string;
  uri?: string;
  name?: string;
  size?: number;
}
export interface Result {
  content?: Content[];
  isError?: boolean;
  _meta?: Record<string, unknown>;
}
export interface ResourceText {
  uri: string;
  mimeType?: string;
  text?: string;
  blob?: string;
}
interface Context {
  theme?: "light" | "dark";
  styles?: { variables?: Record<string, string> };
}
/** What a host can do; one that doesn't say is assumed to call tools. */
interface Capabilities {
  openLinks?: object;
  serverResources?: object;
  updateModelContext?: object;
  message?: object;
}
export interface Host {
  can: Capabilities;
  call(name: string, args: object): Promise<Result>;
  read(uri: string): Promise<ResourceText[]>;
  /** Send a message as the user: the model answers it. */
  say(text: string): Promise<unknown>;
  /** Tell the model something that it reads with the next message. */
  tell(text: string): Promise<unknown>;
  open(url: string): Promise<unknown>;
}
export interface Handlers {
  input: (args: Record<string, unknown>) => void;
  result: (result: Result) => void;
  cancelled: () => void;
}

const PROTOCOL = "2026-01-26";
const UNKNOWN_METHOD = -32601;
/** Milliseconds after which a request has failed; image_compare of two large pictures takes 5 s. */
const PATIENCE = 60_000;

interface Waiting {
  done: (value: unknown) => void;
  fail: (error: Error) => void;
}

/** Connect to the host. The frame stays hidden until this has finished, so it awaits nothing else. */
export async function connect(app: string, on: Handlers): Promise<Host> {
  const waiting = new Map<number, Waiting>();
  let last = 0;
  const send = (message: object) => parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
  const ask = (method: string, params: object): Promise<unknown> =>
    new Promise((done, fail) => {
      const id = ++last;
      const timer = setTimeout(() => {
        waiting.delete(id);
        fail(new Error("The host didn't answer."));
      }, PATIENCE);
      const finish = () => clearTimeout(timer);
      waiting.set(id, { done: (value) => (finish(), done(value)), fail: (error) => (finish(), fail(error)) });
      send({ id, method, params });
    });
  const notified = (method: string, params: Record<string, unknown> = {}) => {
    if (method === "ui/notifications/tool-input") on.input((params.arguments as Record<string, unknown> | undefined) ?? {});
    else if (method === "ui/notifications/tool-result") on.result(params);
    else if (method === "ui/notifications/tool-cancelled") on.cancelled();
    else if (method === "ui/notifications/host-context-changed") dress(params);
  };
  addEventListener("message", ({ source, data }) => {
    if (source !== parent || data?.jsonrpc !== "2.0") return;
    const { id, method, params, result, error } = data;
    if (typeof method === "string" && id === undefined) notified(method, params);
    else if (typeof method === "string")
      send(
        method === "ping" || method === "ui/resource-teardown"
          ? { id, result: {} }
          : { id, error: { code: UNKNOWN_METHOD, message: `Unknown method: ${method}` } },
      );
    else {
      const request = waiting.get(id);
      waiting.delete(id);
      if (error) request?.fail(new Error(String(error.message)));
      else request?.done(result);
    }
  });
  const hello = (await ask("ui/initialize", {
    protocolVersion: PROTOCOL,
    appInfo: { name: `stability-${app}`, version: "1" },
    appCapabilities: { availableDisplayModes: ["inline"] },
  })) as { hostCapabilities?: Capabilities; hostContext?: Context };
  dress(hello.hostContext ?? {});
  send({ method: "ui/notifications/initialized" });
  reportHeight((height) => send({ method: "ui/notifications/size-changed", params: { height } }));
  const words = (text: string) => [{ type: "text", text }];
  return {
    can: hello.hostCapabilities ?? {},
    call: (name, args) => ask("tools/call", { name, arguments: args }) as Promise<Result>,
    read: async (uri) => ((await ask("resources/read", { uri })) as { contents: ResourceText[] }).contents,
    say: (text) => ask("ui/message", { role: "user", content: words(text) }),
    tell: (text) => ask("ui/update-model-context", { content: words(text) }),
    open: (url) => ask("ui/open-link", { url }),
  };
}

/** Report the height of the body, not of the window, which the host sets by it. */
function reportHeight(report: (height: number) => void): void {
  let sent = 0;
  new ResizeObserver(() => {
    const height = Math.ceil(document.body.getBoundingClientRect().height);
    if (height !== sent) report((sent = height));
  }).observe(document.body);
}

/** Take over the host's theme; its variables win over those of theme.css. */
function dress(context: Context): void {
  const root = document.documentElement;
  if (context.theme) root.dataset.theme = context.theme;
  for (const [name, value] of Object.entries(context.styles?.variables ?? {}))
    if (name.startsWith("--")) root.style.setProperty(name, value);
}

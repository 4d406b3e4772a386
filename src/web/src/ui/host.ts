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
type Mode = "inline" | "fullscreen" | "pip";
/** Where and how a host shows the App. A change names only what is new. */
export interface Context {
  theme?: "light" | "dark";
  styles?: { variables?: Record<string, string | undefined> };
  displayMode?: Mode;
  availableDisplayModes?: string[];
  containerDimensions?: { height?: number; maxHeight?: number };
  safeAreaInsets?: Record<"top" | "right" | "bottom" | "left", number>;
}
/** What a host is to save as a file: the bytes, or a link that it reads from the server. */
export type Download = { type: "resource"; resource: ResourceText } | { type: "resource_link"; uri: string; name: string; mimeType?: string };
/** What a host can do; one that doesn't say is assumed to call tools. */
interface Capabilities {
  openLinks?: object;
  downloadFile?: object;
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
  download(file: Download): Promise<unknown>;
  /** Ask for another size. A host may keep the one it has; the context says which. */
  show(mode: Mode): Promise<unknown>;
}
export interface Handlers {
  input: (args: Record<string, unknown>) => void;
  result: (result: Result) => void;
  cancelled: () => void;
  context: (context: Context) => void;
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
  /** Ask for what the user or the host may refuse. */
  const wish = async (method: string, params: object): Promise<unknown> => {
    const answer = (await ask(method, params)) as { isError?: boolean } | undefined;
    if (answer?.isError) throw new Error("The host refused it.");
    return answer;
  };
  let context: Context = {};
  const changed = (news: Context) => {
    context = { ...context, ...news };
    dress(news, context);
    on.context(context);
  };
  const notified = (method: string, params: Record<string, unknown> = {}) => {
    if (method === "ui/notifications/tool-input") on.input((params.arguments as Record<string, unknown> | undefined) ?? {});
    else if (method === "ui/notifications/tool-result") on.result(params);
    else if (method === "ui/notifications/tool-cancelled") on.cancelled();
    else if (method === "ui/notifications/host-context-changed") changed(params);
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
    appCapabilities: { availableDisplayModes: ["inline", "fullscreen"] },
  })) as { hostCapabilities?: Capabilities; hostContext?: Context };
  changed(hello.hostContext ?? {});
  send({ method: "ui/notifications/initialized" });
  reportHeight((height) => send({ method: "ui/notifications/size-changed", params: { height } }));
  const words = (text: string) => [{ type: "text", text }];
  return {
    can: hello.hostCapabilities ?? {},
    call: (name, args) => ask("tools/call", { name, arguments: args }) as Promise<Result>,
    read: async (uri) => ((await ask("resources/read", { uri })) as { contents: ResourceText[] }).contents,
    say: (text) => wish("ui/message", { role: "user", content: words(text) }),
    tell: (text) => wish("ui/update-model-context", { content: words(text) }),
    open: (url) => wish("ui/open-link", { url }),
    download: (file) => wish("ui/download-file", { contents: [file] }),
    show: async (mode) => {
      const answer = (await ask("ui/request-display-mode", { mode })) as { mode?: Mode };
      if (answer.mode) changed({ displayMode: answer.mode });
    },
  };
}

/** Report the height of the body, not of the window, which the host sets by it. An App that fills its frame has none of its own. */
function reportHeight(report: (height: number) => void): void {
  let sent = 0;
  new ResizeObserver(() => {
    const height = "fill" in document.documentElement.dataset ? 0 : Math.ceil(document.body.getBoundingClientRect().height);
    if (height && height !== sent) report(height);
    sent = height;
  }).observe(document.body);
}

/** Take over the host's theme, whose variables win over those of theme.css, and the room that it gives. */
function dress(news: Context, { displayMode, containerDimensions: room }: Context): void {
  const root = document.documentElement;
  if (news.theme) root.dataset.theme = news.theme;
  for (const [name, value] of Object.entries(news.styles?.variables ?? {})) if (name.startsWith("--")) root.style.setProperty(name, value ?? "");
  for (const [side, pixels] of Object.entries(news.safeAreaInsets ?? {})) root.style.setProperty(`--inset-${side}`, `${pixels}px`);
  root.toggleAttribute("data-fill", displayMode === "fullscreen" || room?.height !== undefined);
  root.style.setProperty("--room", room?.maxHeight ? `${room.maxHeight}px` : "");
}

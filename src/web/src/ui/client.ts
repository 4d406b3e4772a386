/** The server: token, requests, tools and the stream of events. */
import { restorable } from "./format.ts";
import { eventReader } from "./sse.ts";
import { state } from "./state.ts";

export const REST = "/api/stability";
const TOKEN = "token";
const CHANNEL = "stability-studio";
/** How long a new tab waits for an open one to answer, in milliseconds. */
const ASK_OPEN_TABS = 400;
/** Longest wait before a reconnection, in milliseconds. */
const LONGEST_WAIT = 10_000;
/** The server sends a ping every 15 s: a stream that is silent for longer is dead. */
const SILENCE = 40_000;

/** `locked`: no token. `refused`: the link was used, or is of another server. `expired`: the server doesn't know the token any more, because it was restarted. */
export type Access = "starting" | "open" | "locked" | "expired" | "refused";
export type Live = "connecting" | "live" | "lost";
export interface Session {
  version: string;
  upstream: string;
  emulated: boolean;
  budget: number | null;
  spent: number;
  reserved: number;
  balance: number | null;
  confirm_above: number | null;
}
export interface ToolAnswer {
  text: string;
  result: Record<string, any> & { is_error?: boolean };
}

/** Why the server refused the link. */
export const refusal = state("");
export const access = state<Access>("starting");
export const live = state<Live>("connecting");
export const session = state<Session | null>(null);
/** Whether the server is of another version than when the page was opened. */
export const outdated = state(false);
/** The balance in the newest event of the stream. */
export interface Balance {
  credits?: number;
  /** When it was queried. */
  checked?: string;
  /** Why nothing is sent. */
  paused?: string;
}
export const balance = state<Balance | null>(null);

/** A request that the server refused or never answered (`status` 0). */
export class Failed extends Error {
  readonly status: number;
  readonly body: Record<string, any>;

  constructor(status: number, message: string, body: Record<string, any> = {}) {
    super(restorable(message));
    this.status = status;
    this.body = body;
  }
}

let token = "";
let channel: BroadcastChannel | undefined;

/* ---- Token ------------------------------------------------------------- */

/** Get the token: from the one-time code of the address, this tab's storage, or an open tab. */
export async function unlock(): Promise<void> {
  openChannel();
  token = stored();
  const code = /^#code=([\w-]+)/.exec(location.hash)?.[1];
  if (code) {
    history.replaceState(null, "", location.pathname + "#/media");
    try {
      const answer = await request<{ token: string }>("/api/ui/session", { json: { code } });
      take(answer.token);
      channel?.postMessage({ token });
    } catch (error) {
      if (!token) {
        refusal.set((error as Error).message);
        return access.set("refused");
      }
    }
  }
  if (!token) token = await fromOpenTab();
  if (!token) return access.set("locked");
  access.set("open");
  await loadSession().catch(() => undefined);
}

function stored(): string {
  try {
    return sessionStorage.getItem(TOKEN) ?? "";
  } catch {
    return "";
  }
}

function take(next: string): void {
  token = next;
  try {
    sessionStorage.setItem(TOKEN, next);
  } catch {
    /* The tab works until it is reloaded. */
  }
}

function openChannel(): void {
  if (typeof BroadcastChannel === "undefined") return;
  channel = new BroadcastChannel(CHANNEL);
  channel.addEventListener("message", ({ data }) => {
    if (data?.ask && token && access.value === "open") channel?.postMessage({ token });
    else if (typeof data?.token === "string" && data.token !== token && access.value !== "open") {
      take(data.token);
      access.set("open");
      void loadSession().catch(() => undefined);
      restartEvents();
    }
  });
}

function fromOpenTab(): Promise<string> {
  return new Promise((done) => {
    if (!channel) return done("");
    const stop = new AbortController();
    const end = (found: string) => (stop.abort(), done(found));
    setTimeout(end, ASK_OPEN_TABS, "");
    const listen = ({ data }: MessageEvent) => {
      if (typeof data?.token !== "string") return;
      take(data.token);
      end(data.token);
    };
    channel.addEventListener("message", listen, { signal: stop.signal });
    channel.postMessage({ ask: true });
  });
}

/* ---- Requests ---------------------------------------------------------- */

export interface Options {
  method?: string;
  /** Sent as JSON; makes the request a POST. */
  json?: unknown;
  /** Sent as it is; makes the request a POST. */
  body?: BodyInit;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Idempotency-Key: the same key never pays twice. */
  key?: string;
}

/** Send a request and return its response, or throw `Failed` with the server's text. */
export async function send(path: string, options: Options = {}): Promise<Response> {
  const headers: Record<string, string> = { ...options.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (options.key) headers["Idempotency-Key"] = options.key;
  let body = options.body;
  if (options.json !== undefined) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(options.json);
  }
  const method = options.method ?? (body === undefined ? "GET" : "POST");
  let response: Response;
  try {
    response = await fetch(path, { method, headers, body, signal: options.signal, cache: "no-cache", credentials: "omit" });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Failed(0, "The server doesn't answer. It may have been stopped; nothing you entered is lost.");
  }
  if (response.ok) return response;
  if (response.status === 401) expire();
  const answer = await response.json().catch(() => ({}));
  throw new Failed(response.status, errorText(answer) ?? `The server answered ${response.status}.`, answer);
}

/** Return the text of an error answer, or undefined if it has none: another program may listen on the port. */
function errorText(answer: any): string | undefined {
  if (Array.isArray(answer?.errors)) return answer.errors.join("\n");
  return [answer?.text, answer?.error].find((each) => typeof each === "string" && each);
}

function expire(): void {
  if (access.value === "open") access.set("expired");
}

/** Send a request and return its JSON. */
export async function request<T>(path: string, options: Options = {}): Promise<T> {
  const response = await send(path, options);
  return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
}

/** Request a REST route, given as `/media?limit=10`. */
export const rest = <T>(path: string, options?: Options): Promise<T> => request<T>(REST + path, options);

export async function loadSession(): Promise<void> {
  const now = await request<Session>("/api/ui/session");
  if (session.value && session.value.version !== now.version) outdated.set(true);
  session.set(now);
}

/* ---- Tools ------------------------------------------------------------- */

/** Asks the user about credits above the confirmation limit; set by the dialogs. */
type Confirm = (text: string, credits: number) => Promise<boolean>;
let confirmSpend: Confirm = async () => false;
export const askWith = (confirm: Confirm): void => void (confirmSpend = confirm);

/** Thrown when the user answers a price with Cancel: nothing was sent. */
export class Declined extends Error {}

/** Call a tool. A price above the confirmation limit is confirmed by the user first.
 *
 * A tool's own error is thrown as `Failed`, with its text. `prefer` is `respond-async`, not to wait for
 * the result, or `wait=N`.
 */
export async function callTool(name: string, args: Record<string, unknown>, key: string = newKey(), prefer = ""): Promise<ToolAnswer> {
  const path = `/api/ui/tools/${encodeURIComponent(name)}`;
  const headers: Record<string, string> = prefer ? { Prefer: prefer } : {};
  let answer: ToolAnswer;
  try {
    answer = await request<ToolAnswer>(path, { json: args, key, headers });
  } catch (error) {
    if (!(error instanceof Failed) || error.status !== 409 || typeof error.body.credits !== "number") throw error;
    if (!(await confirmSpend(error.message, error.body.credits))) throw new Declined("Cancelled. Nothing was sent.");
    answer = await request<ToolAnswer>(path, { json: { ...args, confirm_spend: error.body.credits }, key, headers });
  }
  if (answer.result?.is_error) throw new Failed(200, answer.text, answer.result);
  return answer;
}

/** One key for one click: a repeated request with it is never charged twice. */
export const newKey = (): string => crypto.randomUUID();

/* ---- Operations -------------------------------------------------------- */

export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
}
export type Kind = "image" | "audio" | "model";
export interface Operation {
  name: string;
  title: string;
  description: string;
  family: string;
  schema: Schema;
  price: [number, number];
  seconds: number;
  /** Arguments that take stored media, with the kind they take. */
  files: Record<string, Kind>;
  /** What the operation makes. */
  kind: Kind | "text";
}
let loading: Promise<Operation[]> | undefined;

/** Return the operations; they are requested once. */
export function operations(): Promise<Operation[]> {
  loading ??= request<Operation[]>("/api/ui/operations").catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

/* ---- Events ------------------------------------------------------------ */

/** `connect` comes at each connection: lists are loaded again, then events are applied. */
export type EventType = "connect" | "job" | "run" | "media" | "spending" | "balance";
type Handler = (data: any) => void;
const handlers = new Map<EventType, Set<Handler>>();
let stream: AbortController | undefined;
let lastEvent = "";
let started = false;

/** Call a handler for each event of a type; returns a function that stops it. */
export function onEvent(type: EventType, handler: Handler): () => void {
  let set = handlers.get(type);
  if (!set) handlers.set(type, (set = new Set()));
  set.add(handler);
  return () => set.delete(handler);
}

function emit(type: EventType, data: unknown): void {
  for (const handler of [...(handlers.get(type) ?? [])]) handler(data);
}

/** Open this tab's stream; it is closed while the tab is hidden. */
export function startEvents(): void {
  if (started) return restartEvents();
  started = true;
  document.addEventListener("visibilitychange", () => (document.hidden ? stopEvents() : restartEvents()));
  addEventListener("online", restartEvents);
  if (!document.hidden) restartEvents();
}

function stopEvents(): void {
  stream?.abort();
  stream = undefined;
}

/** Connect at once, without waiting for the next attempt. */
export function restartEvents(): void {
  if (!started || document.hidden || access.value !== "open") return;
  stopEvents();
  stream = new AbortController();
  void follow(stream.signal);
}

async function follow(stop: AbortSignal): Promise<void> {
  for (let attempt = 0; !stop.aborted && access.value === "open"; attempt++) {
    const began = Date.now();
    try {
      await read(stop);
    } catch {
      /* Connection refused or lost: try again below. */
    }
    if (stop.aborted) return;
    live.set("lost");
    if (Date.now() - began > LONGEST_WAIT) attempt = 0;
    await pause(Math.min(LONGEST_WAIT, 500 * 2 ** attempt) * (0.75 + Math.random() / 2), stop);
  }
}

async function read(stop: AbortSignal): Promise<void> {
  const silent = new AbortController();
  let timer = setTimeout(() => silent.abort(), SILENCE);
  const signal = AbortSignal.any([stop, silent.signal]);
  try {
    const headers: Record<string, string> = { Accept: "text/event-stream" };
    if (lastEvent) headers["Last-Event-ID"] = lastEvent;
    const response = await send(`${REST}/events`, { headers, signal });
    live.set("live");
    emit("connect", null);
    void loadSession().catch(() => undefined);
    const next = eventReader();
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silent.abort(), SILENCE);
      for (const event of next(value)) {
        if (event.id) lastEvent = event.id;
        emit(event.type as EventType, parsed(event.data));
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function pause(milliseconds: number, stop: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, milliseconds);
    stop.addEventListener("abort", () => (clearTimeout(timer), done()));
  });
}

onEvent("spending", (data) => data && session.set((now) => now && { ...now, ...spending(data) }));
onEvent("balance", (data) => data && balance.set(data));
onEvent("balance", (data) => data && session.set((now) => now && { ...now, balance: data.credits ?? data.balance ?? now.balance }));

function spending(data: any): Partial<Session> {
  return { spent: data.today, reserved: data.reserved, budget: data.budget ?? null };
}

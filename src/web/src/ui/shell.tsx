/** The frame of every page: top bar, rail, and what is said when there is no access. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { question } from "./ask.ts";
import { access, live, refusal, restartEvents, session } from "./client.ts";
import { count, credits, unquoted } from "./format.ts";
import { Icon } from "./icons";
import { lazy } from "./lazy";
import { isBuilt, loadPage, PAGES, type PageProps } from "./pages.ts";
import { route } from "./router.ts";
import { use } from "./state.ts";
import { Empty, Problem, Skeleton } from "./states";
import { Toasts } from "./toasts";
import "./shell.css";

const Questions = lazy(() => import("./dialog").then((part) => part.Questions));

export function Shell() {
  const asked = use(question);
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), document.getElementById("main")!.focus())}>
        Skip to the page
      </a>
      <Top />
      <Rail />
      <main class="main" id="main" tabIndex={-1}>
        <Content />
      </main>
      <Toasts />
      {asked && <Questions />}
    </div>
  );
}

function Top() {
  const now = use(session);
  return (
    <header class="top">
      <a class="brand" href="#/media" aria-label="Stability studio">
        <svg width="22" height="22" viewBox="0 0 24 24" aria-hidden="true">
          <rect x="2" y="2" width="20" height="20" rx="6" fill="currentColor" />
          <path class="mark" d="M7 15.5 11 11l3 3 3.5-5" stroke-width="2" fill="none" stroke-linecap="round" stroke-linejoin="round" />
        </svg>
        <span class="brand-name">Stability studio</span>
      </a>
      {now && (now.emulated ? (
        <span class="chip warn">
          <span>
            Emulator<span class="wide-only">: nothing is charged</span>
          </span>
        </span>
      ) : (
        <span class="chip clip">{hostOf(now.upstream)}</span>
      ))}
      <span class="grow" />
      <LiveState />
      <Budget />
    </header>
  );
}

const hostOf = (upstream: string): string => URL.parse(upstream)?.host ?? upstream;

/** Whether changes arrive: words, never just a colour. */
function LiveState() {
  const [reach, link] = [use(access), use(live)];
  if (reach === "locked" || reach === "refused" || reach === "starting") return null;
  if (reach === "expired")
    return (
      <span class="chip bad" role="status">
        Token expired
      </span>
    );
  return (
    <span class="live" role="status">
      {link === "live" && <span class="chip good">Live</span>}
      {link === "lost" && (
        <button class="chip warn" title="Try now" onClick={restartEvents}>
          Not live, reconnecting
        </button>
      )}
    </span>
  );
}

function Budget() {
  const now = use(session);
  if (!now) return null;
  const { spent, reserved, budget } = now;
  const share = (part: number) => `${budget ? Math.min(100, (100 * part) / budget) : 0}%`;
  const label = `Today: ${credits(spent)} spent, ${count(reserved)} reserved${budget === null ? "" : `, limit ${count(budget)}`}`;
  return (
    <a class="budget" href="#/usage" title={label}>
      <span class="small num">
        {budget === null ? credits(spent) : `${count(spent)} of ${count(budget)} credits`}
        <span class="wide-only"> today</span>
        {reserved > 0 && <span class="muted"> + {count(reserved)} reserved</span>}
      </span>
      {budget !== null && (
        <span class="bar">
          <i style={{ width: share(spent) }} />
          <i style={{ width: share(reserved) }} />
        </span>
      )}
    </a>
  );
}

function Rail() {
  const { page } = use(route);
  const now = use(session);
  return (
    <nav class="nav" aria-label="Main">
      {Object.entries(PAGES)
        .filter(([name]) => isBuilt(name))
        .map(([name, { title, icon }]) => (
          <a key={name} href={`#/${name}`} aria-current={name === page ? "page" : undefined}>
            <Icon name={icon} />
            <span>{title}</span>
          </a>
        ))}
      <div class="foot">
        On this machine only
        <br />
        <span class="num">{location.host}</span>
        {now && (
          <>
            <br />
            <span class="num">Version {now.version}</span>
          </>
        )}
      </div>
    </nav>
  );
}

function Content() {
  const [reach, why, { page, id, query }] = [use(access), use(refusal), use(route)];
  const [loaded, setLoaded] = useState<{ page: string; Page?: ComponentType<PageProps>; error?: Error }>();
  const open = reach === "open" || reach === "expired";
  const load = () => {
    // A page that loads slowly must not replace the one opened since.
    const set = (Page?: ComponentType<PageProps>, error?: Error) => route.value.page === page && setLoaded({ page, Page, error });
    loadPage(page)?.then(set, () => set(undefined, new Error("This part didn't load. The server may have been stopped or updated.")));
  };
  useEffect(() => {
    if (open) load();
    document.title = `${PAGES[page]?.title ?? "Page"} · Stability studio`;
  }, [page, open]);
  if (reach === "starting") return <Skeleton page lines={4} height={120} />;
  if (reach === "locked" || reach === "refused") {
    return (
      <div class="empty">
        <h1>{reach === "locked" ? "Open the link that stability-mcp ui printed" : "This link doesn't open the page"}</h1>
        <p class="muted lines">
          {reach === "locked"
            ? "This page needs the one-time link of the server, or another tab in which it is open."
            : unquoted(why)}
        </p>
      </div>
    );
  }
  if (!isBuilt(page))
    return (
      <Empty page title={`There is no page “${page}”`} text="The link may be of another version.">
        <a class="button primary" href="#/media">
          Open the gallery
        </a>
      </Empty>
    );
  const Page = loaded?.page === page ? loaded.Page : undefined;
  const error = loaded?.page === page ? loaded.error : undefined;
  return (
    <>
      {reach === "expired" && (
        <p class="banner" role="alert">
          The server was restarted. Open the new link that <code>stability-mcp ui</code> printed: this tab continues where it was.
        </p>
      )}
      {Page ? <Page id={id} query={query} /> : error ? <Problem page error={error} again={load} /> : <Skeleton page lines={4} height={120} />}
    </>
  );
}

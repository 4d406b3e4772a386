// The view page: one item at full size, with what it was made from.
import { byId, isolated, request, showMessage, words } from "./page.js";

const BASE = `/v/${location.pathname.split("/")[2]}`;
const KINDS = { image: "Picture", audio: "Sound", model: "3D model" };
const TOUCH = matchMedia("(pointer: coarse)").matches;

// --- The item itself --------------------------------------------------------------------------

function showOn(stage, kind) {
  stage.replaceChildren(byId(`as-${kind}`).content.cloneNode(true));
}

function showImage(stage, facts, source = "file", instead = "broken") {
  showOn(stage, "image");
  const canvas = stage.querySelector(".canvas");
  const button = stage.querySelector(".picture");
  const image = stage.querySelector("img");
  image.alt = facts.label;
  image.addEventListener("error", () => showOn(stage, instead));
  image.addEventListener("load", () => renderZoom(stage));
  button.addEventListener("click", (event) => toggle(stage, event));
  canvas.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && canvas.classList.contains("actual")) toggle(stage, event);
  });
  new ResizeObserver(() => renderZoom(stage)).observe(canvas);
  image.src = `${BASE}/${source}`;
}

// Keeps the clicked spot under the pointer; the keyboard zooms into the middle.
function toggle(stage, event) {
  const canvas = stage.querySelector(".canvas");
  const image = stage.querySelector("img");
  if (stage.querySelector(".picture").classList.contains("whole")) return;
  const before = image.getBoundingClientRect();
  const pointed = event.clientX > 0 || event.clientY > 0;
  const x = pointed ? (event.clientX - before.left) / before.width : 0.5;
  const y = pointed ? (event.clientY - before.top) / before.height : 0.5;
  canvas.classList.toggle("actual");
  const box = canvas.getBoundingClientRect();
  const after = image.getBoundingClientRect();
  const place = pointed
    ? [event.clientX, event.clientY]
    : [box.left + box.width / 2, box.top + box.height / 2];
  canvas.scrollBy(after.left + x * after.width - place[0], after.top + y * after.height - place[1]);
  renderZoom(stage);
}

function renderZoom(stage) {
  const canvas = stage.querySelector(".canvas");
  const image = stage.querySelector("img");
  if (!image?.naturalWidth) return;
  const actual = canvas.classList.contains("actual");
  const percent = Math.round((100 * image.clientWidth) / image.naturalWidth);
  const whole = !actual && image.clientWidth >= image.naturalWidth;
  const button = stage.querySelector(".picture");
  button.classList.toggle("whole", whole);
  button.setAttribute("aria-pressed", String(actual));
  button.setAttribute("aria-label", `${image.alt}: ${actual ? "fit to the window" : "show at 100 %"}`);
  stage.querySelector(".zoom").textContent = whole
    ? "100 %"
    : actual
      ? `100 % · ${TOUCH ? "tap" : "click or Escape"} to fit`
      : `${percent} % · ${TOUCH ? "tap" : "click or Enter"} for 100 %`;
}

function showAudio(stage, facts) {
  showOn(stage, "audio");
  const player = stage.querySelector("audio");
  stage.querySelector("strong").replaceChildren(isolated(facts.label));
  stage.querySelector(".card > .muted").textContent = facts.seconds ? duration(facts.seconds) : "";
  const waveform = stage.querySelector(".waveform");
  waveform.addEventListener("load", () => (waveform.hidden = false));
  waveform.src = `${BASE}/drawing`;
  player.setAttribute("aria-label", facts.label);
  player.addEventListener("error", () => showOn(stage, "broken"));
  player.src = `${BASE}/file`;
}

// --- Facts ------------------------------------------------------------------------------------

function duration(seconds) {
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

function day(seconds) {
  const at = new Date(seconds * 1000);
  return at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

function* rows(facts) {
  yield ["File", facts.size];
  if (facts.created) yield [facts.operation ? "Made" : "Added", day(facts.created)];
  if (facts.credits) yield ["Price", facts.credits];
}

function showFacts(facts) {
  byId("label").replaceChildren(isolated(facts.label));
  byId("operation").replaceChildren(...words(isolated(facts.operation || `${KINDS[facts.kind]}, imported`)));
  for (const [name, text] of rows(facts)) {
    byId("table").append(isolated(name, "dt"), isolated(text, "dd"));
  }
  byId("prompt-part").hidden = !facts.prompt;
  byId("prompt").replaceChildren(isolated(facts.prompt ?? "", "div"));
  byId("origins-part").hidden = !facts.made_from?.length;
  for (const { role, label } of facts.made_from ?? []) {
    const row = document.createElement("li");
    row.append(isolated(role, "span"), isolated(label));
    row.firstChild.className = "role";
    byId("origins").append(row);
  }
  const until = facts.expires_at ? ` until ${day(facts.expires_at)},` : "";
  byId("validity").textContent =
    `This page shows one item. The link works on this computer,${until} while the studio runs.`;
}

async function load() {
  const answer = await request(`${BASE}/facts`);
  byId("loading").hidden = true;
  if (answer.gone) {
    showMessage({
      kind: "bad",
      icon: "unplugged",
      title: "The studio doesn't answer",
      text: "It was stopped, or your chat program was closed. The item is kept. Start it again and ask your assistant to show the item.",
      again: true,
    });
  } else if (answer.refused) {
    showMessage({
      kind: "warn",
      icon: "clock",
      title: "This link no longer works",
      text: "Its time is over, or the studio was restarted. The item is kept: ask your assistant to show it again.",
    });
  } else {
    show(answer.json);
  }
}

function show(facts) {
  byId("message").hidden = true;
  byId("item").hidden = false;
  byId("download").hidden = false;
  byId("download").href = `${BASE}/download`;
  document.title = facts.label.slice(0, 80);
  const stage = byId("stage");
  if (facts.kind === "image") showImage(stage, facts);
  else if (facts.kind === "audio") showAudio(stage, facts);
  else showImage(stage, facts, "drawing", "model");
  showFacts(facts);
}

byId("again").addEventListener("click", load);
load();

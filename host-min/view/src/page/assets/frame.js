// The frame: sections, addresses, keys, and the search.

const sections = [
  ["overview", "Overview", overview],
  ["findings", "Findings", findings, () => data.findings.length, () => (data.findings.some(({ severity }) => severity === "error") ? "bad" : data.findings.some(({ severity }) => severity === "warning") ? "warn" : "none")],
  ["gaps", "Missing", gaps, numberOfGaps, () => "warn"],
  ["changes", "Changes", changes, () => data.changes.all.length + data.changes.leftOut],
  ["objects", "Objects", objects, () => data.rows.length],
  ["events", "Events", events, () => data.happened.length],
  ["logs", "Logs", logs, () => data.files.logs.length],
  ["files", "Files", files, () => data.files.files.length],
  ["requests", "Requests", requests, () => data.requests.all.length],
  ["kept", "Kept back", kept, keptBack],
];

// What the address opens, by section: what it may be, and how it is shown. Gatherers are opened over the overview.
const details = {
  findings: [() => data.findings, findingDetail],
  gaps: [() => data.gaps, gapDetail],
  changes: [() => data.changes?.all, changeDetail],
  objects: [() => data.rows, objectDetail],
  events: [() => data.happened, eventDetail],
  logs: [() => data.files.logs, logDetail],
  files: [() => data.files.files, fileDetail],
  requests: [() => data.requests.all, requestDetail],
  gatherers: [() => data.gatherers, gathererDetail],
};

let current = { id: "", view: {} };
const query = $("query");

const go = (id, at) => (location.hash = at === undefined ? `#/${id}` : `#/${id}/${at}`);
const closeDetail = () => go(current.id);

// Words that set the filter of objects before the section opens.
function filterObjects(word) {
  const kind = /^kind-(\d+)$/.exec(word);
  if (!kind && word !== "failing") return;
  Object.assign(objectState, { kind: kind ? kind[1] : "", namespace: "", tone: kind ? "" : 0 });
  current.id = "";
}

async function route() {
  const [, id = "", at] = location.hash.split("/");
  if (id === "objects" && at) filterObjects(at);
  const home = id === "gatherers" || !sections.some(([known]) => known === id) ? "overview" : id;
  if (home !== current.id && !(id !== home && current.id && id === "gatherers")) open(home);
  const detail = $("detail");
  const [all, show] = details[id] ?? [];
  const item = /^\d+$/.test(at ?? "") ? all?.()?.[Number(at)] : undefined;
  const content = item && (await show(item));
  if (location.hash.split("/")[2] !== at) return;
  detail.replaceChildren(...(content ? [content] : []));
  detail.hidden = !content;
  detail.scrollTop = 0;
  current.view.list?.chooseItem(item);
  // Beside its list, the reader goes on in the list.
  const isBeside = innerWidth > 1250 && current.view.list?.rows.contains(document.activeElement);
  if (content) isBeside || detail.focus({ preventScroll: true });
  else current.view.list?.rows.focus({ preventScroll: true });
}

function open(id) {
  const [, title, make] = sections.find(([known]) => known === id);
  const view = make();
  current = { id, view };
  document.title = `${id === "overview" ? "" : `${title} · `}${shown(data.about.name)} · wagather`;
  for (const link of $("nav").children) {
    const isHere = link.dataset.id === id;
    link[isHere ? "setAttribute" : "removeAttribute"]("aria-current", "page");
    if (isHere) link.scrollIntoView({ block: "nearest", inline: "center" });
  }
  $("main").replaceChildren(...[view.element].flat().filter(Boolean));
  $("main").scrollTop = 0;
  query.placeholder = id === "overview" || !view.search ? "Search everything" : `Search ${title.toLowerCase()}`;
  view.start?.();
  if (query.value) search();
}

function search() {
  const words = wordsOf(query.value);
  const { id, view } = current;
  if (id !== "overview" && view.search) return view.search(words);
  if (id !== "overview") open("overview");
  $("main").replaceChildren(words.length > 0 ? current.view.search(words) : current.view.element);
}

// ---- Keys ----

const keys = [
  [["/"], "search in the section; on the overview, everywhere"],
  [["j", "k", "↓", "↑"], "the next, the one before"],
  [["Enter"], "open"],
  [["Esc"], "close, or clear the search"],
  [["1", "…", "9"], "a section"],
  [["t"], "dark or light"],
  [["?"], "these keys"],
];

function help() {
  const dialog = $("help");
  const close = h("button", { type: "button", class: "icon", "aria-label": "Close", onclick: () => dialog.close() }, "✕");
  dialog.replaceChildren(close, h("h2", { id: "help-title" }, "Keys"), h("dl", {}, keys.map(([names, does]) => [h("dt", {}, names.flatMap((name) => [h("kbd", {}, name), " "])), h("dd", {}, does)])), h("p", {}, "This page is one file. It loads nothing from a network and sends nothing anywhere."));
  dialog.showModal();
}

const root = document.documentElement;
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const switchScheme = () => (root.dataset.scheme = (root.dataset.scheme ?? (prefersDark.matches ? "dark" : "light")) === "dark" ? "light" : "dark");

// The next of the lines that lead somewhere, in a section without a list.
function pick(step) {
  const picks = [...$("main").querySelectorAll("[data-pick]")];
  const at = picks.indexOf(document.activeElement);
  picks[Math.max(0, Math.min(picks.length - 1, at < 0 ? 0 : at + step))]?.focus();
  return picks.length > 0;
}

function press(key) {
  const number = Number(key);
  const isOpen = !$("detail").hidden;
  if (key === "/") query.select();
  else if (key === "?") help();
  else if (key === "t") switchScheme();
  else if (number >= 1 && number <= sections.length) go(sections[number - 1][0]);
  else if (key === "Escape" && isOpen) closeDetail();
  else if (key === "Escape" && query.value) (query.value = ""), search();
  else if (current.view.list && !current.view.list.element.hidden) {
    if (!current.view.list.press(key)) return false;
    // With something open, the next one opens.
    if (isOpen && ["j", "k", "ArrowDown", "ArrowUp"].includes(key)) current.view.list.press("Enter");
  } else if (["j", "ArrowDown"].includes(key)) return pick(1);
  else if (["k", "ArrowUp"].includes(key)) return pick(-1);
  else return false;
  return true;
}

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
  if (target === query) {
    const isDone = key === "Enter" || key === "ArrowDown";
    if (key !== "Escape" && !isDone) return;
    event.preventDefault();
    if (key === "Escape" && query.value) return (query.value = ""), search();
    query.blur();
    return isDone ? press("ArrowDown") : undefined;
  }
  const isField = target.matches("input, select");
  if (isField && key === "Escape") target.blur();
  // A key moves in what has the focus, if that moves by itself.
  const isOwn = isField || (key === "Enter" && target.matches("a, button")) || (target.closest(".log") && key !== "Escape");
  if (!isOwn && press(key)) event.preventDefault();
});

let waiting;
query.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(search, data.rows.length > 20000 ? 150 : 0);
});
$("scheme").addEventListener("click", switchScheme);
$("keys").addEventListener("click", help);
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  $("main").focus();
});
addEventListener("hashchange", route);

// ---- The start ----

function begin() {
  const { about, report } = data;
  const [tone, word] = state();
  // A page that was not made with an earlier archive has no section for it.
  if (!data.changes) sections.splice(sections.findIndex(([id]) => id === "changes"), 1);
  $("name").replaceChildren(shown(about.name), " ", pill(tone, word));
  const versions = [about.openshift && `OpenShift ${about.openshift}`, about.kubernetes && `Kubernetes ${about.kubernetes}`];
  const from = report ? `wagather ${report.wagather} from ${report.source}` : about.layout;
  $("about").textContent = shown([...versions, from, `gathered ${moment(Math.floor(about.gathered / 1000))}`].filter(Boolean).join(" · "));
  $("nav").replaceChildren(
    ...sections.map(([id, title, , number, tone]) => {
      const items = number?.() ?? 0;
      return h("a", { href: `#/${id}`, "data-id": id }, title, items > 0 && h("span", { class: tone?.() }, count(items)));
    }),
  );
  // What a test measures.
  requestAnimationFrame(() => performance.mark("shown"));
  return route();
}

load().then(begin).catch(fail);

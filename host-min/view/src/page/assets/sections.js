// The sections, each with its filters. A section gives its element, its list, and what a search does in it.

const chip = (title, tone, isOn, onclick) => h("button", { type: "button", class: "chip", "aria-pressed": isOn, onclick }, tone && h("i", { class: tone }), title);

const empty = (text) => h("p", { class: "empty" }, text);
const leftOut = (number, what) => (number > 0 ? `${count(number)} more ${what} are in the archive, and not in the page. ` : "");

// A section with a list: `filters` draws its filters, and `select` says which items they let through.
function listSection({ title, about, list, items, filters, aside, select, textOfItem, nothing }) {
  const found = h("p", {});
  const top = h("div", { class: "top" }, h("h2", {}, title), h("div", { class: "chips" }), found);
  const none = empty(nothing);
  let words = [];
  const update = () => {
    const shown = items.filter((item) => (!select || select(item)) && hasAll(words, textOfItem(item)));
    found.textContent = `${shown.length === items.length ? "" : `${count(shown.length)} of `}${about(items.length)}`;
    top.children[1].replaceChildren(...[filters?.(update) ?? []].flat(2).filter(Boolean));
    none.hidden = shown.length > 0;
    list.element.hidden = shown.length === 0;
    if (none.hidden) list.show(order ? order(shown) : shown);
    aside?.update?.();
  };
  let order;
  const body = aside ? h("div", { class: "split" }, aside.element, list.element) : list.element;
  return {
    element: [top, aside?.above, body, none],
    list,
    start: update,
    sort(by) {
      order = by;
      update();
    },
    search(typed) {
      words = typed;
      update();
    },
  };
}

// ---- Findings ----

const findingText = (finding) => textOf(finding, [finding.severity, finding.code, finding.gatherer, finding.kind, finding.namespace, finding.name, finding.message, ...finding.properties.map(([, value]) => value)]);
const findingLine = (finding, at) => line(`#/findings/${at}`, severities[finding.severity], finding.code, when(finding.since), [finding.kind && h("span", {}, objectName(finding), ": "), finding.message]);

const findingState = { severity: undefined };

function findings() {
  const all = data.findings.map((finding, at) => Object.assign(finding, { at }));
  const list = new List({
    height: 54,
    label: "Findings",
    columns: "12px minmax(0, 1fr) 74px 150px",
    narrow: "12px minmax(0, 1fr) auto",
    heads: ["", "Finding", "Since", "Gatherer"].map((head) => h("span", {}, head)),
    draw: (row, finding) =>
      row.append(
        dot(severities[finding.severity]),
        h("div", { class: "two" }, h("span", {}, h("span", { class: "strong" }, finding.code), "  ", h("span", { class: "sub" }, finding.kind && objectName(finding))), h("span", { class: "sub" }, finding.message)),
        when(finding.since),
        h("span", { class: "sub drop" }, finding.gatherer),
      ),
    open: ({ at }) => go("findings", at),
  });
  return listSection({
    title: "Findings",
    about: (all) => `${plural(all, "finding")}. Gatherers that judge wrote ${all === 1 ? "it" : "them"}, the worst first. ${leftOut(data.findingsLeftOut, "findings")}`,
    list,
    items: all,
    textOfItem: findingText,
    select: ({ severity }) => !findingState.severity || severity === findingState.severity,
    filters: (update) =>
      Object.entries(severities).map(([severity, tone]) => {
        const number = all.filter((finding) => finding.severity === severity).length;
        const isOn = findingState.severity === severity;
        const toggle = () => update((findingState.severity = isOn ? undefined : severity));
        return number > 0 && chip(`${severity} ${count(number)}`, tone, isOn, toggle);
      }),
    nothing: all.length > 0 ? "No finding has these words." : "No gatherer of this archive wrote a finding. That does not mean that nothing is wrong: see the objects and the events.",
  });
}

// ---- Objects ----

const objectState = { kind: "", namespace: "", tone: "", sort: "", down: false };

function objects() {
  const { kinds } = data.objects;
  const state = objectState;
  let section;
  const orders = {
    Name: (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
    Status: (a, b) => a.tone - b.tone || (a.status < b.status ? -1 : 1),
    Age: (a, b) => b.created - a.created,
  };
  const sort = (by) => {
    state.down = state.sort === by && !state.down;
    state.sort = by;
    apply();
    for (const button of list.element.querySelectorAll(".heads button")) {
      if (button.textContent === by) button.dataset.sorted = state.down ? "↑" : "↓";
      else delete button.dataset.sorted;
    }
  };
  const apply = () => section.sort(state.sort && ((rows) => (rows = rows.slice().sort(orders[state.sort]), state.down ? rows.reverse() : rows)));
  const list = new List({
    height: 36,
    label: "Objects",
    columns: "minmax(90px, .8fr) minmax(90px, .8fr) minmax(140px, 1.7fr) minmax(90px, 1fr) minmax(80px, 1fr) 62px",
    heads: [h("span", {}, "Kind"), h("span", {}, "Namespace"), ...["Name", "Status", "", "Age"].map((by) => (by ? h("button", { type: "button", onclick: () => sort(by) }, by) : h("span", {})))],
    draw: (row, { kind, namespace, name, tone, status, note, created }) =>
      row.append(
        h("span", { class: "sub drop" }, kind.kind),
        h("span", { class: "sub drop" }, namespace),
        h("span", { class: "strong", title: name }, name),
        h("span", { class: "end" }, status && pill(tones[tone], status)),
        h("span", { class: "sub", title: note }, h("span", { class: "for-narrow" }, [kind.kind, namespace].filter(Boolean).join(" · "), note && " · "), note),
        when(created),
      ),
    open: ({ row }) => go("objects", row),
  });
  list.narrowHeight = 56;
  const kindOf = () => kinds[state.kind];
  const spaces = [...new Set(data.rows.map(({ namespace }) => namespace))].sort();
  const pick = (label, options, of) => {
    const select = h("select", { name: of, "aria-label": label }, options.map(([value, title]) => h("option", { value }, title)));
    select.value = state[of];
    select.addEventListener("change", () => update((state[of] = select.value)));
    return select;
  };
  const kindOptions = [["", "All kinds"], ...kinds.map(({ title, rows }, at) => [String(at), `${title} (${count(rows)})`])];
  const spaceOptions = [["", "All namespaces"], ...spaces.filter(Boolean).map((space) => [space, space])];
  const facets = h("div", { class: "facets" });
  const update = () => section.start();
  section = listSection({
    title: "Objects",
    about: (all) => `${plural(all, "object")} of ${plural(kinds.length, "kind")}. Ages are those at the gathering. ${leftOut(data.objects.leftOut, "objects")}`,
    list,
    items: data.rows,
    textOfItem: (row) => textOf(row, [row.kind.kind, row.namespace, row.name, row.status, row.note, row.node]),
    select: (row) => (state.kind === "" || row.kind === kindOf()) && (state.namespace === "" || row.namespace === state.namespace) && (state.tone === "" || row.tone === state.tone),
    filters: (update) => [
      [[0, "Failing"], [1, "To look at"]].map(([tone, title]) => {
        const number = (state.kind === "" ? kinds : [kindOf()]).reduce((sum, kind) => sum + kind.tones[tone], 0);
        const isOn = state.tone === tone;
        return (number > 0 || isOn) && chip(`${title} ${count(number)}`, tones[tone], isOn, () => update((state.tone = isOn ? "" : tone)));
      }),
      pick("Namespace", spaceOptions, "namespace"),
      h("span", { class: "for-narrow" }, pick("Kind", kindOptions, "kind")),
    ],
    aside: {
      element: facets,
      update() {
        const button = (value, title, number, tone) => h("button", { type: "button", "aria-pressed": String(state.kind) === value, onclick: () => update((state.kind = value)) }, h("span", { title }, title), tone >= 0 && dot(tones[tone]), h("span", {}, count(number)));
        const top = facets.scrollTop;
        facets.replaceChildren(button("", "All kinds", data.rows.length, -1), ...kinds.map(({ title, rows, tones: [bad, warn] }, at) => button(String(at), title, rows, bad > 0 ? 0 : warn > 0 ? 1 : -1)));
        facets.scrollTop = top;
      },
    },
    nothing: "No object is left by these filters.",
  });
  return { ...section, start: apply };
}

// ---- Events ----

const eventState = { warning: "", namespace: "" };
const eventLine = (event) => line(`#/events/${data.happened.indexOf(event)}`, event.warning ? "warn" : "none", event.reason, when(event.last), [h("span", {}, objectName(event), ": "), event.message]);

// How many events there were over time, as bars.
function histogram(events, height = 92) {
  const timed = events.filter(({ last }) => last > 0);
  if (timed.length < 2) return undefined;
  const [from, to] = [timed.at(-1).last, timed[0].last];
  // Most of them: one from years ago would leave a bar for the rest.
  const old = timed[Math.floor(timed.length * 0.98)].last;
  const start = to - from > 3 * (to - old) && to > old ? old : from;
  const width = Math.max(1, (to - start + 1) / 72);
  const bars = Array.from({ length: 72 }, () => [0, 0]);
  for (const event of timed) if (event.last >= start) bars[Math.min(71, Math.floor((event.last - start) / width))][event.warning ? 0 : 1] += event.count;
  const most = Math.max(...bars.map(([warnings, others]) => warnings + others), 1);
  const rect = (at, y, size, tone) => size > 0 && s("rect", { x: at * 10 + 1, width: 8, y: height - y - size, height: size, rx: 1, class: tone });
  const scaled = (number) => (number > 0 ? Math.max(2, (number / most) * (height - 4)) : 0);
  const chart = s("svg", { class: "chart", viewBox: `0 0 720 ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": "Events over time" });
  bars.forEach(([warnings, others], at) => {
    const [low, high] = [scaled(warnings), scaled(others)];
    chart.append(...[rect(at, 0, low, "warn"), rect(at, low, high, "none")].filter(Boolean));
  });
  // A day of last year has one age: then the times tell more.
  const [first, last] = [Math.round(start), to];
  const [begins, ends] = ago(first) === ago(last) ? [moment(first), moment(last)] : [`${ago(first)} before`, `${ago(last)} before the gathering`];
  return [chart, h("div", { class: "scale" }, h("span", {}, begins), h("span", {}, Math.abs(data.about.gathered / 1000 - to) < 60 ? "the gathering" : ends))];
}

function events() {
  const all = data.happened;
  const state = eventState;
  const list = new List({
    height: 36,
    label: "Events",
    narrow: "12px minmax(0, 1fr) auto",
    columns: "70px 12px minmax(90px, .8fr) minmax(120px, 1.3fr) minmax(160px, 2.6fr) 56px",
    heads: [h("span", {}, "Last"), h("span", {}), ...["Reason", "Object", "Message"].map((head) => h("span", {}, head)), h("span", { class: "num" }, "Count")],
    draw: (row, event) =>
      row.append(
        when(event.last),
        dot(event.warning ? "warn" : "none"),
        h("span", { class: "strong" }, event.reason),
        h("span", { class: "sub drop", title: objectName(event) }, objectName(event)),
        h("span", { class: "sub full", title: event.message }, event.message),
        h("span", { class: "num drop" }, event.count > 1 ? `${count(event.count)}×` : ""),
      ),
    open: (event) => go("events", all.indexOf(event)),
  });
  list.narrowHeight = 56;
  const spaces = [...new Set(all.map(({ namespace }) => namespace))].sort();
  const warnings = all.filter(({ warning }) => warning).length;
  return listSection({
    title: "Events",
    about: (number) => `${plural(number, "event")}, the newest first. ${leftOut(data.events.leftOut, "events")}`,
    list,
    items: all,
    textOfItem: (event) => textOf(event, [event.warning ? "warning" : "normal", event.reason, event.kind, event.namespace, event.name, event.message, event.source]),
    select: (event) => (state.warning === "" || event.warning === state.warning) && (state.namespace === "" || event.namespace === state.namespace),
    filters: (update) => {
      const select = h("select", { name: "namespace", "aria-label": "Namespace" }, h("option", { value: "" }, "All namespaces"), spaces.filter(Boolean).map((space) => h("option", { value: space }, space)));
      select.value = state.namespace;
      select.addEventListener("change", () => update((state.namespace = select.value)));
      const toggle = (value) => () => update((state.warning = state.warning === value ? "" : value));
      return [
        warnings > 0 && chip(`Warning ${count(warnings)}`, "warn", state.warning === true, toggle(true)),
        warnings < all.length && chip(`Normal ${count(all.length - warnings)}`, "none", state.warning === false, toggle(false)),
        select,
      ];
    },
    nothing: all.length > 0 ? "No event is left by these filters." : "The archive has no events.",
  });
}

// ---- Logs and files ----

function filesSection(id, title, one, items, nothing) {
  const list = new List({
    height: 36,
    label: title,
    columns: "minmax(120px, 1fr) minmax(200px, 3fr) 90px 150px",
    heads: [h("span", {}, id === "logs" ? "Namespace" : ""), h("span", {}, "Name"), h("span", { class: "num" }, "Size"), h("span", {})],
    draw: (row, item) =>
      row.append(
        h("span", { class: "sub drop" }, item.namespace ?? item.path.split("/")[0]),
        h("span", { class: "strong" }, item.title ?? item.path),
        h("span", { class: "num" }, bytes(item.bytes)),
        h("span", { class: "sub drop" }, item.place ? item.kept < item.bytes && `${id === "logs" ? "the last" : "the first"} ${bytes(item.kept)}` : "not in the page"),
      ),
    open: (item) => go(id, items.indexOf(item)),
  });
  return listSection({
    title,
    about: (number) => `${plural(number, one)}. ${leftOut(data.files.leftOut, "logs and files")}`,
    list,
    items,
    textOfItem: (item) => textOf(item, [item.path ?? "", item.namespace ?? "", item.title ?? ""]),
    nothing: items.length > 0 ? `No ${one} has these words.` : nothing,
  });
}

const logs = () => filesSection("logs", "Logs", "log", data.files.logs, "The archive has no logs.");
const files = () => filesSection("files", "Files", "file", data.files.files, "No gatherer wrote files of its own.");

// ---- Requests ----

const requestState = { sort: "start" };

function requests() {
  const { all } = data.requests;
  const isTimed = all.some(({ start }) => start > 0);
  const starts = all.map(({ start }) => start).filter((start) => start > 0);
  const from = starts.reduce((a, b) => Math.min(a, b), Infinity);
  const to = all.reduce((latest, { start, ms }) => (start > 0 ? Math.max(latest, start + ms) : latest), from + 1);
  const most = all.reduce((most, { bytes }) => Math.max(most, bytes), 1);
  const list = new List({
    height: 34,
    label: "Requests",
    columns: "minmax(90px, .7fr) minmax(160px, 2fr) minmax(120px, 2fr) 76px 76px",
    heads: [h("span", {}, "Gatherer"), h("span", {}, "Request"), h("span", {}, isTimed ? `0 to ${milliseconds(to - from)}` : "Bytes"), h("span", { class: "num" }, isTimed ? "Time" : "Calls"), h("span", { class: "num" }, "Bytes")],
    draw: (row, request) => {
      const bar = h("i", { class: request.result ? "warn" : "info" });
      const [left, width] = isTimed ? [(request.start - from) / (to - from), request.ms / (to - from)] : [0, request.bytes / most];
      bar.style.left = `${Math.min(99, Math.max(0, left * 100))}%`;
      bar.style.width = `${Math.min(100, Math.max(0, width * 100))}%`;
      row.append(
        h("span", { class: "sub drop" }, request.gatherer),
        h("span", { class: "strong", title: request.what }, request.what, request.result && h("span", { class: "sub" }, `  ${request.result}`)),
        h("span", { class: "track drop" }, bar),
        h("span", { class: "num sub drop" }, isTimed ? milliseconds(request.ms) : count(request.calls)),
        h("span", { class: "num" }, bytes(request.bytes)),
      );
    },
    open: (request) => go("requests", all.indexOf(request)),
  });
  const sum = (of) => data.gatherers.reduce((sum, gatherer) => sum + gatherer[of], 0);
  const tile = (number, text) => h("div", { class: "tile" }, h("b", {}, number), h("span", {}, text));
  const tiles = data.gatherers.length > 0 && h("div", { class: "tiles" }, tile(count(sum("requests")), "HTTP requests, with pages"), tile(count(sum("retries")), "retries"), tile(bytes(sum("bytesReceived")), "received"), tile(bytes(sum("bytesGiven")), "given to gatherers"), tile(bytes(sum("bytesArchived")), "archived"));
  const orders = { start: () => 0, bytes: (a, b) => b.bytes - a.bytes, time: (a, b) => b.ms - a.ms };
  const section = listSection({
    title: "Requests",
    about: (number) => `${plural(number, "request")} of gatherers. ${isTimed ? "" : "A run on a recording or an archive has no times. "}${leftOut(data.requests.leftOut, "records of the audit")}`,
    list,
    items: all,
    textOfItem: (request) => textOf(request, [request.gatherer, request.what, request.result]),
    filters: () =>
      [["start", "In order"], isTimed && ["time", "Slowest"], ["bytes", "Largest"]].filter(Boolean).map(([by, title]) =>
        chip(title, "", requestState.sort === by, () => {
          requestState.sort = by;
          section.sort((rows) => rows.slice().sort(orders[by]));
        }),
      ),
    aside: undefined,
    nothing: all.length > 0 ? "No request has these words." : "The archive has no audit of requests: another program made it.",
  });
  return { ...section, element: [section.element[0], tiles && h("div", { class: "strip" }, tiles), ...section.element.slice(1)] };
}

// ---- Changes ----

const changeTones = { added: "good", removed: "bad", changed: "warn" };
const changeState = { how: undefined };
const fieldText = ([path, before, after]) => `${path}: ${before ?? "not there"} → ${after ?? "not there"}`;

function changes() {
  const { all, before, added, removed, changed, same, leftOut: left, onlyBefore, onlyAfter } = data.changes;
  const only = (names, name) => names.length > 0 && `Not compared, because only ${name} has them: ${names.join(", ")}. `;
  const list = new List({
    height: 54,
    label: "Changes",
    columns: "12px minmax(0, 1fr) 90px",
    narrow: "12px minmax(0, 1fr) auto",
    heads: ["", "What", ""].map((head) => h("span", {}, head)),
    draw: (row, change) =>
      row.append(
        dot(changeTones[change.how]),
        h("div", { class: "two" }, h("span", {}, h("span", { class: "strong" }, change.name), "  ", h("span", { class: "sub" }, [change.kind, change.namespace].filter(Boolean).join(" · "))), h("span", { class: "sub" }, change.fields.map(fieldText).join("; "))),
        h("span", { class: "sub" }, change.how),
      ),
    open: (change) => go("changes", all.indexOf(change)),
  });
  return listSection({
    title: "Changes",
    about: () => `Since ${before}, gathered ${moment(Math.floor(data.changes.gathered / 1000))}: ${count(added)} added, ${count(removed)} removed, ${count(changed)} changed, ${count(same)} the same. ${leftOut(left, "changes")}${only(onlyBefore, before) || ""}${only(onlyAfter, data.about.name) || ""}`,
    list,
    items: all,
    textOfItem: (change) => textOf(change, [change.how, change.kind, change.namespace, change.name, ...change.fields.map(fieldText)]),
    select: ({ how }) => !changeState.how || how === changeState.how,
    filters: (update) =>
      Object.entries({ added, removed, changed }).map(([how, number]) => {
        const isOn = changeState.how === how;
        return number > 0 && chip(`${how} ${count(number)}`, changeTones[how], isOn, () => update((changeState.how = isOn ? undefined : how)));
      }),
    nothing: all.length > 0 ? "No change has these words." : "Nothing differs. Fields that change by themselves, such as the times of heartbeats, are not compared.",
  });
}

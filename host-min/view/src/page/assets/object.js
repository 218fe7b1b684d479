// What a reader sees of one thing: an object, a log, a file, an event, a finding, a request.

const cutText = 10000;

// JSON as YAML, with parts that close. What is inside is made when it is opened.
function yaml(value) {
  const size = sizeOf(value, 3000);
  const isOpen = (depth, child) => size < 1500 || depth < 2 || sizeOf(child, 30) < 30;
  const scalar = (text) => {
    if (typeof text !== "string") return h("span", { class: "value" }, String(text));
    const cut = text.length > cutText ? `${text.slice(0, cutText)} … (${count(text.length - cutText)} more characters)` : text;
    return h("span", { class: "text" }, cut === "" ? '""' : cut);
  };
  const children = (node, depth) => {
    const isList = Array.isArray(node);
    const entries = Object.entries(node);
    const rows = entries.slice(0, 2000).map(([key, child]) => {
      const label = isList ? undefined : h("span", { class: "key" }, `${key}:`);
      const properties = isList ? { class: "item" } : {};
      if (child === null || typeof child !== "object") return h("div", properties, label, " ", scalar(child));
      const length = Object.keys(child).length;
      if (length === 0) return h("div", properties, label, " ", h("span", { class: "value" }, Array.isArray(child) ? "[]" : "{}"));
      if (isList) return h("div", properties, children(child, depth + 1));
      const inside = h("div", { class: "in" });
      const button = h("button", { type: "button", class: "key", "data-more": Array.isArray(child) ? plural(length, "item") : plural(length, "member") }, `${key}:`);
      const open = (is) => {
        if (is && !inside.firstChild) inside.append(...children(child, depth + 1));
        inside.hidden = !is;
        button.setAttribute("aria-expanded", is);
      };
      button.addEventListener("click", () => open(inside.hidden));
      open(isOpen(depth, child));
      return h("div", properties, button, inside);
    });
    if (entries.length > rows.length) rows.push(h("div", { class: "soft" }, `… ${count(entries.length - rows.length)} more`));
    return rows;
  };
  const isScalar = value === null || typeof value !== "object";
  return h("div", { class: "yaml" }, h("div", {}, isScalar ? scalar(value) : children(value, 0)));
}

// The number of values, up to a limit.
function sizeOf(value, limit) {
  let size = 0;
  const open = [value];
  while (open.length > 0 && size < limit) {
    const next = open.pop();
    size += 1;
    if (next !== null && typeof next === "object") for (const child of Object.values(next)) open.push(child);
  }
  return size;
}

function facts(entries) {
  const known = entries.filter(([, value]) => value !== undefined && value !== "" && value !== null && value !== false);
  return h("dl", { class: "facts" }, known.flatMap(([term, value]) => [h("dt", {}, term), h("dd", {}, value)]));
}

function table(heads, rows, ...numbers) {
  const cell = (tag) => (value, at) => h(tag, numbers.includes(at) ? { class: "num" } : {}, value);
  return h("div", { class: "scroll" }, h("table", {}, h("tr", {}, heads.map(cell("th"))), rows.map((row) => h("tr", {}, row.map(cell("td"))))));
}

// A line of a short list that leads somewhere.
const line = (href, tone, title, aside, text) => h("a", { class: "line", href, "data-pick": true }, dot(tone), h("b", {}, title), aside, text && h("small", {}, text));

const linkTo = (about, text = objectName(about)) => {
  const row = rowOf(about.kind, about.namespace, about.name);
  return row ? h("a", { href: `#/objects/${row.row}` }, text) : h("span", {}, text);
};

const more = (bytes) => `host-min report … --html --limit ${bytes > 5e6 ? "none" : "5M"}`;

function frameOf(kind, title, chips, ...content) {
  return h(
    "div",
    { class: "detail" },
    h("header", {}, h("p", {}, kind), h("h2", {}, title), h("button", { type: "button", class: "icon", "aria-label": "Close", title: "Close (Esc)", onclick: closeDetail }, "✕"), h("div", { class: "chips" }, chips)),
    content,
  );
}

async function objectDetail(row) {
  const { kind, namespace, name, status, tone, note, node, created, place } = row;
  const object = place && JSON.parse(await piece(place));
  const metadata = object?.metadata ?? {};
  const labels = Object.entries(metadata.labels ?? {});
  const owners = [metadata.ownerReferences ?? []].flat().map((owner) => linkTo({ kind: owner.kind, namespace, name: owner.name }));
  const about = data.happened.filter((event) => isAbout(row, event));
  const found = data.findings.map((finding, at) => [finding, at]).filter(([finding]) => isAbout(row, finding));
  const logs = kind.kind === "Pod" ? data.files.logs.map((log, at) => [log, at]).filter(([log]) => (log.pod === name && log.namespace === namespace) || log.path?.includes(`/${namespace}/${name}/`)) : [];
  const conditions = [object?.status?.conditions ?? []].flat().filter((condition) => condition?.type);
  return frameOf(
    [kind.group || "core", kind.version].filter(Boolean).join("/") + ` ${kind.kind}`,
    name,
    [status && pill(tones[tone], status), note && pill("none", note)],
    facts([
      ["Namespace", namespace],
      ["Created", created > 0 && [ago(created), h("span", { class: "soft" }, ` · ${moment(created)}`)]],
      ["Node", node && linkTo({ kind: "Node", namespace: "", name: node }, node)],
      ["Owner", owners.length > 0 && owners.flatMap((owner, at) => (at > 0 ? [", ", owner] : [owner]))],
      ["Labels", labels.length > 0 && h("div", { class: "tags" }, labels.slice(0, 40).map(([key, value]) => h("span", { class: "tag" }, value === "" ? key : `${key}=${value}`)))],
    ]),
    found.length > 0 && [h("h3", {}, "Findings"), h("div", { class: "lines" }, found.map(([finding, at]) => findingLine(finding, at)))],
    kind.kind === "Pod" && object && containers(object),
    conditions.length > 0 && [h("h3", {}, "Conditions"), table(["Type", "Status", "Reason", "Since"], conditions.map(condition))],
    logs.length > 0 && [h("h3", {}, "Logs"), h("div", { class: "lines" }, logs.map(([log, at]) => line(`#/logs/${at}`, "none", log.title, h("time", {}, bytes(log.bytes)))))],
    about.length > 0 && [h("h3", {}, "Events"), h("div", { class: "lines" }, about.slice(0, 50).map((event) => eventLine(event)))],
    h("h3", {}, "Object"),
    object ? yaml(object) : h("p", { class: "note" }, "The page has only this line of the object. ", h("code", {}, more(0)), " has more."),
  );
}

const secondsOf = (text) => Math.floor(Date.parse(text) / 1000) || 0;

// Conditions whose "True" is good news, and others.
const isGood = (type) => !/degraded|failed|failing|pressure|unavailable|stalled|progressing|failure|error|disabled|terminating/i.test(type);

function condition({ type, status, reason, message, lastTransitionTime }) {
  const tone = status === "Unknown" ? "warn" : (status === "True") === isGood(type) ? "good" : /progressing|upgradeable|disabled/i.test(type) ? "none" : "bad";
  return [type, pill(tone, status ?? ""), [h("div", {}, reason ?? ""), message && h("div", { class: "soft" }, String(message).slice(0, 2000))], when(secondsOf(lastTransitionTime))];
}

function containers({ spec, status }) {
  const all = [[spec?.initContainers, status?.initContainerStatuses, "init"], [spec?.containers, status?.containerStatuses, ""], [spec?.ephemeralContainers, status?.ephemeralContainerStatuses, "ephemeral"]];
  const rows = all.flatMap(([declared, statuses, sort]) => {
    const list = [declared ?? statuses ?? []].flat();
    return list.filter((container) => container?.name).map(({ name, image }) => {
      const is = [statuses ?? []].flat().find((status) => status?.name === name) ?? {};
      const [state] = Object.entries(is.state ?? {})[0] ? [Object.entries(is.state)[0]] : [["", {}]];
      const [past] = Object.entries(is.lastState ?? {});
      const text = ([word, { reason, exitCode } = {}]) => [reason ?? word, exitCode !== undefined && `(${exitCode})`].filter(Boolean).join(" ");
      const isFine = state[0] === "running" || state[1]?.exitCode === 0;
      return [
        [h("div", {}, name, sort && h("span", { class: "soft" }, ` ${sort}`)), h("div", { class: "soft" }, image ?? "")],
        state[0] && pill(isFine ? "good" : "bad", text(state)),
        past ? [text(past), " ", when(secondsOf(past[1]?.finishedAt))] : "",
        is.restartCount ?? "",
      ];
    });
  });
  return rows.length > 0 && [h("h3", {}, "Containers"), table(["Name", "State", "Before", "Restarts"], rows, 3)];
}

// ---- Logs and files ----

const colours = /\x1b\[[0-9;]*m/g;
const lineTone = (text) => (/\b(error|fatal|panic|exception|critical|E\d{4})\b|^E\d{4}|level=(error|fatal)|"level":"(error|fatal)"/i.test(text) ? "bad" : /\bwarn(ing)?\b|^W\d{4}/i.test(text) ? "warn" : "");

function logView(text, isWhole) {
  const all = text.replace(/\n$/, "").split("\n").map((text, at) => ({ at, text: text.replace(/\r$/, "").replace(colours, "") }));
  let words = [];
  const list = new List({
    height: 20,
    label: "Lines",
    draw: (row, { at, text }) => {
      row.className = `row ${lineTone(text)}`;
      const cut = text.length > 4000 ? `${text.slice(0, 4000)} … (${count(text.length - 4000)} more characters)` : text;
      row.append(h("b", {}, isWhole ? at + 1 : ""), h("span", {}, marked(cut, words)));
    },
  });
  const found = h("span", { class: "soft" });
  const search = h("input", { type: "search", name: "lines", placeholder: "Search these lines", "aria-label": "Search these lines" });
  const filter = () => {
    words = wordsOf(search.value);
    const lines = all.filter(({ text }) => hasAll(words, text.toLowerCase()));
    found.textContent = words.length > 0 ? `${plural(lines.length, "line")} of ${count(all.length)}` : plural(all.length, "line");
    list.show(lines);
    if (words.length === 0) list.rows.scrollTop = list.rows.scrollHeight;
  };
  search.addEventListener("input", filter);
  requestAnimationFrame(filter);
  return [h("p", { class: "top-log" }, h("label", { class: "search" }, search), " ", found), h("div", { class: "log" }, list.rows)];
}

// A text in which each word of a search is marked.
function marked(text, words) {
  if (words.length === 0) return text;
  const lower = text.toLowerCase();
  const parts = [];
  let at = 0;
  while (at < text.length) {
    const next = words.map((word) => [lower.indexOf(word, at), word.length]).filter(([from]) => from >= 0).sort(([a], [b]) => a - b)[0];
    if (!next) break;
    parts.push(text.slice(at, next[0]), h("mark", {}, text.slice(next[0], next[0] + next[1])));
    at = next[0] + next[1];
  }
  return [...parts, text.slice(at)];
}

const partOf = (part, { kept, bytes: all }) => kept < all && pill("warn", `${part} ${bytes(kept)} of ${bytes(all)}`);

async function logDetail(log) {
  const about = log.pod ? { kind: "Pod", namespace: log.namespace, name: log.pod } : undefined;
  return frameOf(
    log.pod ? `Log of ${log.namespace}` : "Log",
    about ? [linkTo(about, log.pod), ` / ${log.container}${log.previous ? " (previous)" : ""}`] : log.path,
    [pill("none", bytes(log.bytes)), log.place && partOf("the last", log)],
    log.place ? logView(await piece(log.place), log.kept === log.bytes) : h("p", { class: "note" }, "The page has no room for this log. ", h("code", {}, more(log.bytes)), " has it."),
  );
}

async function fileDetail(file) {
  const text = file.place && (await piece(file.place));
  let content;
  try {
    content = file.kept === file.bytes && /\.json$/.test(file.path) && yaml(JSON.parse(text));
  } catch {
    content = undefined;
  }
  return frameOf(
    "File",
    file.path,
    [pill("none", bytes(file.bytes)), file.place && partOf("the first", file)],
    content || (file.place ? logView(text, true) : h("p", { class: "note" }, "The page has no room for this file. ", h("code", {}, more(file.bytes)), " has it.")),
  );
}

// ---- The rest ----

function findingDetail(finding) {
  const tone = severities[finding.severity];
  return frameOf(
    `${finding.severity} · ${finding.gatherer}`,
    finding.code,
    pill(tone, finding.severity),
    facts([
      ["Object", finding.kind && linkTo(finding)],
      ["Since", finding.since > 0 && [ago(finding.since), h("span", { class: "soft" }, ` before the gathering · ${moment(finding.since)}`)]],
      ["Gatherer", finding.gatherer],
      ...finding.properties,
    ]),
    h("h3", {}, "Message"),
    h("p", { class: `says ${tone}` }, finding.message),
  );
}

function eventDetail(event) {
  const tone = event.warning ? "warn" : "none";
  return frameOf(
    event.warning ? "Warning" : "Event",
    event.reason,
    [pill(tone, event.count === 1 ? "once" : `${count(event.count)} times`)],
    facts([
      ["Object", linkTo(event)],
      ["Namespace", event.namespace],
      ["Last", [ago(event.last), h("span", { class: "soft" }, ` · ${moment(event.last)}`)]],
      ["First", event.first < event.last && [ago(event.first), h("span", { class: "soft" }, ` · ${moment(event.first)}`)]],
      ["Source", event.source],
    ]),
    h("h3", {}, "Message"),
    h("p", { class: `says ${tone}` }, event.message),
  );
}

function gapDetail(gap) {
  return frameOf(
    `Gap · ${gap.gatherer}`,
    gap.asked || gap.resource,
    gap.status && pill("warn", `HTTP ${gap.status}`),
    facts([["Resource", gap.resource], ["Namespace", gap.namespace], ["Object", gap.object], ["Field", gap.field]]),
    h("h3", {}, "Why"),
    h("p", { class: "says warn" }, gap.reason),
  );
}

function changeDetail(change) {
  const { how, kind, namespace, name, fields, more } = change;
  const value = (text) => (text === null ? h("span", { class: "soft" }, "not there") : h("span", { class: "mono" }, text));
  return frameOf(
    [kind, namespace].filter(Boolean).join(" · "),
    name,
    pill(changeTones[how], how),
    how !== "removed" && rowOf(kind, namespace, name) && h("p", {}, linkTo(change, "Show the object")),
    fields.length > 0 && [h("h3", {}, "Fields"), table(["Field", data.changes.before, data.about.name], fields.map(([path, before, after]) => [h("span", { class: "mono" }, path), value(before), value(after)]))],
    more > 0 && h("p", { class: "note" }, `${plural(more, "more field")} differ.`),
  );
}

function requestDetail(request) {
  return frameOf(
    `Request · ${request.gatherer}`,
    request.what,
    request.result ? pill("warn", request.result) : pill("good", "ok"),
    facts([
      ["Sent", request.start > 0 && `${moment(request.start / 1000)}`],
      ["Time", request.start > 0 && milliseconds(request.ms)],
      ["Bytes", `${bytes(request.bytes)} to the gatherer and the archive`],
      ["Calls", count(request.calls)],
    ]),
  );
}

function gathererDetail(gatherer) {
  const { name, version, module, status, reason, warnings, errors } = gatherer;
  const lines = (title, texts, tone) => texts.length > 0 && [h("h3", {}, title), texts.slice(0, 200).map((text) => h("p", { class: `says ${tone}` }, text))];
  return frameOf(
    "Gatherer",
    name,
    [pill(statusTones[status] ?? "none", status), pill("none", `version ${version}`)],
    facts([
      ["Failed", reason],
      ["Module", `${count(module.bytes)} bytes`],
      ["SHA-256", h("code", {}, module.sha256)],
      ["Reference", module.reference],
      ["Requests", `${count(gatherer.requests)}${gatherer.retries ? `, of which ${plural(gatherer.retries, "retry", "retries")}` : ""}`],
      ["Received", bytes(gatherer.bytesReceived)],
      ["Given", bytes(gatherer.bytesGiven)],
      ["Files", `${count(gatherer.entries)}, ${bytes(gatherer.bytesArchived)}`],
      ["Time", gatherer.durationMs ? milliseconds(gatherer.durationMs) : undefined],
    ]),
    lines("Errors", errors, "bad"),
    lines("Warnings", warnings, "warn"),
    h("h3", {}, "Resources"),
    table(["Resource", "Result", "Items"], gatherer.resources.map(resourceRow), 2),
  );
}

const statusTones = { complete: "good", gaps: "warn", failed: "bad" };
const resourceRow = ({ resource, complete, absent, items, gaps }) => [
  h("span", { class: "mono" }, resource),
  absent ? pill("none", "not in the cluster") : complete ? pill("good", "complete") : pill("warn", plural(gaps, "gap")),
  count(items),
];

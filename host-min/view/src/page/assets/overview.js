// The first view, what is missing, and what was kept back.

const card = (title, link, ...content) => h("section", { class: "card" }, h("h3", {}, h("span", {}, title), link && h("a", { href: link[0] }, link[1])), content);

function state() {
  const { report, about } = data;
  if (!report) return ["none", `Partial: ${about.layout}`, "Another program made this archive. It has what was gathered; what is not in it may exist in the cluster."];
  if (report.complete) return ["good", "Complete", "Every gatherer ran to its end, and nothing that it asked for is missing."];
  const failed = report.gatherers.filter(({ status }) => status === "failed").length;
  if (failed > 0) return ["bad", "Incomplete", `${plural(failed, "gatherer")} of ${count(report.gatherers.length)} failed.`];
  return ["warn", "Complete with gaps", "Every gatherer ran to its end, and some of what they asked for was not available."];
}

const numberOfGaps = () => data.gaps.length + (data.report?.gapsNotNamed ?? 0);
const keptBack = () => data.requests.denied.length + data.gatherers.reduce((sum, { itemsWithheld, objectsReduced }) => sum + itemsWithheld + objectsReduced, 0);

function overview() {
  const [tone, , sentence] = state();
  const of = (severity) => data.findings.filter((finding) => finding.severity === severity).length;
  const bad = data.rows.filter((row) => row.tone === 0);
  const warnings = data.happened.filter(({ warning }) => warning);
  const requests = data.gatherers.reduce((sum, gatherer) => sum + gatherer.requests, 0);
  const retries = data.gatherers.reduce((sum, gatherer) => sum + gatherer.retries, 0);
  const tile = (id, number, title, note, tone) => h("a", { class: "tile", href: `#/${id}`, "data-pick": true }, h("b", {}, number), h("span", {}, number === "1" ? title.slice(0, -1) : title), h("em", { class: note ? tone : "" }, note || "\u00a0"));
  const tiles = h(
    "div",
    { class: "tiles" },
    tile("findings", count(data.findings.length + data.findingsLeftOut), "findings", of("error") ? plural(of("error"), "error") : of("warning") ? plural(of("warning"), "warning") : "", of("error") ? "bad" : "warn"),
    tile("gaps", count(numberOfGaps()), "gaps", numberOfGaps() > 0 && `in ${plural(data.gatherers.filter(({ gaps }) => gaps > 0).length || 1, "gatherer")}`, "warn"),
    tile("objects", count(data.rows.length + data.objects.leftOut), "objects", bad.length ? `${count(bad.length)} failing` : "", "bad"),
    tile("events", count(data.happened.length + data.events.leftOut), "events", warnings.length ? plural(warnings.length, "warning") : "", "warn"),
    tile("logs", count(data.files.logs.length), "logs", bytes(data.files.logs.reduce((sum, log) => sum + log.bytes, 0)), ""),
    requests > 0 && tile("requests", count(requests), "requests", retries ? plural(retries, "retry", "retries") : bytes(data.gatherers.reduce((sum, gatherer) => sum + gatherer.bytesReceived, 0)), retries ? "warn" : ""),
  );
  const column = (...cards) => h("div", { class: "column" }, cards);
  const [left, right] = [[changesCard(), findingsCard(), failingCard(bad)], [healthCard(), gapsCard(), eventsCard(warnings)]].map((cards) => cards.filter(Boolean));
  // One column alone would leave half of the page empty.
  if (left.length === 0 && right.length > 1) left.push(right.shift());
  return {
    element: h(
      "div",
      { class: "page" },
      h("div", { class: `hero ${tone}` }, h("h2", {}, h("i", { class: "dot" }), sentence), h("p", { class: "soft" }, `Ages on this page are those at the gathering: ${moment(Math.floor(data.about.gathered / 1000))}.`)),
      tiles,
      h("div", { class: "columns" }, left.length > 0 && column(left), column(right)),
      h("div", { class: "column" }, gatherersCard(), noticesCard()),
    ),
    search: (words) => searchAll(words),
  };
}

function changesCard() {
  const { changes } = data;
  if (!changes) return undefined;
  const lines = changes.all.slice(0, 5).map((change, at) => line(`#/changes/${at}`, changeTones[change.how], change.name, h("span", { class: "soft" }, change.how), [[change.kind, change.namespace].filter(Boolean).join(" · "), change.fields.length > 0 && `: ${change.fields.map(fieldText).join("; ")}`]));
  return card(`Changes since ${changes.before}`, changes.all.length > 5 && ["#/changes", `All ${count(changes.all.length + changes.leftOut)}`], lines, lines.length === 0 && h("p", {}, "Nothing differs."));
}

// Findings of one code are one line: there may be hundreds.
function findingsCard() {
  const { findings } = data;
  if (findings.length === 0) return undefined;
  const groups = new Map();
  findings.forEach((finding, at) => {
    const key = `${finding.severity} ${finding.code}`;
    groups.set(key, [...(groups.get(key) ?? []), [finding, at]]);
  });
  const lines = [...groups.values()].slice(0, 7).map((group) => {
    const [[finding, at]] = group;
    if (group.length === 1) return findingLine(finding, at);
    const names = group.slice(0, 3).map(([{ namespace, name }]) => [namespace, name].filter(Boolean).join("/"));
    const grouped = line("#/findings", severities[finding.severity], [finding.code, " ", pill(severities[finding.severity], `× ${count(group.length)}`)], when(finding.since), `${finding.kind} ${names.join(", ")}${group.length > 3 ? " …" : ""}: ${finding.message}`);
    grouped.addEventListener("click", () => (query.value = finding.code));
    return grouped;
  });
  return card("Findings, the worst first", ["#/findings", `All ${count(findings.length)}`], lines);
}

function failingCard(bad) {
  if (bad.length === 0) return undefined;
  const shown = bad.slice(0, 6).map((row) => line(`#/objects/${row.row}`, "bad", row.name, pill("bad", row.status), [row.kind.kind, row.namespace && ` in ${row.namespace}`, row.note && ` · ${row.note}`]));
  return card("Failing objects", bad.length > 6 && ["#/objects/failing", `All ${count(bad.length)}`], shown);
}

// How well the objects of each kind are, for kinds with a status.
function healthCard() {
  const kinds = data.objects.kinds.map((kind, at) => ({ ...kind, at })).filter(({ tones: [bad, warn, good] }) => bad + warn + good > 0);
  if (kinds.length === 0) return undefined;
  kinds.sort((a, b) => b.tones[0] - a.tones[0] || b.tones[1] - a.tones[1] || b.rows - a.rows);
  const bars = kinds.slice(0, 12).map(({ title, tones: numbers, rows, at }) => {
    const stack = h("div", { class: "stack", role: "img", "aria-label": `${numbers[0]} failing, ${numbers[1]} to look at, ${numbers[2]} well, ${numbers[3]} unknown` });
    numbers.forEach((number, tone) => {
      if (number === 0) return;
      const part = h("i", { class: tones[tone], title: `${count(number)} ${["failing", "to look at", "well", "unknown"][tone]}` });
      part.style.flexGrow = number;
      stack.append(part);
    });
    return [h("a", { href: `#/objects/kind-${at}`, title }, title), stack, h("span", { class: "n" }, count(rows))];
  });
  const legend = h("div", { class: "legend" }, ["Failing", "To look at", "Well", "Unknown"].map((title, tone) => h("span", {}, dot(tones[tone]), title)));
  return card("How well objects are", ["#/objects", "All objects"], legend, h("div", { class: "health" }, bars));
}

function gapsCard() {
  const { gaps } = data;
  if (gaps.length === 0) return undefined;
  return card("What is missing", ["#/gaps", `All ${count(numberOfGaps())}`], gaps.slice(0, 5).map((gap, at) => line(`#/gaps/${at}`, "warn", gap.asked || gap.resource, gap.status && pill("warn", `HTTP ${gap.status}`), gap.reason)));
}

function eventsCard(warnings) {
  if (data.happened.length === 0) return undefined;
  const latest = warnings.slice(0, 4).map((event) => eventLine(event));
  const legend = h("div", { class: "legend" }, h("span", {}, dot("warn"), "Warning"), h("span", {}, dot("none"), "Normal"));
  return card("Events over time", ["#/events", "All events"], legend, histogram(data.happened), latest);
}

function gatherersCard() {
  const { gatherers } = data;
  if (gatherers.length === 0) return undefined;
  const rows = gatherers.map(({ name, status, items, requests, bytesReceived, entries, gaps, durationMs }, at) => [
    h("a", { href: `#/gatherers/${at}`, "data-pick": true }, name),
    pill(statusTones[status] ?? "none", status === "gaps" ? plural(gaps, "gap") : status),
    count(items), count(requests), bytes(bytesReceived), count(entries), durationMs ? milliseconds(durationMs) : "–",
  ]);
  return card("Gatherers", undefined, table(["Gatherer", "Status", "Items", "Requests", "Received", "Files", "Time"], rows, 2, 3, 4, 5, 6));
}

function noticesCard() {
  const notices = [...(data.report?.warnings ?? []), ...data.notices];
  return notices.length > 0 && card("Notices", undefined, h("div", { class: "body notices" }, notices.slice(0, 20).map((notice) => h("p", {}, notice))));
}

// What a search finds anywhere.
function searchAll(words) {
  const part = (title, id, items, draw) => {
    const found = items.filter(([text]) => hasAll(words, text()));
    return found.length > 0 && card(`${title} (${count(found.length)})`, found.length > 8 && [`#/${id}`, "All, with these words"], found.slice(0, 8).map(([, item, at]) => draw(item, at)));
  };
  const parts = [
    part("Findings", "findings", data.findings.map((finding, at) => [() => findingText(finding), finding, at]), findingLine),
    part("Objects", "objects", data.rows.map((row) => [() => textOf(row, [row.kind.kind, row.namespace, row.name, row.status, row.note, row.node]), row]), (row) =>
      line(`#/objects/${row.row}`, tones[row.tone], row.name, row.status && pill(tones[row.tone], row.status), [row.kind.kind, row.namespace && ` in ${row.namespace}`]),
    ),
    part("Events", "events", data.happened.map((event) => [() => textOf(event, [event.warning ? "warning" : "normal", event.reason, event.kind, event.namespace, event.name, event.message, event.source]), event]), eventLine),
    part("Logs", "logs", data.files.logs.map((log, at) => [() => textOf(log, [log.path ?? "", log.namespace ?? "", log.title ?? ""]), log, at]), (log, at) => line(`#/logs/${at}`, "none", log.title, h("time", {}, bytes(log.bytes)), log.namespace)),
    part("Files", "files", data.files.files.map((file, at) => [() => textOf(file, [file.path]), file, at]), (file, at) => line(`#/files/${at}`, "none", file.path, h("time", {}, bytes(file.bytes)))),
  ].filter(Boolean);
  return h("div", { class: "page" }, h("h2", {}, "Found"), parts.length > 0 ? h("div", { class: "column found" }, parts) : empty("Nothing has these words."));
}

// ---- Gaps ----

function gaps() {
  const { gaps, gatherers, report } = data;
  const number = numberOfGaps();
  const list = gaps.map((gap, at) => line(`#/gaps/${at}`, "warn", gap.asked || gap.resource, h("span", {}, h("span", { class: "soft" }, gap.gatherer), " ", gap.status && pill("warn", `HTTP ${gap.status}`)), [gap.object && h("b", {}, gap.object, gap.field && ` · ${gap.field}`, " "), gap.reason]));
  const missing = gatherers.filter(({ status }) => status === "failed").map((gatherer) => line(`#/gatherers/${gatherers.indexOf(gatherer)}`, "bad", gatherer.name, pill("bad", "failed"), gatherer.reason));
  const resources = gatherers.flatMap((gatherer) => gatherer.resources.map((resource) => [h("a", { href: `#/gatherers/${gatherers.indexOf(gatherer)}` }, gatherer.name), ...resourceRow(resource)]));
  return {
    element: [
      h("div", { class: "top" }, h("h2", {}, "What is missing"), h("p", {}, report ? `${plural(number, "gap")}: what gatherers asked for and did not get, and why. ${number > gaps.length ? `The report names ${count(gaps.length)} of them.` : ""}` : "The archive has no report that says what is missing. What is not in it may exist in the cluster.")),
      h(
        "div",
        { class: "page" },
        h(
          "div",
          { class: "column" },
          [
            missing.length > 0 && card("Gatherers that failed", undefined, missing),
            list.length > 0 && card("Gaps", undefined, list),
            resources.length > 0 && card("What each gatherer asked for", undefined, table(["Gatherer", "Resource", "Result", "Items"], resources.slice(0, 2000), 3)),
            noticesCard(),
          ].filter(Boolean),
        ),
      ),
    ],
  };
}

// ---- Kept back ----

const redactions = { secretData: "Data of Secrets", env: "Environment variables", tokens: "Tokens", privateKeys: "Private keys", urlCredentials: "Credentials in URLs", lastApplied: "Last applied configurations" };

function kept() {
  const { gatherers, report, requests } = data;
  const sums = new Map();
  for (const { redacted } of gatherers) for (const [kind, number] of Object.entries(redacted)) sums.set(kind, (sums.get(kind) ?? 0) + number);
  const redacted = [...sums].map(([kind, number]) => [redactions[kind] ?? kind, count(number)]);
  const denied = requests.denied.map(({ gatherer, call, what, reason, count: times }) => [gatherer, h("span", { class: "mono" }, what || call), reason, count(times)]);
  const withheld = gatherers.flatMap(({ name, withheld }) => withheld.map(({ rules, resource, items }) => [name, h("span", { class: "mono" }, resource), rules.length > 0 ? `rule ${rules.join(", ")} of the grant` : "--namespace", count(items)]));
  const hidden = gatherers.flatMap(({ name, hidden }) => hidden.map(({ rule, resource, field, objects }) => [name, h("span", { class: "mono" }, resource), h("span", { class: "mono" }, field), `rule ${rule}`, count(objects)]));
  const entries = (value) => Object.entries(value ?? {}).filter(([, value]) => value !== null);
  const narrowed = entries(report?.narrowedTo).map(([name, value]) => [name, typeof value === "object" ? JSON.stringify(value) : String(value)]);
  const placeholders = entries(report?.obfuscation).map(([kind, number]) => [kind, count(Number(number))]);
  const part = (title, about, rows, ...shape) => card(title, undefined, rows.length > 0 ? table(...shape) : h("p", {}, about));
  const cards = [
    part("Denied", "Every call of every gatherer was allowed.", denied, ["Gatherer", "Call", "Why", "Times"], denied, 3),
    part("Withheld", "The grant covers all items of all lists that gatherers asked for.", withheld, ["Gatherer", "Resource", "By", "Items"], withheld, 3),
    part("Removed fields", "The grant removes no fields.", hidden, ["Gatherer", "Resource", "Field", "By", "Objects"], hidden, 4),
    part("Redacted", "No gatherer received anything.", redacted, ["What", "Values"], redacted, 1),
    narrowed.length > 0 && part("Narrowed to", "", narrowed, ["By", "To"], narrowed),
    placeholders.length > 0 && part("Obfuscated", "", placeholders, ["What", "Placeholders"], placeholders, 1),
  ].filter(Boolean);
  return {
    element: [
      h("div", { class: "top" }, h("h2", {}, "Kept back"), h("p", {}, report ? "What the host refused, withheld or replaced before a gatherer or the archive got it." : "The archive has no report that says what was kept back: another program made it.")),
      h("div", { class: "page" }, report && h("div", { class: "column" }, cards)),
    ],
  };
}

// The data of the page: lists, which are read at once, and blocks, which are read when somebody looks at something in them.

let data;
const blocks = new Map();

// The text of a piece at a place: block, first byte, bytes.
async function piece([block, start, length]) {
  if (!blocks.has(block)) blocks.set(block, inflate(`block-${block}`));
  const bytes = await blocks.get(block);
  return new TextDecoder().decode(bytes.subarray(start, start + length));
}

// Names, of which each has the beginning of the one before.
function namesOf({ same, rest }) {
  let last = "";
  const rests = rest.split("\n");
  return same.map((units, at) => (last = last.slice(0, units) + rests[at]));
}

function sums(steps) {
  let sum = 0;
  return steps.map((step) => (sum += step));
}

async function load() {
  data = JSON.parse(await inflateText("lists"));
  const { columns, kinds, namespaces, whole } = data.objects;
  const names = namesOf(columns.name);
  const created = sums(columns.created);
  const spaces = [];
  for (let at = 0; at < columns.spaces.length; at += 2) {
    for (let left = columns.spaces[at + 1]; left > 0; left -= 1) spaces.push(namespaces[columns.spaces[at]]);
  }
  const statuses = data.objects.statuses.map((status) => [Number(status[0]), status.slice(1)]);
  const places = new Map();
  for (const { block, rows, len } of whole) {
    let start = 0;
    sums(rows).forEach((row, at) => {
      places.set(row, [block, start, len[at]]);
      start += len[at];
    });
  }
  let row = 0;
  data.rows = [];
  for (const kind of kinds) {
    kind.from = row;
    kind.tones = [0, 0, 0, 0];
    kind.title = kinds.filter((other) => other.kind === kind.kind).length > 1 ? `${kind.kind} · ${kind.group || "core"}` : kind.kind;
    for (const end = row + kind.rows; row < end; row += 1) {
      const [tone, status] = statuses[columns.status[row]];
      kind.tones[tone] += 1;
      data.rows.push({
        row, kind, tone, status,
        namespace: spaces[row],
        name: names[row],
        created: created[row],
        note: data.objects.notes[columns.note[row]],
        node: data.objects.nodes[columns.node[row]],
        place: places.get(row),
      });
    }
  }
  const events = data.events;
  const texts = events.texts;
  const last = sums(events.last);
  const about = namesOf(events.name);
  data.happened = events.warning.map((warning, at) => ({
    warning: warning === 1,
    last: last[at],
    first: last[at] - events.lasted[at],
    count: events.count[at],
    reason: texts[events.reason[at]],
    message: texts[events.message[at]],
    kind: texts[events.kind[at]],
    namespace: texts[events.namespace[at]],
    source: texts[events.source[at]],
    name: about[at],
  }));
  for (const request of [...data.requests.all, ...data.requests.denied]) request.gatherer = data.requests.gatherers[request.gatherer];
  const report = data.report;
  data.gatherers = report?.gatherers ?? [];
  data.gaps = report?.gaps ?? [];
  const { logs, files } = data.files;
  for (const log of logs) {
    log.title = log.path ?? `${log.pod} / ${log.container}${log.previous ? " (previous)" : ""}`;
    log.kept = log.place?.[2] ?? 0;
  }
  for (const file of files) file.kept = file.place?.[2] ?? 0;
}

// The text of a row that a search looks at.
const textOf = (row, parts) => (row.text ??= parts.join(" ").toLowerCase());

// The row of an object by what findings and events know of it.
let rowsByName;
function rowOf(kind, namespace, name) {
  rowsByName ??= new Map(data.rows.map((row) => [`${row.kind.kind}\n${row.namespace}\n${row.name}`, row]));
  return rowsByName.get(`${kind}\n${namespace}\n${name}`);
}

const isAbout = (row, { kind, namespace, name }) => kind === row.kind.kind && name === row.name && (namespace === row.namespace || row.namespace === "");
const objectName = ({ kind, namespace, name }) => [kind, [namespace, name].filter(Boolean).join("/")].filter(Boolean).join(" ");

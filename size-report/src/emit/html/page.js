"use strict";
// The map: draws the node that the reader is at, as deep as there is room for. Whatever a module named comes
// into the page as a text node or an attribute's value, never as markup.

const LEAST_AREA = 60; // square pixels; what covers less is added up
const MOST_BOXES = 1500; // in one group
const LEAST_SHOWN = 300; // of the group that the reader is at, however small they are
const MOST_LISTED = 100; // matches in the list

const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const kinds = data.kinds.map(([css, title]) => ({ css, title }));
const lower = data.labels.map((label) => label.toLowerCase());
const map = $("map");
const query = $("query");

const exact = (bytes) => `${bytes.toLocaleString("en")} bytes`;
const share = (bytes) => `${((bytes * 100) / data.bytes).toFixed(1)} %`;
const sort = (node) => (node.isRest ? "too small to draw, added up" : node.kind.title);
const human = (bytes) =>
  bytes < 1024 ? `${bytes} B` : bytes < 1048576 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1048576).toFixed(1)} MB`;

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// ---- The tree ----

// Nodes in the order of the file: parents first. `last` is the place of a node's last descendant.
function decode(numbers) {
  const nodes = [];
  const open = [];
  for (let at = 0; at < numbers.length; at += 4) {
    const [text, kind, bytes, count] = numbers.slice(at, at + 4);
    const parent = open.at(-1);
    const node = { text, label: data.labels[text], kind: kinds[kind], bytes, parent, children: [], count, last: 0 };
    parent?.children.push(node);
    nodes.push(node);
    open.push(node);
    while (open.length > 0 && open.at(-1).children.length === open.at(-1).count) {
      open.pop().last = nodes.length - 1;
    }
  }
  return nodes;
}

// The children from some place on as one node. It is made once, so that the reader can be in it.
function restOf(group, from) {
  group.rests ??= new Map();
  if (!group.rests.has(from)) {
    const children = group.children.slice(from);
    const bytes = children.reduce((sum, child) => sum + child.bytes, 0);
    const label = `${children.length.toLocaleString("en")} smaller`;
    group.rests.set(from, { label, kind: group.kind, bytes, parent: group, children, isRest: true });
  }
  return group.rests.get(from);
}

function pathTo(node) {
  const path = [];
  for (let at = node; at; at = at.parent) path.unshift(at);
  return path;
}

// ---- Layout: squarified, as in layout.rs ----

function squarify(sizes, frame) {
  const frames = [];
  let { x, y, width, height } = frame;
  let left = sizes.reduce((sum, size) => sum + size, 0);
  for (let start = 0; start < sizes.length; ) {
    const side = Math.min(width, height);
    const scale = (width * height) / left;
    let end = start;
    let sum = 0;
    for (let worst = Infinity, least = Infinity, most = 0; end < sizes.length; end += 1) {
      least = Math.min(least, sizes[end] * scale);
      most = Math.max(most, sizes[end] * scale);
      const area = (sum + sizes[end]) * scale;
      const shape = Math.max((side * side * most) / (area * area), (area * area) / (side * side * least));
      if (end > start && !(shape <= worst)) break;
      worst = shape;
      sum += sizes[end];
    }
    const isColumn = width >= height;
    const thickness = (isColumn ? width : height) * (end === sizes.length ? 1 : sum / left);
    for (let before = 0; start < end; start += 1) {
      const from = before / sum;
      const part = sizes[start] / sum;
      frames.push(
        isColumn
          ? { x, y: y + height * from, width: thickness, height: height * part }
          : { x: x + width * from, y, width: width * part, height: thickness },
      );
      before += sizes[start];
    }
    if (isColumn) [x, width] = [x + thickness, width - thickness];
    else [y, height] = [y + thickness, height - thickness];
    left -= sum;
  }
  return frames;
}

// The children of a group that can be seen in a frame; the rest is one node.
function shownIn(group, frame, isWhole) {
  const { children } = group;
  const least = (LEAST_AREA * group.bytes) / (frame.width * frame.height);
  let count = children.findIndex((child) => child.bytes < least);
  if (count < 0) count = children.length;
  if (isWhole) count = Math.max(count, LEAST_SHOWN);
  count = Math.min(count, MOST_BOXES);
  if (count === 0 || count + 1 >= children.length) return count === 0 ? [] : children;
  return [...children.slice(0, count), restOf(group, count)];
}

// ---- What the reader sees ----

const views = data.views.map((view) => ({ ...view, all: undefined }));
let view; // one of them
let here; // the node that fills the map
let current; // the node that has the focus, or had it last
let boxes = new Map(); // drawn node -> { element, frame, level }
let matches = []; // the largest first
let searched = false;

function draw(motion) {
  boxes = new Map();
  const fragment = document.createDocumentFragment();
  const { clientWidth: width, clientHeight: height } = map;
  if (here.children.length > 0) fill(fragment, here, { x: 0, y: 0, width, height }, 1, { width, height });
  else box(fragment, here, { x: 0, y: 0, width, height }, 1, 1, 1, { width, height });
  map.replaceChildren(fragment);
  map.setAttribute("aria-label", `Treemap of ${here.label}, ${exact(here.bytes)}`);
  map.classList.remove("deeper", "higher");
  if (motion) {
    void map.offsetWidth; // so that the animation starts again
    map.classList.add(motion);
  }
  const drawn = [...boxes.keys()];
  if (!boxes.has(current)) current = drawn.find((node) => node.isRest && node.children.includes(current)) ?? drawn[0];
  boxes.get(current).element.tabIndex = 0;
  drawPath();
  describe(current);
  mark();
}

function fill(fragment, group, frame, level, whole) {
  const nodes = shownIn(group, frame, level === 1);
  const frames = squarify(nodes.map((node) => node.bytes), frame);
  nodes.forEach((node, at) => box(fragment, node, frames[at], level, at + 1, nodes.length, whole));
}

function box(fragment, node, frame, level, place, of, whole) {
  const { x, y, width, height } = frame;
  const top = width > 50 && height > 44 ? 19 : 3;
  const inner = { x: x + 3, y: y + top, width: width - 6, height: height - top - 3 };
  const isOpen = !node.isRest && width > 20 && height > 20 && shownIn(node, inner, false).length > 0;
  const element = make("div", { className: `box ${node.kind.css}`, tabIndex: -1 });
  element.classList.toggle("rest", node.isRest === true);
  element.classList.toggle("opens", node.children.length > 0);
  // Shares, so that a printer's page can have another size.
  Object.assign(element.style, {
    left: `${(x * 100) / whole.width}%`,
    top: `${(y * 100) / whole.height}%`,
    width: `${(width * 100) / whole.width}%`,
    height: `${(height * 100) / whole.height}%`,
  });
  const attributes = { role: "treeitem", "aria-level": level, "aria-posinset": place, "aria-setsize": of };
  attributes["aria-label"] = `${node.label}, ${exact(node.bytes)}, ${share(node.bytes)}, ${sort(node)}`;
  attributes["aria-selected"] = node === current;
  if (node.children.length > 0) attributes["aria-expanded"] = isOpen;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.dataset.bytes = node.bytes;
  if (height > 17 && (!isOpen || top > 3)) {
    const room = (width - 11) / 7;
    const size = human(node.bytes);
    const name = brief(node, isOpen ? room - size.length - 1 : room);
    // Two letters of a name tell nothing, nor do the first digits of a number.
    if (room >= (name[0] === "#" ? name.length : Math.min(name.length, 5))) element.append(make("b", { textContent: name }));
    const hasRoom = isOpen ? room > size.length + Math.min(name.length, 6) : height > 32 && room >= size.length;
    if (hasRoom) element.append(" ", make("span", { textContent: size }));
  }
  fragment.append(element);
  boxes.set(node, { element, frame, level });
  element.node = node;
  if (isOpen) fill(fragment, node, inner, level + 1, whole);
}

// A label, or the last part of its path if it has no room. Paths in brackets are not its own, and what a
// function was made for is no name.
function brief({ label, kind }, room) {
  if (label.length <= room) return label;
  let depth = 0;
  for (let at = label.length - 1; at > 0; at -= 1) {
    if (")>]}".includes(label[at]) && label[at - 1] !== "-") depth += 1;
    else if ("(<[{".includes(label[at])) depth -= 1;
    const isEnd = label.startsWith("::", at - 1) || (kind.css === "import" && label[at] === ".");
    if (depth === 0 && isEnd && label[at + 1] !== "<") return `…${label.slice(at + 1)}`;
  }
  return label.replace(/^function (?=\d+$)/, "#");
}

function drawPath() {
  const path = pathTo(here);
  $("path").replaceChildren(
    ...path.map((node) => {
      const button = make("button", { type: "button", textContent: node.label, title: node.label });
      if (node === here) button.setAttribute("aria-current", "location");
      button.addEventListener("click", () => go(node, childOn(node)));
      return make("li", {}, button);
    }),
  );
}

// The child of a node that the reader is in.
const childOn = (node) => pathTo(here).find((step) => step.parent === node);

function describe(node) {
  const rows = [
    ["bytes", `${node.bytes.toLocaleString("en")} (${human(node.bytes)})`],
    ["share", `${share(node.bytes)} of the file`],
    ["is", sort(node)],
  ];
  if (node.children.length > 0) rows.push(["has", `${node.children.length.toLocaleString("en")} parts`]);
  const above = pathTo(node).slice(1, -1).map((step) => step.label);
  if (above.length > 0) rows.push(["in", above.join(" › ")]);
  $("detail").replaceChildren(
    make("dt", { className: "name", hidden: true, textContent: "name" }),
    make("dd", { className: "name", textContent: node.label }),
    ...rows.flatMap(([term, text]) => [make("dt", { textContent: term }), make("dd", { textContent: text })]),
  );
}

function go(node, focus) {
  if (node.children.length === 0) node = node.parent ?? node;
  const motion = pathTo(node).includes(here) ? "deeper" : "higher";
  const moved = node !== here;
  here = node;
  current = focus;
  draw(moved ? motion : "");
  boxes.get(current).element.focus();
}

function choose(node) {
  for (const [chosen, tab] of [[current, -1], [node, 0]]) {
    const element = boxes.get(chosen)?.element;
    element?.setAttribute("aria-selected", tab === 0);
    if (element) element.tabIndex = tab;
  }
  current = node;
  describe(node);
}

// The box in a direction on the same level: the nearest by the gap between, then by the distance to the side.
function neighbour(key) {
  const { frame: from, level } = boxes.get(current);
  const middle = (frame) => [frame.x + frame.width / 2, frame.y + frame.height / 2];
  const isAcross = key === "ArrowLeft" || key === "ArrowRight";
  const [x, y] = middle(from);
  let best;
  let least = Infinity;
  for (const [node, { frame, level: other }] of boxes) {
    if (other !== level || node === current) continue;
    const gap = {
      ArrowLeft: from.x - frame.x - frame.width,
      ArrowRight: frame.x - from.x - from.width,
      ArrowUp: from.y - frame.y - frame.height,
      ArrowDown: frame.y - from.y - from.height,
    }[key];
    const [otherX, otherY] = middle(frame);
    const aside = isAcross
      ? Math.max(0, Math.abs(otherY - y) - frame.height / 2)
      : Math.max(0, Math.abs(otherX - x) - frame.width / 2);
    const distance = gap + 3 * aside + (isAcross ? Math.abs(otherY - y) : Math.abs(otherX - x)) / 1000;
    if (gap > -1 && distance < least) [best, least] = [node, distance];
  }
  return best;
}

// ---- Search ----

function search() {
  const words = query.value.trim().toLowerCase();
  searched = words !== "";
  const isMatch = lower.map((label) => searched && label.includes(words));
  matches = [];
  let bytes = 0;
  let covered = -1;
  view.all.forEach((node, at) => {
    node.isMatch = isMatch[node.text];
    node.holds = node.isMatch;
    if (!node.isMatch) return;
    matches.push(node);
    // What is in a match counts once.
    if (at > covered) [bytes, covered] = [bytes + node.bytes, node.last];
  });
  for (const node of matches) for (let up = node.parent; up && !up.holds; up = up.parent) up.holds = true;
  matches.sort((a, b) => b.bytes - a.bytes);
  $("results").hidden = !searched;
  const count = `${matches.length.toLocaleString("en")} ${matches.length === 1 ? "match" : "matches"}`;
  $("found").textContent = searched ? `${count}, ${exact(bytes)}, ${share(bytes)} of the file` : "";
  $("list").replaceChildren(
    ...matches.slice(0, MOST_LISTED).map((node) => {
      const name = make("span", { textContent: node.label, title: node.label });
      const button = make("button", { type: "button" }, name, human(node.bytes));
      button.addEventListener("click", () => reveal(node));
      return make("li", {}, button);
    }),
  );
  mark();
}

function mark() {
  map.classList.toggle("searching", searched);
  for (const [node, { element }] of boxes) {
    const holds = node.isRest ? node.children.some((child) => child.holds) : node.holds;
    const isIn = searched && pathTo(node).some((step) => step.isMatch);
    element.classList.toggle("hit", holds || isIn);
    element.classList.toggle("match", node.isRest ? holds : node.isMatch);
  }
}

// Goes to where a node is drawn, through the added-up ones if it is in them.
function reveal(node) {
  if (boxes.has(node)) return go(here, node);
  here = node.parent ?? node;
  current = node;
  draw("deeper");
  while (!boxes.has(node)) {
    here = [...boxes.keys()].find((rest) => rest.isRest && rest.children.includes(node));
    current = node;
    draw("");
  }
  go(here, node);
}

// ---- Events ----

function show(number) {
  view = views[number];
  view.all ??= decode(view.nodes);
  [here] = view.all;
  current = undefined;
  search();
  draw("");
  const used = new Set(view.all.slice(1).map((node) => node.kind));
  $("legend").replaceChildren(
    ...[...used].map((kind) => make("li", {}, make("i", { className: kind.css }), kind.title)),
  );
}

map.addEventListener("focusin", ({ target }) => target.node && choose(target.node));
map.addEventListener("click", ({ target }) => {
  const node = target.closest(".box")?.node;
  if (node && node.children.length > 0) go(node);
});
map.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { key } = event;
  let next;
  if (key.startsWith("Arrow")) next = neighbour(key);
  else if (key === "Home") next = boxes.keys().next().value;
  else if (key === "End") next = [...boxes].filter(([, { level }]) => level === 1).at(-1)[0];
  else if ((key === "Enter" || key === " ") && current.children.length > 0) go(current);
  else if ((key === "Escape" || key === "Backspace") && here.parent) go(here.parent, here);
  else if (key !== "Enter" && key !== " " && key !== "Backspace") return;
  event.preventDefault();
  if (next) boxes.get(next).element.focus();
});

const tip = $("tip");
map.addEventListener("pointermove", ({ target, clientX, clientY }) => {
  const node = target.closest(".box")?.node;
  tip.hidden = !node;
  if (!node) return;
  tip.textContent = `${node.label}: ${exact(node.bytes)}, ${share(node.bytes)}`;
  tip.style.left = `${Math.max(4, Math.min(clientX + 14, innerWidth - tip.offsetWidth - 4))}px`;
  tip.style.top = `${clientY + tip.offsetHeight + 24 > innerHeight ? clientY - tip.offsetHeight - 8 : clientY + 18}px`;
});
map.addEventListener("pointerleave", () => (tip.hidden = true));

let nextMatch = 0;
query.addEventListener("input", () => {
  nextMatch = 0;
  search();
});
query.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && matches.length > 0) {
    event.preventDefault();
    const step = event.shiftKey ? matches.length - 2 : 0;
    reveal(matches[(nextMatch + step) % matches.length]);
    nextMatch = (nextMatch + step + 1) % matches.length;
    query.focus();
  } else if (event.key === "Escape") {
    event.preventDefault();
    query.value = "";
    search();
    boxes.get(current).element.focus();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target === query) return;
  event.preventDefault();
  query.select();
});

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const root = document.documentElement;
const isDark = () => (root.dataset.scheme ?? (prefersDark.matches ? "dark" : "light")) === "dark";
const nameScheme = () => ($("scheme").textContent = isDark() ? "Light colours" : "Dark colours");
$("scheme").addEventListener("click", () => {
  root.dataset.scheme = isDark() ? "light" : "dark";
  nameScheme();
});
prefersDark.addEventListener("change", nameScheme);

$("whole").textContent = `${exact(data.bytes)} (${human(data.bytes)})`;
views.forEach((each, number) => {
  const input = make("input", { type: "radio", name: "view", checked: number === 0 });
  input.addEventListener("change", () => show(number));
  $("views").append(make("label", { title: each.title }, input, each.by));
});
nameScheme();
show(0);
new ResizeObserver(() => {
  const hadFocus = map.contains(document.activeElement);
  draw("");
  if (hadFocus) boxes.get(current).element.focus({ preventScroll: true });
}).observe(map);

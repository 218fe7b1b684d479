// Foreign texts, and elements made of them. Each text becomes a text node: there is no other way from the data into the document.

// What could hide or move a text: control characters, and the marks that set its direction.
const unprintable = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
const shown = (text) => String(text).replace(unprintable, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);

const $ = (id) => document.getElementById(id);

// An element. Properties that begin with "on" are listeners, and the others attributes. Children are elements and texts.
function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name.startsWith("aria-")) element.setAttribute(name, shown(value));
    else if (value !== undefined && value !== false) element.setAttribute(name, shown(value === true ? "" : value));
  }
  for (const child of children.flat(9)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : shown(child));
  }
  return element;
}

function s(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const count = (number) => Number(number).toLocaleString("en");
const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

function bytes(number) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (number >= 999.5 && unit < units.length - 1) [number, unit] = [number / 1000, unit + 1];
  return `${unit === 0 || number >= 99.5 ? Math.round(number) : number.toFixed(1)} ${units[unit]}`;
}

function milliseconds(ms) {
  if (ms < 1) return ms > 0 ? "< 1 ms" : "0 ms";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60000 ? `${(ms / 1000).toFixed(1)} s` : span(ms / 1000);
}

// A span of time in its two largest units.
function span(seconds) {
  const units = [["y", 31536000], ["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];
  const at = units.findIndex(([, size]) => seconds >= size);
  if (at < 0) return "0s";
  const [[unit, size], next] = [units[at], units[at + 1]];
  const whole = Math.floor(seconds / size);
  const rest = next ? Math.floor((seconds % size) / next[1]) : 0;
  return rest > 0 && whole < 10 ? `${whole}${unit} ${rest}${next[0]}` : `${whole}${unit}`;
}

// The time of a moment in UTC, in words that sort.
function moment(seconds) {
  const date = new Date(seconds * 1000);
  return seconds > 0 && !Number.isNaN(date.valueOf()) ? `${date.toISOString().slice(0, 19).replace("T", " ")} UTC` : "unknown";
}

// How long before the gathering something was.
function ago(seconds) {
  if (!seconds) return "";
  const past = Math.floor(data.about.gathered / 1000) - seconds;
  return past >= 0 ? span(past) : `${span(-past)} later`;
}

const when = (seconds, before = "") => h("time", { title: moment(seconds) }, seconds ? `${before}${ago(seconds)}` : "");

const tones = ["bad", "warn", "good", "none"];
const severities = { error: "bad", warning: "warn", info: "info" };
const dot = (tone) => h("i", { class: `dot ${tone}` });
const pill = (tone, ...texts) => h("span", { class: `pill ${tone}` }, ...texts);

// Whether each word of a search is in a text.
const wordsOf = (search) => search.trim().toLowerCase().split(/\s+/).filter(Boolean);
const hasAll = (words, text) => words.every((word) => text.includes(word));

// A list that has elements only for the rows that are seen. Rows have one height, so 100,000 of them are as fast as 100.

class List {
  // `draw` fills the element of a row with an item. `open` is called when the reader chooses one.
  constructor({ height, columns, narrow, heads, draw, open, label }) {
    Object.assign(this, { height, draw, open, items: [], at: -1, drawn: new Map() });
    this.fill = h("div", { class: "fill" });
    this.rows = h("div", { class: "rows", role: "listbox", tabindex: "0", "aria-label": label }, this.fill);
    this.element = h("div", { class: "grid" }, heads && h("div", { class: "heads" }, heads), this.rows);
    if (columns) this.element.style.setProperty("--columns", columns);
    if (narrow) this.element.style.setProperty("--narrow", narrow);
    this.rows.addEventListener("scroll", () => this.paint());
    this.rows.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (row && !getSelection().toString()) this.choose(Number(row.dataset.at), true);
    });
    this.rows.addEventListener("focus", () => this.at < 0 && this.rows.matches(":focus-visible") && this.choose(0));
    new ResizeObserver(() => this.resize()).observe(this.rows);
  }

  // A narrow list has room for two lines where a wide one has columns: parts.css has the same width.
  resize() {
    const isNarrow = this.element.clientWidth <= 700;
    const height = isNarrow ? (this.narrowHeight ?? this.height) : this.height;
    if (height !== this.rowHeight) this.clear();
    this.rowHeight = height;
    this.fill.style.height = `${this.items.length * height}px`;
    this.paint();
  }

  clear() {
    this.drawn.forEach((row) => row.remove());
    this.drawn.clear();
  }

  show(items) {
    const chosen = this.items[this.at];
    this.items = items;
    this.at = chosen === undefined ? -1 : items.indexOf(chosen);
    this.rows.scrollTop = 0;
    this.clear();
    this.resize();
    if (this.at >= 0) this.reveal();
  }

  paint() {
    const height = this.rowHeight;
    const first = Math.max(0, Math.floor(this.rows.scrollTop / height) - 8);
    const end = Math.min(this.items.length, Math.ceil((this.rows.scrollTop + this.rows.clientHeight) / height) + 8);
    for (const [at, row] of this.drawn) {
      if (at >= first && at < end) continue;
      row.remove();
      this.drawn.delete(at);
    }
    for (let at = first; at < end; at += 1) {
      if (this.drawn.has(at)) continue;
      const row = h("div", { class: "row narrow", role: "option", id: `row-${at}`, "data-at": at, "aria-posinset": at + 1, "aria-setsize": this.items.length });
      row.style.top = `${at * height}px`;
      row.style.height = `${height}px`;
      row.setAttribute("aria-selected", at === this.at);
      this.draw(row, this.items[at], at);
      this.fill.append(row);
      this.drawn.set(at, row);
    }
  }

  choose(at, andOpen) {
    if (this.items.length === 0) return;
    this.drawn.get(this.at)?.setAttribute("aria-selected", "false");
    this.at = Math.max(0, Math.min(at, this.items.length - 1));
    this.reveal();
    this.drawn.get(this.at)?.setAttribute("aria-selected", "true");
    this.rows.setAttribute("aria-activedescendant", `row-${this.at}`);
    if (andOpen) this.open?.(this.items[this.at]);
  }

  chooseItem(item) {
    const at = item === this.items[this.at] ? -1 : this.items.indexOf(item);
    if (at >= 0) this.choose(at);
  }

  reveal() {
    const [top, height] = [this.at * this.rowHeight, this.rows.clientHeight];
    const { scrollTop } = this.rows;
    if (top < scrollTop) this.rows.scrollTop = top;
    else if (top + this.rowHeight > scrollTop + height) this.rows.scrollTop = top + this.rowHeight - height;
    this.paint();
  }

  // Whether the key did something.
  press(key) {
    const page = Math.max(1, Math.floor(this.rows.clientHeight / this.rowHeight) - 1);
    const steps = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1, PageDown: page, PageUp: -page };
    if (key === "Home") this.choose(0);
    else if (key === "End") this.choose(this.items.length - 1);
    else if (key in steps) this.choose(this.at < 0 ? 0 : this.at + steps[key]);
    else if (key === "Enter" && this.at >= 0) this.open?.(this.items[this.at]);
    else return false;
    this.rows.focus({ preventScroll: true });
    return true;
  }
}

// A cell's text while it is edited: a textarea, so that caret, selection, undo and screen readers
// are the browser's own, over a layer that has the same text in colour. Every change of the text
// goes through the browser's own editing, which keeps its undo.
import { el, later } from "./dom.js";

const pairs = { "(": ")", "[": "]", "{": "}", '"': '"' };
const closers = new Set(Object.values(pairs));
const word = /[\p{L}\p{N}_]/u;

export class Editor {
  /**
   * @param options source, spans, label, isCode; colour(text), complete(text, cursor) and
   *   inspect(text, cursor) give promises; changed(), key(event) are told.
   */
  constructor(options) {
    this.options = options;
    this.spans = options.spans ?? [];
    this.marks = [];
    this.layer = el("pre", { class: "layer", "aria-hidden": "true" });
    this.area = el("textarea", {
      "aria-label": options.label, spellcheck: options.isCode ? "false" : "true",
      autocapitalize: "off", autocomplete: "off", autocorrect: "off", tabindex: -1,
      wrap: options.isCode ? "off" : "soft", rows: 1,
    });
    this.area.value = this.before = options.source;
    this.node = el("div", { class: `editor ${options.isCode ? "" : "prose"}` },
      el("div", { class: "sheet" }, this.layer, this.area));
    this.recolour = later(() => this.colour(), 120);
    this.area.addEventListener("input", event => this.edited(event));
    this.area.addEventListener("keydown", event => this.pressed(event));
    this.area.addEventListener("blur", () => this.close());
    this.area.addEventListener("click", () => this.close());
    this.area.addEventListener("mousemove", event => this.hover(event));
    this.area.addEventListener("mouseleave", () => this.tip?.remove());
    this.paint();
  }

  get text() { return this.area.value; }

  /** Puts another text in its place, as from another window. */
  set text(value) {
    if (value === this.text) return;
    this.area.value = value;
    this.spans = [];
    this.shifted();
    this.recolour();
  }

  focus() { this.area.focus({ preventScroll: false }); }

  /** Places to underline: start, end, severity, message. */
  underline(marks) {
    this.marks = marks;
    this.paint();
  }

  /** The offset of a line and a column, both from 1. */
  offset(line, column) {
    const lines = this.text.split("\n");
    const at = lines.slice(0, line - 1).reduce((sum, l) => sum + l.length + 1, 0);
    return Math.min(at + column - 1, this.text.length);
  }

  select(start, end) {
    this.focus();
    this.area.setSelectionRange(start, end);
  }

  async colour() {
    if (!this.options.isCode) return;
    const text = this.text;
    const spans = await this.options.colour(text);
    if (spans && text === this.text) {
      this.spans = spans;
      this.paint();
    }
  }

  // Until the new colours come, the old ones move with the text.
  shifted() {
    const [old, now] = [this.before, this.text];
    let same = 0;
    while (same < old.length && same < now.length && old[same] === now[same]) same++;
    let tail = 0;
    while (tail < old.length - same && tail < now.length - same
      && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail++;
    const by = now.length - old.length;
    const move = at => at <= same ? at : at >= old.length - tail ? at + by : same;
    this.spans = this.spans.map(([start, length, kind]) =>
      [move(start), move(start + length) - move(start), kind]);
    this.marks = this.marks.map(m => ({ ...m, start: move(m.start), end: move(m.end) }))
      .filter(m => m.end > m.start);
    this.before = now;
    this.paint();
  }

  paint() {
    const text = this.text;
    const cuts = new Set([0, text.length]);
    for (const [start, length] of this.spans) cuts.add(start).add(start + length);
    for (const mark of this.marks) cuts.add(mark.start).add(mark.end);
    const at = [...cuts].filter(c => c >= 0 && c <= text.length).sort((a, b) => a - b);
    const pieces = [];
    let s = 0;
    for (let i = 0; i + 1 < at.length; i++) {
      const [from, to] = [at[i], at[i + 1]];
      while (s < this.spans.length && this.spans[s][0] + this.spans[s][1] <= from) s++;
      const kind = s < this.spans.length && this.spans[s][0] <= from ? this.spans[s][2] : "";
      const mark = this.marks.find(m => m.start <= from && m.end >= to);
      const piece = text.slice(from, to);
      pieces.push(kind || mark
        ? el("span", { class: `${kind} ${mark ? `wavy ${mark.severity}` : ""}`.trim() }, piece)
        : piece);
    }
    // A last empty line has a height only with something in it.
    this.layer.replaceChildren(...pieces, "\u200b");
  }

  edited(event) {
    this.shifted();
    this.recolour();
    this.options.changed();
    const typed = event.data;
    if (this.list) this.narrow();
    else if (this.options.isCode && typed === ".") this.offer();
  }

  insert(text) { document.execCommand("insertText", false, text); }

  pressed(event) {
    if (event.isComposing || (this.list && this.chosen(event))) return;
    const { selectionStart: start, selectionEnd: end } = this.area;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    const next = this.text[end] ?? "";
    if ((event.ctrlKey || event.metaKey) && event.key === " ") this.offer();
    else if ((event.ctrlKey || event.metaKey) && event.key === "/") this.comment();
    else if (event.key === "F1") this.explain();
    else if (!this.options.isCode || !plain) return void this.options.key(event);
    else if (event.key === "Tab") this.indent(event.shiftKey);
    else if (event.key === "Enter" && !event.shiftKey) this.newline();
    else if (event.key === "Backspace" && start === end && pairs[this.text[start - 1]] === next
      && next) {
      this.area.setSelectionRange(start - 1, end + 1);
      document.execCommand("delete");
    } else if (closers.has(event.key) && start === end && next === event.key) {
      this.area.setSelectionRange(end + 1, end + 1);
    } else if (pairs[event.key] && this.pairs(event.key, start, end, next)) {
      const inside = this.text.slice(start, end);
      this.insert(event.key + inside + pairs[event.key]);
      this.area.setSelectionRange(start + 1, start + 1 + inside.length);
    } else return void this.options.key(event);
    event.preventDefault();
    event.stopPropagation();
  }

  // A pair where it cannot be in the way: around a selection, or before a gap.
  pairs(open, start, end, next) {
    if (start !== end) return true;
    if (next && !/[\s)\]};,]/.test(next)) return false;
    const previous = this.text[start - 1] ?? "";
    return open !== '"' || !(word.test(previous) || previous === '"');
  }

  lines() {
    const { selectionStart: start, selectionEnd: end } = this.area;
    const from = this.text.lastIndexOf("\n", start - 1) + 1;
    const to = this.text.indexOf("\n", Math.max(start, end - (end > start ? 1 : 0)));
    return [from, to < 0 ? this.text.length : to];
  }

  relines(change) {
    const [from, to] = this.lines();
    const text = this.text.slice(from, to).split("\n").map(change).join("\n");
    this.area.setSelectionRange(from, to);
    this.insert(text);
    this.area.setSelectionRange(from, from + text.length);
  }

  indent(less) {
    const { selectionStart: start, selectionEnd: end } = this.area;
    if (less) this.relines(line => line.replace(/^ {1,4}|^\t/, ""));
    else if (this.text.slice(start, end).includes("\n")) {
      this.relines(line => line && "    " + line);
    } else {
      const column = start - (this.text.lastIndexOf("\n", start - 1) + 1);
      this.insert(" ".repeat(4 - column % 4));
    }
  }

  comment() {
    const [from, to] = this.lines();
    const all = this.text.slice(from, to).split("\n").every(l => /^\s*(\/\/|$)/.test(l));
    this.relines(line => all ? line.replace(/^(\s*)\/\/ ?/, "$1")
      : line.trim() ? line.replace(/^(\s*)/, "$1// ") : line);
  }

  newline() {
    const { selectionStart: start, selectionEnd: end } = this.area;
    const line = this.text.slice(this.text.lastIndexOf("\n", start - 1) + 1, start);
    const indent = /^[ \t]*/.exec(line)[0];
    const opens = /[{([]\s*$/.test(line);
    this.insert("\n" + indent + (opens ? "    " : ""));
    if (opens && /[})\]]/.test(this.text[end + indent.length + 5] ?? "")) {
      const at = this.area.selectionStart;
      this.insert("\n" + indent);
      this.area.setSelectionRange(at, at);
    }
  }

  // Completion: what the session knows here, narrowed as more is typed.
  async offer() {
    const [text, cursor] = [this.text, this.area.selectionStart];
    const found = await this.options.complete(text, cursor);
    if (!found?.items?.length || document.activeElement !== this.area
      || !this.text.startsWith(text.slice(0, cursor))) return;
    this.close();
    this.start = found.start;
    this.items = found.items;
    this.list = el("ul", { class: "completions", role: "listbox", id: "completions" });
    this.list.addEventListener("mousedown", event => {
      event.preventDefault();
      const at = [...this.list.children].indexOf(event.target.closest("li"));
      if (at >= 0) this.accept(at);
    });
    this.node.append(this.list);
    this.area.setAttribute("aria-controls", "completions");
    this.narrow();
  }

  narrow() {
    const cursor = this.area.selectionStart;
    const typed = this.text.slice(this.start, cursor);
    if (cursor < this.start || [...typed].some(c => !word.test(c))) return this.close();
    const low = typed.toLowerCase();
    const rank = text => text.startsWith(typed) ? 0 : text.toLowerCase().startsWith(low) ? 1
      : text.toLowerCase().includes(low) ? 2 : 3;
    this.offered = this.items.filter(i => rank(i.text) < 3)
      .sort((a, b) => rank(a.text) - rank(b.text)).slice(0, 200);
    if (!this.offered.length || (this.offered.length === 1 && this.offered[0].text === typed)) {
      return this.close();
    }
    this.list.replaceChildren(...this.offered.map((item, i) => el("li", {
      role: "option", id: `completion-${i}`,
    }, el("span", { class: "name" }, item.text), el("small", {}, item.detail || item.kind || ""))));
    this.point(0);
    const place = this.place(this.start);
    const around = this.node.getBoundingClientRect();
    this.list.style.left = `${Math.max(0, Math.min(place.left - around.left,
      around.width - 320))}px`;
    this.list.style.top = `${place.bottom - around.top + 4}px`;
  }

  point(at) {
    this.at = (at + this.offered.length) % this.offered.length;
    [...this.list.children].forEach((item, i) =>
      item.setAttribute("aria-selected", i === this.at));
    this.list.children[this.at].scrollIntoView({ block: "nearest" });
    this.area.setAttribute("aria-activedescendant", `completion-${this.at}`);
  }

  chosen(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    if (steps[event.key]) this.point(this.at + steps[event.key]);
    else if ((event.key === "Enter" && !event.shiftKey && !event.ctrlKey) || event.key === "Tab") {
      this.accept(this.at);
    } else if (event.key === "Escape") this.close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  accept(at) {
    const item = this.offered[at];
    this.area.setSelectionRange(this.start, this.area.selectionStart);
    this.close();
    this.insert(item.text);
  }

  close() {
    this.list?.remove();
    this.list = null;
    this.area.removeAttribute("aria-activedescendant");
    this.area.removeAttribute("aria-controls");
  }

  // Where a character of the text stands on the screen: the layer knows.
  place(offset) {
    const walk = document.createTreeWalker(this.layer, NodeFilter.SHOW_TEXT);
    let left = offset;
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      if (left <= node.length) {
        const range = document.createRange();
        range.setStart(node, left);
        range.collapse(true);
        const rect = range.getBoundingClientRect();
        return rect.height ? rect : node.parentElement.getBoundingClientRect();
      }
      left -= node.length;
    }
    return this.layer.getBoundingClientRect();
  }

  hover(event) {
    const over = [...this.layer.querySelectorAll(".wavy")].find(mark =>
      [...mark.getClientRects()].some(r => event.clientX >= r.left && event.clientX <= r.right
        && event.clientY >= r.top && event.clientY <= r.bottom));
    this.tip?.remove();
    if (!over) return;
    const first = [...this.layer.querySelectorAll(".wavy")].indexOf(over);
    const at = this.marks.find(m => m.start <= this.startOf(over) && m.end > this.startOf(over))
      ?? this.marks[Math.min(first, this.marks.length - 1)];
    this.say(at.message, over.getBoundingClientRect());
  }

  // What the name at the caret is, until the next key.
  async explain() {
    const at = this.area.selectionStart;
    const found = await this.options.inspect(this.text, at);
    this.say(found?.text || "Nothing is known of this.", this.place(at));
    this.area.addEventListener("keydown", () => this.tip.remove(), { once: true });
  }

  say(text, rect) {
    const around = this.node.getBoundingClientRect();
    this.tip?.remove();
    this.tip = el("div", { class: "tip", role: "status" }, text);
    this.tip.style.left = `${Math.max(0, Math.min(rect.left - around.left, around.width - 300))}px`;
    this.tip.style.top = `${rect.bottom - around.top + 4}px`;
    this.node.append(this.tip);
  }

  startOf(piece) {
    const range = document.createRange();
    range.setStart(this.layer, 0);
    range.setEndBefore(piece);
    return range.toString().length;
  }
}

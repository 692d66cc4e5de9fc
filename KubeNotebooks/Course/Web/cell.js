// One cell on the page: its text, its button, what is wrong with it, and what it showed.
import { el } from "./dom.js";
import { Editor } from "./editor.js";
import { append, draw } from "./outputs.js";

const exercise = /^(?:\s*\/\/[^\n]*\n)*?\s*\/\/\s*exercise:\s*([\w.-]+\/[\w.-]+)/;

const said = {
  ok: "finished", stub: "not attempted yet", error: "failed", interrupted: "stopped",
  timeout: "stopped: it took too long", aborted: "not run",
};

export class Cell {
  constructor(book, { id, kind, source, html, spans }) {
    Object.assign(this, { book, id, kind, source, html, state: {}, outputs: [] });
    this.spans = spans;
    this.node = el("section", {
      class: "cell", id: `cell-${id}`, tabindex: -1, role: "group",
    });
    this.node.addEventListener("focusin", () => book.selected(this));
    this.node.addEventListener("mousedown", () => book.selected(this));
    this.build();
  }

  get isCode() { return this.kind === "code"; }

  get text() { return this.editor ? this.editor.text : this.source; }

  get exercise() { return this.isCode ? exercise.exec(this.text)?.[1] : undefined; }

  /** What a learner calls it. */
  get name() { return `${this.isCode ? "Cell" : "Text"} ${this.book.cells.indexOf(this) + 1}`; }

  build() {
    this.editor = null;
    this.node.className = `cell ${this.kind}`;
    if (this.isCode) this.buildCode();
    else this.buildText();
    this.label();
  }

  buildCode() {
    this.edit();
    this.runner = el("button", {
      class: "run", type: "button", tabindex: -1, onclick: () => this.book.run([this]),
    }, "▶");
    this.count = el("span", { class: "count" });
    this.mark = el("p", { class: "mark" });
    this.problems = el("ul", { class: "problems", "aria-label": "Problems" });
    this.shown = el("div", { class: "out" });
    this.node.replaceChildren(
      el("div", { class: "side" }, this.runner, this.count),
      el("div", { class: "body" }, this.mark, this.editor.node, this.problems, this.shown));
    this.showState();
    this.redraw();
  }

  buildText() {
    this.prose = el("div", { class: "text" });
    this.prose.innerHTML = this.html ?? "";
    if (this.kind === "raw") this.prose.replaceChildren(el("pre", {}, this.source));
    if (!this.source.trim()) this.prose.replaceChildren(el("p", { class: "soft" }, "Empty text"));
    this.prose.addEventListener("dblclick", () => this.book.edit(this));
    this.node.replaceChildren(this.prose);
  }

  /** Opens the editor; a code cell has it always. */
  edit() {
    if (!this.editor) {
      this.editor = new Editor({
        source: this.source, spans: this.spans, isCode: this.isCode,
        label: this.isCode ? "Code" : "Markdown",
        colour: text => this.book.colour(text),
        complete: (text, at) => this.book.ask("complete", text, at),
        inspect: (text, at) => this.book.ask("inspect", text, at),
        changed: () => this.changed(),
        key: event => this.book.typed(this, event),
      });
      if (!this.isCode) this.node.replaceChildren(this.editor.node);
    }
  }

  /** Closes the editor of a text; the server has made HTML of it. */
  render(html) {
    this.source = this.text;
    this.html = html ?? this.html;
    this.build();
  }

  changed() {
    this.node.classList.add("edited");
    if (this.isCode) this.showMark();
    this.book.changed(this);
  }

  label() {
    const how = this.state.state === "running" ? "running"
      : this.state.state === "queued" ? "waiting" : said[this.state.status] ?? "not run";
    this.node.setAttribute("aria-label",
      this.isCode ? `${this.name}, ${how}` : this.name);
    this.runner?.setAttribute("aria-label", `Run ${this.name}`);
  }

  /** The session says how it stands with this cell. */
  setState(state) {
    const began = state.state === "running" && this.state.state !== "running";
    if (began) {
      // What stood below stays as high until new things stand there: nothing jumps.
      this.shown.style.minHeight = `${this.shown.offsetHeight}px`;
      this.outputs = [];
      this.shown.replaceChildren();
      this.underline([]);
      this.node.classList.remove("edited");
    }
    if (state.state !== "running") this.shown.style.minHeight = "";
    this.state = state;
    this.showState();
  }

  showState() {
    const { state, status, count, gone, ms } = this.state;
    for (const name of ["running", "queued", "error", "stub", "ok", "gone"]) {
      this.node.classList.toggle(name, name === state || (state === "done" && (name === status
        || (name === "error" && (status === "timeout" || status === "interrupted"))))
        || (name === "gone" && !!gone));
    }
    this.count.textContent = state === "running" ? "[*]" : state === "queued" ? "[…]"
      : count ? `[${count}]` : "";
    this.count.title = gone ? "Run before the session was restarted"
      : ms == null ? "" : `took ${(ms / 1000).toFixed(ms < 100 ? 3 : 1)} s`;
    this.showMark();
    this.label();
  }

  showMark() {
    const id = this.exercise;
    const done = id && this.book.progress?.exercises?.[id];
    this.node.classList.toggle("exercise", !!id);
    this.node.classList.toggle("passed", !!done && done.points === done.of);
    this.mark.textContent = !id ? "" : `Exercise ${id}`
      + (done ? ` · ${done.points} of ${done.of} points${done.points === done.of ? " ✓" : ""}`
        : "");
  }

  /** An output is new, another, or longer. */
  output({ at, output, more }) {
    if (more != null) {
      this.outputs[at].text += more;
      append(this.shown.children[at], more);
      return;
    }
    this.outputs[at] = output;
    const node = this.drawn(output, at);
    if (this.shown.children[at]) this.shown.children[at].replaceWith(node);
    else this.shown.append(node);
    if (output.kind === "error" && output.line) {
      this.underline([{ ...output, severity: "error" }]);
    }
  }

  drawn(output, at) {
    return draw(output,
      `/output/${encodeURIComponent(this.book.name)}/${this.id}/${at}?n=${this.state.count ?? 0}`);
  }

  redraw() {
    this.shown.replaceChildren(...this.outputs.map((o, at) => this.drawn(o, at)));
    const error = this.outputs.find(o => o.kind === "error" && o.line);
    if (error) this.underline([{ ...error, severity: "error" }]);
  }

  /** Mistakes at their places, and below as a list for the keyboard. */
  underline(found) {
    const text = this.text;
    const marks = found.map(d => {
      const start = this.editor.offset(d.line, d.column || 1);
      let end = d.endLine ? this.editor.offset(d.endLine, d.endColumn || 1) : start;
      if (!d.column) end = (text.indexOf("\n", start) + 1 || text.length + 1) - 1;
      // What is missing has no width: its neighbour shows it.
      const from = end > start ? start : text[start] && text[start] !== "\n" ? start : start - 1;
      const message = `${d.code ?? d.name}: ${d.message}`;
      return {
        start: Math.max(0, from), end: Math.max(end, from + 1), severity: d.severity, message,
        line: d.line,
      };
    });
    this.editor.underline(marks);
    this.editor.area.setAttribute("aria-invalid", marks.some(m => m.severity === "error"));
    this.problems.replaceChildren(...marks.map(m => el("li", { class: m.severity },
      el("button", { type: "button", onclick: () => this.editor.select(m.start, m.end) },
        `Line ${m.line}: ${m.message}`))));
  }
}

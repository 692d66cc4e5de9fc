// A notebook of the course: its cells, the keys, and what is kept. The keys are Jupyter's: Esc and
// Enter change between going from cell to cell and writing in one.
import { announce, el, later, notice } from "./dom.js";
import { Cell } from "./cell.js";
import { Line } from "./line.js";

const kernelSays = {
  off: "off", starting: "starting…", idle: "ready", busy: "running", dead: "ended",
  lost: "no server",
};

const keys = [
  ["Shift+Enter", "run, and go to the next cell"], ["Ctrl+Enter", "run"],
  ["Alt+Enter", "run, and add a cell below"], ["Esc", "go from cell to cell"],
  ["Enter", "write in the cell"], ["↑ ↓ or K J", "the cell above, below"],
  ["A, B", "add a cell above, below"], ["D D", "delete the cell"],
  ["Z", "bring a deleted cell back"], ["X, C, V", "cut, copy, paste a cell"],
  ["M, Y", "make it text, code"], ["I I", "interrupt"], ["0 0", "restart"],
  ["Ctrl+S", "save now; it saves by itself, too"], ["?", "these keys"],
  ["Ctrl+Space", "what could stand here (also after a point)"],
  ["F1", "what the name at the caret is"],
  ["Tab, Shift+Tab", "move lines to the right, left"], ["Ctrl+/", "make lines comments"],
];

class Notebook {
  constructor(name) {
    this.name = name;
    this.tab = crypto.randomUUID();
    this.cells = [];
    this.deleted = [];
    this.place = document.getElementById("cells");
    this.check = later(cell => this.diagnose(cell), 600);
    this.saveSoon = later(() => this.save(), 1000);
    this.tools();
    this.load().then(() => {
      this.line = new Line(name, message => this.hear(message));
      const at = location.hash && document.getElementById(decodeURIComponent(
        location.hash.slice(1)));
      if (at) at.scrollIntoView();
    });
    document.addEventListener("keydown", event => this.pressed(event));
    addEventListener("pagehide", () => { if (this.dirty) this.save(true); });
    addEventListener("beforeunload", event => {
      if (this.dirty) {
        this.save(true);
        if (this.conflict) event.preventDefault();
      }
    });
  }

  // ---- the text and its keeping

  async load() {
    const response = await fetch(`/api/${encodeURIComponent(this.name)}`);
    const book = await response.json();
    document.getElementById("loading").remove();
    document.getElementById("main").removeAttribute("aria-busy");
    if (book.problem) {
      notice("problem", book.problem, ["Start over with the course's text", () => this.over()]);
      return;
    }
    this.take(book);
  }

  take(book) {
    const known = new Map(this.cells.map(c => [c.id, c]));
    document.title = book.title;
    this.version = book.version;
    this.progress = book.progress;
    this.dirty = false;
    this.cells = book.cells.map(fresh => {
      const old = known.get(fresh.id);
      if (!old || old.kind !== fresh.kind) {
        const made = new Cell(this, fresh);
        if (old?.isCode && made.isCode) made.state = old.state;
        return made;
      }
      Object.assign(old, { spans: fresh.spans });
      if (!old.isCode && (old.editor || old.html !== fresh.html)) {
        Object.assign(old, { source: fresh.source, html: fresh.html });
        old.build();
      } else if (old.isCode) {
        old.editor.text = fresh.source;
      }
      old.source = fresh.source;
      return old;
    });
    this.place.replaceChildren(...this.cells.map(c => c.node));
    this.allButton.disabled = false;
    this.relabel();
    this.contents();
    if (book.isBehind) {
      notice("behind", "The course has a newer text of this notebook than the one you began "
        + "with.", ["Take the new one (yours is kept in a backup)", () => this.over()],
      ["Keep mine", () => this.post("keep", {})]);
    }
  }

  async reload() {
    this.take(await (await fetch(`/api/${encodeURIComponent(this.name)}`)).json());
  }

  changed(cell) {
    this.dirty = true;
    this.saved("saving…");
    this.saveSoon();
    if (cell?.isCode) this.check(cell);
  }

  post(what, body, keepalive = false) {
    return fetch(`/api/${encodeURIComponent(this.name)}/${what}`, {
      method: "POST", keepalive, headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ...body, tab: this.tab }),
    });
  }

  async save(leaving = false) {
    if (this.saving && !leaving) {
      await this.saving;
      if (!this.dirty) return;
    }
    this.saveSoon.cancel();
    if (this.version && !this.conflict) {
      this.saving = this.send(leaving);
      await this.saving;
      this.saving = null;
    }
  }

  async send(leaving) {
    const cells = this.cells.map(c => ({ id: c.id, kind: c.kind, source: c.text }));
    this.dirty = false;
    try {
      const response = await this.post("save", { version: this.version, cells }, leaving);
      const answer = await response.json();
      if (response.status === 409) return this.contradict(answer.version);
      if (!response.ok) throw new Error(answer.problem ?? response.statusText);
      this.version = answer.version;
      for (const cell of this.cells.filter(c => c.kind === "markdown" && !c.editor)) {
        if (answer.html[cell.id] !== cell.html) cell.render(answer.html[cell.id]);
      }
      this.html = answer.html;
      notice("save", "");
      this.saved(this.dirty ? "saving…" : "saved");
    } catch (problem) {
      this.dirty = true;
      this.saved("not saved");
      notice("save", `This is not saved: ${problem.message}. It stays here, and is tried again.`);
      setTimeout(() => this.saveSoon(), 3000);
    }
  }

  contradict(version) {
    this.dirty = this.conflict = true;
    this.saved("not saved");
    announce("Not saved: another window changed this notebook");
    notice("conflict", "Another window changed this notebook meanwhile.",
      ["Show the other text", () => { this.conflict = false; this.reload(); }],
      ["Keep the text of this window", () => {
        this.conflict = false;
        this.version = version;
        this.save();
      }]);
  }

  saved(text) { this.saveState.textContent = text; }

  async over() {
    const sure = confirm("Bring the course's own text back? What you wrote is kept in a backup "
      + "file beside it.");
    if (!sure) return;
    const answer = await (await this.post("over", {})).json();
    this.conflict = false;
    await this.reload();
    notice("over", answer.backup ? `This is the course's text again; yours is in ${answer.backup}.`
      : "Nothing was changed: this is the course's text.");
  }

  // ---- what the session says

  hear(message) {
    const cell = this.cells.find(c => c.id === message.cell && c.isCode);
    switch (message.event) {
      case "all": return this.hearAll(message.cells);
      case "kernel": return this.hearKernel(message);
      case "cell":
        if (!cell) return;
        cell.setState(message);
        return message.state === "done" ? this.finished(cell) : undefined;
      case "output": return cell?.output(message);
      case "saved":
        if (message.tab !== this.tab && message.version !== this.version && !this.dirty) {
          this.reload();
        }
        return;
    }
  }

  hearAll(told) {
    for (const cell of this.cells.filter(c => c.isCode)) {
      const { outputs, ...state } = told[cell.id] ?? {};
      cell.outputs = outputs ?? [];
      cell.state = state;
      cell.showState();
      cell.redraw();
      if (state.code != null && state.code !== cell.text) cell.node.classList.add("edited");
    }
  }

  hearKernel({ state, why }) {
    this.kernel = state;
    this.kernelState.textContent = kernelSays[state];
    this.kernelState.className = `kernel ${state}`;
    this.stopButton.disabled = state !== "busy";
    if (state === "dead") {
      notice("dead", `A cell ended the session. ${why} What you wrote is safe; run the cells from `
        + "the top.", ["Restart", () => this.restart(false)]);
      announce("A cell ended the session");
    } else if (state !== "lost") notice("dead", "");
    notice("lost", state !== "lost" ? ""
      : "The course has ended: start it again, and open the address that it prints. What you write "
        + "here is saved when it is back at the same address.");
    document.body.dataset.kernel = state;
  }

  async finished(cell) {
    const { status } = cell.state;
    const waiting = this.cells.some(c => ["queued", "running"].includes(c.state.state));
    if (status === "error" || status === "timeout" || status === "interrupted") {
      const error = cell.outputs.find(o => o.kind === "error");
      announce(`${cell.name}: ${error?.message ?? "stopped"}`);
      // It ran no further than its first mistake; the others are shown as well.
      if (/^CS\d+$/.test(error?.name)) this.diagnose(cell, true);
    } else if (!waiting) {
      announce(`${cell.name} has finished`);
    }
    if (cell.exercise || cell.text.includes("Exercise.")) {
      this.progress = await (await fetch(
        `/api/${encodeURIComponent(this.name)}/progress`)).json();
      this.cells.filter(c => c.isCode).forEach(c => c.showMark());
      this.points();
    }
  }

  run(cells) {
    const code = cells.filter(c => c.isCode && c.text.trim());
    for (const cell of cells.filter(c => c.kind === "markdown" && c.editor)) this.close(cell);
    if (!code.length) return;
    if (!this.line?.send({ op: "run", cells: code.map(c => ({ id: c.id, code: c.text })) })) {
      announce("There is no server");
    } else announce(code.length > 1 ? "Running all cells" : `${code[0].name} is running`);
  }

  restart(ask = true) {
    if (!ask || confirm("Restart? All variables are forgotten; what you wrote stays.")) {
      this.line.send({ op: "restart" });
      announce("The session starts anew");
    }
  }

  async colour(text) { return (await this.line?.ask({ op: "markup", code: text }))?.spans; }

  async ask(op, code, cursor) { return this.line?.ask({ op, code, cursor }); }

  // Names that cells above would declare are unknown only until these have run.
  async diagnose(cell, all = false) {
    this.check.cancel();
    const text = cell.text;
    const found = await this.line?.ask({ op: "check", code: text });
    if (!found?.items || text !== cell.text || cell.state.state === "running") return;
    const above = this.cells.slice(0, this.cells.indexOf(cell)).filter(c => c.isCode);
    all ||= above.every(c => c.state.status && !c.state.gone);
    const unsure = new Set(["CS0103", "CS0246", "CS0234", "CS0012"]);
    cell.underline(found.items.filter(d => d.severity === "error"
      && (all || !unsure.has(d.code))).slice(0, 10));
  }

  // ---- the cells

  selected(cell) {
    if (this.current === cell) return;
    this.current?.node.classList.remove("selected");
    this.current?.node.setAttribute("tabindex", -1);
    this.current = cell;
    cell.node.classList.add("selected");
    cell.node.setAttribute("tabindex", 0);
  }

  go(cell) {
    if (!cell) return;
    this.selected(cell);
    cell.node.focus({ preventScroll: true });
    cell.node.scrollIntoView({ block: "nearest" });
  }

  edit(cell) {
    cell.edit();
    cell.editor.focus();
  }

  close(cell) {
    cell.render();
    this.html = null;
    this.save().then(() => {
      if (this.html && !cell.editor) cell.render(this.html[cell.id]);
      this.contents();
    });
  }

  next(by, from = this.current) { return this.cells[this.cells.indexOf(from) + by]; }

  add(at, kind = "code", source = "") {
    const id = "my-" + crypto.randomUUID().slice(0, 8);
    const cell = new Cell(this, { id, kind, source, html: "" });
    this.cells.splice(at, 0, cell);
    this.place.insertBefore(cell.node, this.place.children[at] ?? null);
    this.relabel();
    this.changed();
    return cell;
  }

  remove(cell) {
    const at = this.cells.indexOf(cell);
    this.deleted.push([at, cell.kind, cell.text]);
    this.cells.splice(at, 1);
    cell.node.remove();
    this.current = null;
    if (!this.cells.length) this.add(0);
    this.relabel();
    this.changed();
    this.go(this.cells[Math.min(at, this.cells.length - 1)]);
    announce("Deleted; Z brings it back");
  }

  convert(cell, kind) {
    if (cell.kind === kind) return;
    const source = cell.text;
    Object.assign(cell, { kind, source, html: "", spans: [], state: {}, outputs: [] });
    cell.build();
    if (kind === "markdown") this.close(cell);
    else cell.editor.recolour();
    this.changed();
    this.go(cell);
  }

  relabel() {
    this.cells.forEach(c => c.label());
    if (!this.current && this.cells[0]) this.cells[0].node.setAttribute("tabindex", 0);
  }

  contents() {
    const list = document.querySelector("#toc ol");
    if (!list.children.length && innerWidth < 1240) list.parentElement.open = false;
    list.replaceChildren(...[...this.place.querySelectorAll(".text :is(h2,h3)[id]")].map(h =>
      el("li", { class: h.localName }, el("a", { href: `#${h.id}` }, h.textContent))));
    document.getElementById("toc").hidden = !list.children.length;
    this.points();
  }

  points() {
    const { points, of } = this.progress ?? {};
    this.pointState.textContent = of ? `${points} of ${of} points` : "";
  }

  // ---- keys and buttons

  /** A key in a cell's editor that the editor itself has no use for. */
  typed(cell, event) {
    if (event.key === "Escape") {
      this.go(cell);
    } else if (event.key === "ArrowUp" && cell.editor.area.selectionEnd === 0) {
      this.go(this.next(-1, cell));
    } else if (event.key === "ArrowDown"
      && cell.editor.area.selectionStart === cell.text.length) {
      this.go(this.next(1, cell));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  pressed(event) {
    const control = event.ctrlKey || event.metaKey;
    if (control && event.key === "s") {
      event.preventDefault();
      this.save().then(() => announce("Saved"));
      return;
    }
    if (event.key === "Enter" && (event.shiftKey || control || event.altKey)
      && this.current?.node.contains(event.target)) {
      event.preventDefault();
      this.runKey(event);
      return;
    }
    const inside = event.target.closest?.("textarea,input,button,a,summary,dialog");
    if (inside || control || event.altKey || event.isComposing) return;
    const command = this.command(event.key, event.repeat);
    if (command) {
      event.preventDefault();
      command();
    }
  }

  runKey(event) {
    const cell = this.current;
    this.run([cell]);
    const at = this.cells.indexOf(cell);
    if (event.altKey) this.edit(this.add(at + 1));
    else if (event.shiftKey) {
      if (at + 1 === this.cells.length) this.edit(this.add(at + 1));
      else this.go(this.cells[at + 1]);
    } else this.go(cell);
  }

  command(key, repeats) {
    const twice = this.before === key && performance.now() - this.beforeAt < 800 && !repeats;
    this.before = twice ? null : key;
    this.beforeAt = performance.now();
    const cell = this.current ?? this.cells[0];
    const at = this.cells.indexOf(cell);
    const copy = () => { this.copied = [cell.kind, cell.text]; };
    return {
      Enter: () => this.edit(cell),
      ArrowDown: () => this.go(this.current ? this.next(1) : cell),
      ArrowUp: () => this.go(this.next(-1, cell)),
      j: () => this.go(this.current ? this.next(1) : cell), k: () => this.go(this.next(-1, cell)),
      a: () => this.go(this.add(at)), b: () => this.go(this.add(at + 1)),
      d: () => { if (twice) this.remove(cell); },
      z: () => { if (this.deleted.length) this.go(this.add(...this.deleted.pop())); },
      c: copy, x: () => { copy(); this.remove(cell); },
      v: () => { if (this.copied) this.go(this.add(at + 1, ...this.copied)); },
      m: () => this.convert(cell, "markdown"), y: () => this.convert(cell, "code"),
      i: () => { if (twice) this.line.send({ op: "interrupt" }); },
      0: () => { if (twice) this.restart(); },
      "?": () => this.help.showModal(),
    }[key];
  }

  tools() {
    const button = (text, title, onclick) => el("button", { type: "button", title, onclick }, text);
    this.stopButton = button("Interrupt", "I I", () => this.line.send({ op: "interrupt" }));
    this.kernelState = el("span", { class: "kernel off" }, "off");
    this.saveState = el("span", { class: "saved" });
    this.pointState = el("span", { class: "points" });
    this.help = el("dialog", { "aria-label": "Keys" }, el("h2", {}, "Keys"),
      el("dl", {}, ...keys.flatMap(([key, does]) =>
        [el("dt", {}, el("kbd", {}, key)), el("dd", {}, does)])),
      el("form", { method: "dialog" }, el("button", {}, "Close")));
    this.help.querySelector("form").addEventListener("submit", event => {
      event.preventDefault();
      this.help.close();
    });
    document.body.append(this.help);
    this.allButton = button("Run all", "every cell from the top", () => this.run(this.cells));
    this.allButton.disabled = this.stopButton.disabled = true;
    document.getElementById("tools").append(this.allButton, this.stopButton,
      button("Restart", "0 0", () => this.restart()),
      button("Start over", "bring the course's text back", () => this.over()),
      button("Keys", "?", () => this.help.showModal()),
      this.kernelState, this.pointState, this.saveState);
  }
}

window.notebook = new Notebook(decodeURIComponent(location.pathname.split("/")[2]));

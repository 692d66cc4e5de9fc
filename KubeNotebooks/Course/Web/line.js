// The line to the server: what the session says comes in, what the learner asks goes out. When it
// breaks it is taken up again, and everything is told anew.

export class Line {
  constructor(name, hear) {
    this.address = `ws://${location.host}/live/${encodeURIComponent(name)}`;
    this.hear = hear;
    this.asked = new Map();
    this.tag = 0;
    this.early = [];
    this.open();
  }

  open() {
    this.socket = new WebSocket(this.address);
    this.socket.addEventListener("open", () => {
      this.early.splice(0).forEach(message => this.send(message));
    });
    this.socket.addEventListener("message", event => this.take(JSON.parse(event.data)));
    this.socket.addEventListener("close", () => {
      for (const answer of this.asked.values()) answer(null);
      this.asked.clear();
      this.early = [];
      this.hear({ event: "kernel", state: "lost", why: "" });
      setTimeout(() => this.open(), 1000);
    });
  }

  take(message) {
    if (message.event !== "answer") return this.hear(message);
    this.asked.get(message.tag)?.(message);
    this.asked.delete(message.tag);
  }

  /** Sends, as soon as the line is open; false when it is cut. */
  send(message) {
    if (this.socket.readyState === WebSocket.CONNECTING) return !!this.early.push(message);
    if (this.socket.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  /** Asks; the answer, or null when there is none. */
  ask(message) {
    return new Promise(answer => {
      const tag = ++this.tag;
      this.asked.set(tag, answer);
      if (!this.send({ ...message, tag })) {
        this.asked.delete(tag);
        answer(null);
      }
    });
  }
}

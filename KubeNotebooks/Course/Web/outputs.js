// What a cell shows. Its HTML is the learner's own, and yet it must not become part of the page:
// plain HTML stands in a shadow tree, where the page's policy lets no script run; what has scripts
// or frames of its own gets a frame that can reach nothing.
import { el } from "./dom.js";

const needsFrame = /<(script|iframe|object|embed|form|link|meta|base)\b/i;
const sheets = new Map();

const base = `
:host{display:block;overflow-x:auto;font:16px/1.55 var(--sans)}
img{max-width:100%;height:auto}
pre{font:13.5px/1.45 var(--mono);margin:4px 0;white-space:pre;tab-size:4}
table{border-collapse:collapse}
th,td{border:1px solid var(--line);padding:5px 10px;text-align:left;vertical-align:top}
th{background:var(--box)}
summary{cursor:pointer}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}`;

// Outputs bring their styles for light and dark; here the page says which it is.
const themed = css => css.replace(/@media\s*\(prefers-color-scheme:\s*dark\)/g,
  window.isDark() ? "@media all" : "@media not all");

function sheet(css) {
  if (!sheets.has(css)) {
    const made = new CSSStyleSheet();
    made.replaceSync(themed(css));
    sheets.set(css, made);
  }
  return sheets.get(css);
}

document.addEventListener("theme", () => {
  for (const [css, made] of sheets) made.replaceSync(themed(css));
});

addEventListener("message", event => {
  for (const frame of document.querySelectorAll("iframe.shown")) {
    if (frame.contentWindow === event.source && Number.isFinite(event.data?.height)) {
      frame.style.height = `${Math.min(Math.max(event.data.height, 20), 20000)}px`;
    }
  }
});

function shown(html, address) {
  if (needsFrame.test(html)) {
    return el("iframe", {
      class: "shown", sandbox: "allow-scripts", src: address, title: "Output of the cell",
    });
  }
  const host = el("div", { class: "shown" });
  const root = host.attachShadow({ mode: "open" });
  const styles = [base];
  const bare = html.replace(/<style\b[^>]*>([^]*?)<\/style>/gi, (_, css) => {
    styles.push(css);
    return "";
  });
  const inside = new DOMParser().parseFromString(bare, "text/html");
  root.adoptedStyleSheets = [...new Set(styles)].map(sheet);
  root.append(...inside.body.childNodes);
  return host;
}

// One picture, known by its own words, is what a screen reader should hear of it.
const text = (kind, words) => el("pre", { class: kind, tabindex: kind === "error" ? 0 : null },
  words);

/** An output as an element. */
export function draw(output, address) {
  switch (output.kind) {
    case "stream": return text(output.name, output.text);
    case "error": return text("error", output.text ?? output.message);
    default: {
      const html = output.data?.["text/html"];
      return html ? shown(html, address) : text("stdout", output.data?.["text/plain"] ?? "");
    }
  }
}

/** More of what is printed. */
export function append(node, more) {
  node.append(more);
}

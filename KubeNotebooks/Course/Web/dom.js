// Small things that all parts of the page use.

/** An element with attributes and children; `on…` attributes are listeners. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter(c => c != null));
  return node;
}

/** Says something to those who listen rather than look. */
export function announce(text) {
  const live = document.getElementById("live");
  live.textContent = "";
  setTimeout(() => { live.textContent = text; }, 50);
}

/** Calls `work` once, `ms` after the last call. */
export function later(work, ms) {
  let timer = 0;
  const call = (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...args), ms);
  };
  call.cancel = () => clearTimeout(timer);
  return call;
}

/** A box above the cells that says something and offers what can be done about it. */
export function notice(key, text, ...choices) {
  const place = document.getElementById("notices");
  place.querySelector(`[data-key="${key}"]`)?.remove();
  if (!text) return;
  const box = el("div", { class: "notice", role: "alert", "data-key": key }, el("p", {}, text));
  for (const [label, act] of choices) {
    box.append(el("button", {
      type: "button", onclick: () => { box.remove(); act(); },
    }, label));
  }
  place.append(box);
}

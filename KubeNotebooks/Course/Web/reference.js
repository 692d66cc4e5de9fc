// The search of the reference: names that begin with what was typed, then names that hold it, then
// what is said of them.
(() => {
  const find = document.getElementById("find");
  const found = document.getElementById("found");
  const groups = document.getElementById("groups");
  const most = 60;
  let entries;

  // Read once somebody searches: there are some thousands.
  const all = () => entries ??= [...document.querySelectorAll(".type, dt")].map(place => {
    const said = place.tagName === "DT" ? place.nextElementSibling : place.querySelector("div");
    const text = said && said.tagName !== "DT" ? said.textContent.trim() : "";
    const name = place.id.replace(/-\d+$/, "");
    return { id: place.id, name, last: name.split(".").pop().toLowerCase(),
      full: name.toLowerCase(), text, lower: text.toLowerCase(), isType: place.tagName !== "DT" };
  });

  const rank = (entry, word) => entry.last === word || entry.full === word ? 0
    : entry.last.startsWith(word) || entry.full.startsWith(word) ? 1
    : entry.full.includes(word) ? 2 : entry.lower.includes(word) ? 3 : 9;

  function search() {
    const word = find.value.trim().toLowerCase();
    groups.hidden = word.length > 0;
    found.replaceChildren(...(word.length === 0 ? [] : all()
      .map(entry => ({ entry, at: rank(entry, word) - (entry.isType ? .5 : 0) }))
      .filter(hit => hit.at < 5).sort((a, b) => a.at - b.at).slice(0, most).map(hit => {
        const item = document.createElement("li");
        const link = item.appendChild(document.createElement("a"));
        link.href = "#" + hit.entry.id;
        link.textContent = hit.entry.name;
        item.appendChild(document.createElement("small")).textContent = hit.entry.text;
        return item;
      })));
    if (word.length > 0 && found.children.length === 0) {
      found.textContent = "Nothing has this name.";
    }
  }

  find.hidden = false;
  find.addEventListener("input", search);
  find.addEventListener("keydown", event => {
    if (event.key === "Enter") found.querySelector("a")?.click();
    if (event.key === "Escape") { find.value = ""; search(); }
  });
  document.addEventListener("keydown", event => {
    if (event.key === "/" && document.activeElement !== find) {
      event.preventDefault();
      find.focus();
    }
  });
})();

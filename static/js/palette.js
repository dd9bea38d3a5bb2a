// The palette: ⌘K or Ctrl K (or `data-dialog="palette"`) opens it, htmx fills the list with what fits, arrows choose,
// Enter opens. Without script the same search is the page behind the link.
"use strict";

(() => {
  if (navigator.platform.startsWith("Mac")) {
    for (const key of document.querySelectorAll("kbd[data-mac]")) key.textContent = key.dataset.mac;
  }
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const field = dialog.querySelector("input");
  const list = document.getElementById("palette-list");
  const options = () => [...list.querySelectorAll('[role="option"]')];

  const link = (option) => (option.matches("a") ? option : option.querySelector("a"));

  let chosen = null; // kept when its list is replaced: the fresh results are looked through for the same place
  let moved = false; // by an arrow, since the text last changed

  const choose = (option) => {
    chosen = option ?? null;
    for (const [number, one] of options().entries()) {
      one.id ||= `palette-option-${number}`;
      one.setAttribute("aria-selected", String(one === chosen));
    }
    if (!chosen) return field.removeAttribute("aria-activedescendant");
    field.setAttribute("aria-activedescendant", chosen.id);
    chosen.scrollIntoView({ block: "nearest" });
  };

  const current = () => {
    if (!chosen || list.contains(chosen)) return chosen;
    return options().find((option) => link(option)?.href === link(chosen)?.href);
  };

  const move = (step) => {
    const all = options();
    if (!all.length) return;
    moved = true;
    choose(all[(all.indexOf(current()) + step + all.length) % all.length]);
  };

  document.addEventListener("keydown", (event) => {
    if (!(event.metaKey || event.ctrlKey) || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    if (!dialog.open) dialog.showModal();
  });
  dialog.addEventListener("toggle", (event) => {
    if (event.newState !== "open") return;
    moved = false;
    choose(options()[0]);
    htmx.trigger(field, "opened");
  });
  dialog.addEventListener("close", () => (field.value = ""));
  field.addEventListener("input", () => (moved = false));
  list.addEventListener("htmx:afterSettle", () => choose((moved && current()) || options()[0]));
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    }
    const target = current();
    if (event.key !== "Enter" || !target) return;
    event.preventDefault();
    link(target)?.click();
  });
})();

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

  const choose = (chosen) => {
    for (const [number, option] of options().entries()) {
      option.id ||= `palette-option-${number}`;
      option.setAttribute("aria-selected", String(option === chosen));
    }
    if (!chosen) return field.removeAttribute("aria-activedescendant");
    field.setAttribute("aria-activedescendant", chosen.id);
    chosen.scrollIntoView({ block: "nearest" });
  };

  const chosen = () => list.querySelector('[aria-selected="true"]');

  const move = (step) => {
    const all = options();
    if (all.length) choose(all[(all.indexOf(chosen()) + step + all.length) % all.length]);
  };

  document.addEventListener("keydown", (event) => {
    if (!(event.metaKey || event.ctrlKey) || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    if (!dialog.open) dialog.showModal();
  });
  dialog.addEventListener("toggle", (event) => {
    if (event.newState !== "open") return;
    choose(options()[0]);
    htmx.trigger(field, "opened");
  });
  dialog.addEventListener("close", () => (field.value = ""));
  list.addEventListener("htmx:afterSettle", () => choose(options()[0]));
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    }
    const target = chosen();
    if (event.key !== "Enter" || !target) return;
    event.preventDefault();
    (target.matches("a") ? target : target.querySelector("a"))?.click();
  });
})();

// The palette: ⌘K or Ctrl K opens a list of places, typing narrows it, arrows choose, Enter opens.
"use strict";

(() => {
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const field = dialog.querySelector("input");
  const options = [...dialog.querySelectorAll('[role="option"]')];
  const nothing = dialog.querySelector("[data-nothing]");
  if (navigator.platform.startsWith("Mac")) {
    for (const key of document.querySelectorAll("kbd[data-mac]")) key.textContent = key.dataset.mac;
  }
  for (const opener of document.querySelectorAll('[data-dialog="palette"]')) opener.hidden = false;

  const shown = () => options.filter((option) => !option.hidden);

  const choose = (chosen) => {
    for (const option of options) option.setAttribute("aria-selected", String(option === chosen));
    if (!chosen) return field.removeAttribute("aria-activedescendant");
    field.setAttribute("aria-activedescendant", chosen.id);
    chosen.scrollIntoView({ block: "nearest" });
  };

  const narrow = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const option of options) {
      const text = option.textContent.toLowerCase();
      option.hidden = !words.every((word) => text.includes(word));
    }
    nothing.hidden = shown().length > 0;
    choose(shown()[0]);
  };

  const move = (step) => {
    const list = shown();
    const now = list.findIndex((option) => option.getAttribute("aria-selected") === "true");
    choose(list[(now + step + list.length) % list.length]);
  };

  const open = () => {
    if (!dialog.open) dialog.showModal();
    field.value = "";
    narrow();
    field.focus();
  };

  document.addEventListener("keydown", (event) => {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    }
  });
  dialog.addEventListener("toggle", (event) => {
    if (event.newState === "open") narrow();
  });
  field.addEventListener("input", narrow);
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    }
    if (event.key !== "Enter") return;
    event.preventDefault();
    dialog.querySelector('[aria-selected="true"]:not([hidden])')?.click();
  });
})();

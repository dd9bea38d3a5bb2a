// Copies what `data-copy` holds. On plain HTTP, where the clipboard interface is missing, a selected field does it.
"use strict";

(() => {
  const byField = (text) => {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "hidden";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  };

  const copy = async (text) => {
    if (!navigator.clipboard) return byField(text);
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return byField(text);
    }
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    if (!(await copy(button.dataset.copy))) return;
    button.focus();
    button.classList.add("copied");
    panel.announce(document.body.dataset.copied);
    setTimeout(() => button.classList.remove("copied"), 1200);
  });
})();

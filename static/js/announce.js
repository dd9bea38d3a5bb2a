// Tells screen readers what changed: panel.announce(text), and fragments whose `data-announce` text differs from the
// one before (same id).
"use strict";
window.panel = window.panel || {};

panel.announce = (text) => {
  const region = document.getElementById("announcer");
  if (region) region.textContent = text;
};

(() => {
  const said = new Map();

  const listen = (root) => {
    for (const element of root.querySelectorAll("[data-announce]")) said.set(element.id, element.dataset.announce);
  };

  listen(document);
  document.addEventListener("htmx:afterSettle", () => {
    for (const element of document.querySelectorAll("[data-announce]")) {
      if (said.get(element.id) === element.dataset.announce) continue;
      said.set(element.id, element.dataset.announce);
      panel.announce(element.dataset.announce);
    }
  });
})();

// Keys: `g` and a letter goes to a place of the sidebar, `/` to the page's search field, `?` shows them all.
// Nothing that pays has a key of its own.
"use strict";

(() => {
  const PAUSE = 1200;
  let afterG = 0;

  const typing = (target) => target.closest("input, textarea, select, [contenteditable]");

  const go = (key) => {
    const link = document.querySelector(`[data-shortcut="${CSS.escape(key)}"]`);
    if (link) link.click();
    return Boolean(link);
  };

  const search = () => {
    const field = document.querySelector('main [type="search"]');
    if (field) field.focus();
    return Boolean(field);
  };

  const help = () => {
    const dialog = document.getElementById("shortcuts");
    if (dialog && !dialog.open) dialog.showModal();
    return Boolean(dialog);
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const waited = Date.now() - afterG < PAUSE;
    afterG = 0;
    let done = false;
    if (waited) done = go(event.key);
    else if (event.key === "g") afterG = Date.now();
    else if (event.key === "/") done = search();
    else if (event.key === "?") done = help();
    if (done) event.preventDefault();
  });
})();

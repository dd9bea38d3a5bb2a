// `j` and `k` go down and up the first links of the rows of tables and lists; Enter opens, as on any link.
"use strict";

(() => {
  const links = () =>
    [...document.querySelectorAll("main .table tbody tr, main .list > li")]
      .map((row) => row.querySelector("a[href]"))
      .filter((link) => link?.checkVisibility());

  document.addEventListener("keydown", (event) => {
    if (event.key !== "j" && event.key !== "k") return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable], dialog")) return;
    const list = links();
    const now = list.indexOf(document.activeElement);
    const next = event.key === "j" ? now + 1 : now - 1;
    list[Math.max(0, Math.min(next, list.length - 1))]?.focus();
  });
})();

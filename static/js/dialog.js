// Opens a <dialog>: `data-dialog="id"` opens that one, an htmx answer swapped into #dialog opens the page's own.
// Without script the link of the button leads to the same form as a page.
"use strict";

(() => {
  const host = document.getElementById("dialog");

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    const dialog = opener && document.getElementById(opener.dataset.dialog);
    if (dialog) {
      event.preventDefault();
      if (!dialog.open) dialog.showModal();
    }
    const closer = event.target.closest("[data-close]");
    const open = closer && closer.closest("dialog");
    if (open) {
      event.preventDefault();
      open.close();
    }
    if (event.target.matches("dialog[open]")) closeOutside(event);
  });

  // A press beside the dialog closes it, unless something was typed in it.
  const closeOutside = (event) => {
    const box = event.target.getBoundingClientRect();
    const inside =
      event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    const typed = [...event.target.querySelectorAll("input, textarea")].some(
      (field) => field.type !== "hidden" && field.value !== field.defaultValue,
    );
    if (!inside && !typed) event.target.close();
  };

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== host) return;
    if (!host.innerHTML.trim()) host.close();
    else if (!host.open) host.showModal();
  });

  if (host) host.addEventListener("close", () => host.replaceChildren());
})();

// A form is sent once: while it is on its way its button is busy and further presses do nothing.
// `data-busy` on the button says what happens meanwhile ("Uploading"). Forms that only read (GET) are left alone, and so
// are those whose answer is a file (`data-download`): the page stays, and nobody would end the wait.
"use strict";

(() => {
  const buttonOf = (event) => event.submitter || event.target.querySelector('[type="submit"]');

  const begin = (form, button) => {
    form.dataset.sent = "yes";
    if (!button) return;
    button.setAttribute("aria-busy", "true");
    if (!button.dataset.busy) return;
    const label = button.querySelector("[data-label]");
    if (label) {
      label.dataset.label = label.textContent;
      label.textContent = button.dataset.busy;
    }
    panel.announce(button.dataset.busy);
  };

  const end = (form) => {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll('[aria-busy="true"]')) button.removeAttribute("aria-busy");
    for (const label of form.querySelectorAll("[data-label]")) {
      if (label.dataset.label) label.textContent = label.dataset.label;
    }
  };

  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (!form.matches('[method="post" i]:not([data-download]), [hx-post]')) return;
      if (form.dataset.sent) {
        event.preventDefault();
        event.stopImmediatePropagation();
        return;
      }
      begin(form, buttonOf(event));
    },
    true,
  );
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt.matches("form")) end(event.detail.elt);
  });
  // Back from the next page, which the browser may have kept as it was left.
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(end));
})();

// Toasts go by themselves after `data-toast` ms (none: they stay), hover and focus stop the clock.
// Failed requests of htmx show the toasts the page keeps in templates.
"use strict";

(() => {
  const AWAY = [502, 503, 504]; // a proxy speaks for a panel that is not there
  const stack = document.getElementById("toasts");
  if (!stack) return;

  const start = (toast) => {
    const life = Number(toast.dataset.toast);
    if (!life || toast.dataset.started) return;
    toast.dataset.started = "yes";
    let clock = setTimeout(() => toast.remove(), life);
    const stop = () => clearTimeout(clock);
    const go = () => {
      stop();
      clock = setTimeout(() => toast.remove(), life / 2);
    };
    toast.addEventListener("pointerenter", stop);
    toast.addEventListener("focusin", stop);
    toast.addEventListener("pointerleave", go);
    toast.addEventListener("focusout", go);
  };

  const show = (name) => {
    if (stack.querySelector(`[data-from="${name}"]`)) return;
    const toast = document.getElementById(name).content.firstElementChild.cloneNode(true);
    toast.dataset.from = name;
    stack.append(toast);
  };

  const forget = (name) => stack.querySelector(`[data-from="${name}"]`)?.remove();

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-dismiss]");
    if (button) button.closest("[data-toast]").remove();
  });
  document.addEventListener("htmx:sendError", () => show("toast-offline"));
  document.addEventListener("htmx:timeout", () => show("toast-offline"));
  document.addEventListener("htmx:responseError", (event) => {
    if (AWAY.includes(event.detail.xhr.status)) show("toast-offline");
    else if (event.detail.xhr.status >= 500) show("toast-failed");
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) forget("toast-offline");
  });

  new MutationObserver(() => stack.querySelectorAll("[data-toast]").forEach(start)).observe(stack, { childList: true });
  stack.querySelectorAll("[data-toast]").forEach(start);
})();

// Polite polling. An element with `hx-trigger="poll"` and `data-poll="250"` asks once, 250 ms from now, while the tab is
// visible; the fragment that replaces it states the next delay, or none and the polling ends. So does an answer 286.
"use strict";

(() => {
  const LONGEST = 30000;
  const HELD = 500;
  const planned = new Map();

  // A press that has not ended, a form on its way, a page that is being left: nothing is replaced or loaded anew beneath
  // them, or the press would hit what is gone and the new page would never come. The times end what nobody ended: a
  // release outside of the window, a download, which leaves no page.
  const PRESS = 5000;
  const LEAVING = 15000;
  let pressed = -PRESS;
  let left = -LEAVING;
  const released = () => setTimeout(() => (pressed = -PRESS));
  addEventListener("pointerdown", () => (pressed = performance.now()), true);
  for (const name of ["pointerup", "pointercancel"]) addEventListener(name, released, true);
  addEventListener("beforeunload", () => (left = performance.now()));
  addEventListener("pageshow", () => (left = -LEAVING));

  const holds = () => {
    const now = performance.now();
    return now - pressed < PRESS || now - left < LEAVING || document.querySelector("form[data-sent]:not([target])") !== null;
  };

  const ask = (element) => {
    if (!element.isConnected || !element.dataset.poll) return planned.delete(element);
    if (document.hidden) return planned.set(element, 0);
    planned.delete(element);
    htmx.trigger(element, "poll");
  };

  const plan = (element, delay) => planned.set(element, setTimeout(ask, delay, element));

  const planAll = () => {
    for (const element of planned.keys()) {
      if (element.isConnected) continue;
      clearTimeout(planned.get(element));
      planned.delete(element);
    }
    for (const element of document.querySelectorAll("[data-poll]")) {
      if (!planned.has(element) && !element.classList.contains("htmx-request")) plan(element, Number(element.dataset.poll));
    }
  };

  // What was answered meanwhile is asked for once more, a little later.
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const { elt: element, xhr } = event.detail;
    if (xhr.status === 204 || !element.matches("[data-poll]") || !holds()) return;
    event.preventDefault();
    plan(element, HELD);
  });

  // After a failure the same element asks again, each time after twice the delay. A refusal (403, 404) is final.
  const again = (event) => {
    const element = event.detail.elt;
    if (!element.matches("[data-poll]")) return;
    const status = event.detail.xhr?.status || 0;
    if (status >= 400 && status < 500 && status !== 429) return element.removeAttribute("data-poll");
    element.dataset.poll = Math.min(LONGEST, Math.max(1000, 2 * Number(element.dataset.poll)));
    plan(element, Number(element.dataset.poll));
  };

  // 204: nothing is new, the element stays and asks again, after the delay that the answer states if it does.
  document.addEventListener("htmx:afterRequest", (event) => {
    const { elt: element, xhr } = event.detail;
    if (xhr.status !== 204 || !element.matches("[data-poll]")) return;
    element.dataset.poll = xhr.getResponseHeader("Panel-Poll") || element.dataset.poll;
    plan(element, Number(element.dataset.poll));
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.xhr?.status === 286) event.detail.elt.removeAttribute("data-poll");
    planAll();
  });
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) document.addEventListener(name, again);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) for (const [element, clock] of planned) if (!clock) ask(element);
  });
  // Not before: a timer that fires while htmx has not read the page yet would ask nobody.
  document.addEventListener("htmx:load", planAll);
})();

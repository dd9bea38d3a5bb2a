// Counts on in `<span data-elapsed="12.3">` how many seconds something has taken so far, from what the server said last.
// Counts down in `<span data-left="86400">` how many are left. The words are those the server gave the page (core/ui/times.py has the same steps).
"use strict";

(() => {
  const MINUTE = 60, HOUR = 3600, DAY = 86400;
  const began = new WeakMap(), ends = new WeakMap();

  const word = (unit, number) => document.body.dataset[`took${unit}`].replace("{n}", number);
  const two = (seconds, big, unit, small, smallUnit) => {
    const rest = Math.floor((seconds % big) / small);
    const first = word(unit, Math.floor(seconds / big));
    return rest ? `${first} ${word(smallUnit, rest)}` : first;
  };
  const words = (seconds) => {
    if (seconds < 10) return word("S", seconds.toFixed(1));
    const whole = Math.round(seconds);
    if (whole < MINUTE) return word("S", whole);
    if (whole < HOUR) return two(whole, MINUTE, "M", 1, "S");
    return whole < DAY ? two(whole, HOUR, "H", MINUTE, "M") : two(whole, DAY, "D", HOUR, "H");
  };

  const start = (element) => began.set(element, performance.now() - 1000 * Number(element.dataset.elapsed));
  const tick = () => {
    if (document.hidden) return;
    for (const element of document.querySelectorAll("[data-elapsed]")) {
      if (!began.has(element)) start(element);
      element.textContent = words((performance.now() - began.get(element)) / 1000);
    }
    for (const element of document.querySelectorAll("[data-left]")) {
      if (!ends.has(element)) ends.set(element, performance.now() + 1000 * Number(element.dataset.left));
      element.textContent = words(Math.max(0, Math.round((ends.get(element) - performance.now()) / 1000)));
    }
  };

  setInterval(tick, 1000);
  // What was swapped in counts from the moment it came.
  document.addEventListener("htmx:afterSettle", tick);
  document.addEventListener("visibilitychange", tick);
  tick();
})();

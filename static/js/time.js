// Keeps `<time data-relative>` fresh, in the words the server gave the page (core/ui/times.py has the same steps).
"use strict";

(() => {
  const MINUTE = 60, HOUR = 3600, DAY = 86400, WEEK = 604800, LONG_AGO = 8 * WEEK;
  const STEPS = [
    [MINUTE, "S", 1],
    [HOUR, "M", MINUTE],
    [DAY, "H", HOUR],
    [2 * DAY, "1", DAY],
    [2 * WEEK, "D", DAY],
    [LONG_AGO, "W", WEEK],
  ];

  // The attribute data-ago-s is read as dataset.agoS, and data-ago-1 as dataset["ago-1"].
  const word = (direction, unit) => document.body.dataset[unit === "1" ? `${direction}-1` : direction + unit];

  const relative = (moment) => {
    const seconds = (Date.now() - moment) / 1000;
    const distance = Math.abs(seconds);
    if (distance >= LONG_AGO) return null;
    if (distance < 5) return document.body.dataset[seconds >= 0 ? "now" : "soon"];
    const [, unit, size] = STEPS.find(([limit]) => distance < limit);
    return word(seconds > 0 ? "ago" : "in", unit).replace("{n}", Math.floor(distance / size));
  };

  const refresh = () => {
    if (document.hidden) return;
    for (const element of document.querySelectorAll("time[data-relative]")) {
      const text = relative(Date.parse(element.dateTime));
      if (text && element.textContent !== text) element.textContent = text;
    }
  };

  setInterval(refresh, 10000);
  document.addEventListener("visibilitychange", refresh);
})();

// The theme switch of the style guide. In the panel itself the theme is the person's, and the server writes it.
// ?theme=dark or ?theme=light chooses one from the address.
"use strict";

(() => {
  const root = document.documentElement;
  const radios = [...document.querySelectorAll('[name="theme"]')];

  const use = (theme) => {
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
  };

  const asked = new URLSearchParams(location.search).get("theme");
  for (const radio of radios) {
    if (asked !== null) radio.checked = radio.value === asked;
    radio.addEventListener("change", () => use(radio.value));
  }
  if (asked !== null) use(asked);
})();

// `[data-price-of]`: the price in a button follows the field with this id, in which a person types what it may cost.
"use strict";

(() => {
  const shown = (text) => {
    const typed = text.trim().replace(",", ".");
    return /^\d{1,9}(\.\d{1,6})?$/.test(typed) && Number(typed) > 0 ? `$${typed}` : null;
  };

  for (const tag of document.querySelectorAll("[data-price-of]")) {
    const field = document.getElementById(tag.dataset.priceOf);
    const words = tag.firstChild;
    const unknown = words.textContent;
    const follow = () => {
      const price = shown(field.value);
      words.textContent = price ? `${price} ` : unknown;
    };
    field.addEventListener("input", follow);
    follow();
  }
})();

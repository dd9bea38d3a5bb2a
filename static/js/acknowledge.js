// `form[data-acknowledge]`: buttons with `data-when-done` wait until every `data-must` box is ticked and every
// `data-must-type="name"` field holds that text; `data-open-count` shows how many are left. The server checks the same.
"use strict";

(() => {
  const isOpen = (field) =>
    field.dataset.mustType === undefined ? !field.checked : field.value.trim() !== field.dataset.mustType;

  const update = (form) => {
    const fields = [...form.elements].filter((field) => field.matches("[data-must], [data-must-type]"));
    const open = fields.filter(isOpen).length;
    for (const button of [...form.elements].filter((field) => field.matches("[data-when-done]"))) button.disabled = open > 0;
    for (const text of document.querySelectorAll(`[data-open-count="${form.id}"]`)) text.textContent = open;
  };

  const updateAll = () => document.querySelectorAll("form[data-acknowledge]").forEach(update);

  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (form?.matches("[data-acknowledge]")) update(form);
  });
  document.addEventListener("htmx:afterSettle", updateAll);
  addEventListener("pageshow", updateAll);
  updateAll();
})();

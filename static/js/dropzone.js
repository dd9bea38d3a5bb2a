// A file field that takes a dropped file, says which one it has and, when htmx sends the form, how much of it is sent.
// Without script it is a plain file field.
"use strict";

(() => {
  const size = (bytes) => {
    if (bytes < 1000) return `${bytes} B`;
    let value = bytes;
    for (const unit of ["KB", "MB", "GB"]) {
      value /= 1000;
      if (value < 1000 || unit === "GB") return `${value < 100 ? value.toFixed(1).replace(/\.0$/, "") : value.toFixed(0)} ${unit}`;
    }
  };

  const show = (zone) => {
    const file = zone.querySelector('[type="file"]').files[0];
    const shown = zone.querySelector("[data-dropzone-file]");
    const ask = zone.querySelector("[data-dropzone-ask]");
    shown.hidden = !file;
    ask.hidden = Boolean(file);
    shown.textContent = file ? `${file.name}, ${size(file.size)}` : "";
    zone.classList.toggle("filled", Boolean(file));
  };

  const start = (zone) => {
    const field = zone.querySelector('[type="file"]');
    zone.classList.add("live");
    show(zone);
    field.addEventListener("change", () => show(zone));
    zone.addEventListener("dragover", (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
    zone.addEventListener("dragleave", () => zone.classList.remove("over"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      if (!event.dataTransfer.files.length) return;
      field.files = event.dataTransfer.files;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
  };

  const startAll = () => document.querySelectorAll("[data-dropzone]:not(.live)").forEach(start);

  document.addEventListener("htmx:xhr:progress", (event) => {
    const meter = event.target.querySelector?.("[data-dropzone-meter]");
    if (!meter || !event.detail.lengthComputable) return;
    meter.hidden = event.detail.loaded >= event.detail.total;
    meter.firstElementChild.setAttribute("width", `${(100 * event.detail.loaded) / event.detail.total}%`);
  });
  document.addEventListener("htmx:afterSettle", startAll);
  startAll();
})();

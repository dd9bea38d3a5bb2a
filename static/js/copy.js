// Copies what `data-copy` holds, or the text behind a link with `data-copy-from`. On plain HTTP, where the clipboard
// interface is missing, a selected field does it. A text that cannot be fetched or copied is opened instead.
"use strict";

(() => {
  const byField = (text) => {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "hidden";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  };

  const copy = async (text) => {
    if (!navigator.clipboard) return byField(text);
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return byField(text);
    }
  };

  const text = async (url) => {
    const answer = await fetch(url, { headers: { Accept: "text/plain" } });
    if (!answer.ok || !answer.headers.get("Content-Type").startsWith("text/plain")) throw new Error(answer.status);
    return answer.text();
  };

  const done = (button) => {
    button.focus();
    button.classList.add("copied");
    panel.announce(document.body.dataset.copied);
    setTimeout(() => button.classList.remove("copied"), 1200);
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (button && (await copy(button.dataset.copy))) done(button);
  });

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-copy-from]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    try {
      if (!(await copy(await text(link.href)))) throw new Error("not copied");
      done(link);
    } catch {
      location.assign(link.href);
    }
  });
})();

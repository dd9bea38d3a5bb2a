// A request of htmx that ended at the sign-in page means the session is over: the whole page goes there.
"use strict";

document.addEventListener("htmx:beforeSwap", (event) => {
  const answered = event.detail.xhr.responseURL;
  if (!answered || new URL(answered).pathname !== document.body.dataset.login) return;
  if (location.pathname === document.body.dataset.login) return;
  event.detail.shouldSwap = false;
  location.reload();
});

// The page after a confirmation sends what was sent before at once; without script a button does.
"use strict";

{
  const form = document.querySelector("[data-go-on]");
  if (form) form.requestSubmit();
}

// `form[data-confirm="challenge"]`: its `data-confirm-ask` button has the browser ask one of the passkeys
// `data-confirm-ids` to sign the challenge, and sends the answer in the field `assertion`. With `data-confirm-stay` the
// page stays and hears `panel:confirmed`; else the form is sent. Challenge and ids are base64url.
"use strict";
window.panel = window.panel || {};

(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));

  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

  panel.base64url = { bytes, text };

  const offered = () => Boolean(window.isSecureContext && navigator.credentials && window.PublicKeyCredential);

  const ask = (form) =>
    navigator.credentials.get({
      publicKey: {
        challenge: bytes(form.dataset.confirm),
        rpId: form.dataset.confirmRp,
        allowCredentials: form.dataset.confirmIds.split(" ").map((id) => ({ type: "public-key", id: bytes(id) })),
        userVerification: "required",
        timeout: 120000,
      },
    });

  const written = (answer) =>
    JSON.stringify({
      id: answer.id,
      rawId: text(answer.rawId),
      type: answer.type,
      clientExtensionResults: {},
      response: {
        clientDataJSON: text(answer.response.clientDataJSON),
        authenticatorData: text(answer.response.authenticatorData),
        signature: text(answer.response.signature),
      },
    });

  const busy = (button, on) => {
    button.disabled = on;
    button.setAttribute("aria-busy", String(on));
    if (on) panel.announce(button.dataset.busy);
  };

  const complain = (form, words) => {
    const trouble = form.closest("[data-consent]").querySelector("[data-confirm-trouble]");
    trouble.querySelector("[data-confirm-words]").textContent = words ?? "";
    trouble.hidden = words === undefined;
  };

  const words = (form) => form.closest("[data-consent]").querySelector("[data-confirm-trouble]").dataset;

  const send = async (form) => {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new FormData(form),
      headers: { "X-Requested-With": "panel" },
    });
    if (answer.status === 204) return form.dispatchEvent(new CustomEvent("panel:confirmed", { bubbles: true }));
    const said = answer.status === 409 ? (await answer.json()).error : words(form).lost;
    complain(form, said);
  };

  const confirm = async (form, button) => {
    busy(button, true);
    complain(form);
    let answer = null;
    try {
      answer = await ask(form);
    } catch {
      complain(form, words(form).refused);
      return busy(button, false);
    }
    form.elements.assertion.value = written(answer);
    if (form.dataset.confirmStay === undefined) return form.submit();
    await send(form).catch(() => complain(form, words(form).lost));
    busy(button, false);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-confirm-ask]");
    if (button) confirm(button.form, button);
  });

  // The button is there only where the browser can do it; elsewhere the page says why not.
  panel.offerConsent = (root) => {
    for (const button of root.querySelectorAll("[data-confirm-ask]")) button.hidden = !offered();
    for (const note of root.querySelectorAll("[data-confirm-missing]")) note.hidden = offered();
  };
  panel.offerConsent(document);
  // Back from the next page, which the browser may have kept as it was left.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
})();

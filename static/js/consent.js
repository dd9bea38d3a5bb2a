// `form[data-passkey="challenge"]`: its `data-passkey-ask` button has the browser ask one of the passkeys
// `data-passkey-ids` to sign the challenge, and sends the answer in the field `assertion`. With `data-passkey-stay` the
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
        challenge: bytes(form.dataset.passkey),
        rpId: form.dataset.passkeyRp,
        allowCredentials: form.dataset.passkeyIds.split(" ").map((id) => ({ type: "public-key", id: bytes(id) })),
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
    const trouble = form.closest("[data-consent]").querySelector("[data-passkey-trouble]");
    trouble.querySelector("[data-passkey-words]").textContent = words ?? "";
    trouble.hidden = words === undefined;
  };

  const words = (form) => form.closest("[data-consent]").querySelector("[data-passkey-trouble]").dataset;

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
    if (form.dataset.passkeyStay === undefined) return form.submit();
    await send(form).catch(() => complain(form, words(form).lost));
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-passkey-ask]");
    if (button) confirm(button.form, button);
  });

  // The button is there only where the browser can do it; elsewhere the page says why not.
  panel.offerPasskey = (root) => {
    for (const button of root.querySelectorAll("[data-passkey-ask]")) button.hidden = !offered();
    for (const note of root.querySelectorAll("[data-passkey-missing]")) note.hidden = offered();
  };
  panel.offerPasskey(document);
  // Back from the next page, which the browser may have kept as it was left.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
})();

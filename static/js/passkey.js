// A form with `data-passkey="add"` or `"use"` asks the browser for a passkey when it is sent. `data-options` holds what
// the server asks (JSON; binary values as base64url), or `data-options-url` where to get it; the answer goes into the
// field `credential` in the same spelling.
"use strict";

(() => {
  const bytes = (text) => {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
  };

  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");

  const described = (credentials) => (credentials || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const ask = {
    add: (options) =>
      navigator.credentials.create({
        publicKey: {
          ...options,
          challenge: bytes(options.challenge),
          user: { ...options.user, id: bytes(options.user.id) },
          excludeCredentials: described(options.excludeCredentials),
        },
      }),
    use: (options) =>
      navigator.credentials.get({
        publicKey: {
          ...options,
          challenge: bytes(options.challenge),
          allowCredentials: described(options.allowCredentials),
        },
      }),
  };

  const FIELDS = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];

  const spelled = (credential) => {
    const response = {};
    for (const name of FIELDS) if (credential.response[name]) response[name] = text(credential.response[name]);
    if (credential.response.getTransports) response.transports = credential.response.getTransports();
    return JSON.stringify({
      type: credential.type,
      id: credential.id,
      rawId: text(credential.rawId),
      authenticatorAttachment: credential.authenticatorAttachment,
      clientExtensionResults: credential.getClientExtensionResults(),
      response,
    });
  };

  const optionsOf = async (form) => {
    if (!form.dataset.optionsUrl) return JSON.parse(form.dataset.options);
    const answer = await fetch(form.dataset.optionsUrl, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`the options were refused with ${answer.status}`);
    return answer.json();
  };

  const say = (form, which) => {
    const line = form.querySelector("[data-passkey-failed]");
    line.setAttribute("role", "alert");
    line.textContent = line.dataset[which];
    line.hidden = false;
    for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
    delete form.dataset.sent;
  };

  const answer = async (form) => {
    const { publicKey } = await optionsOf(form);
    const credential = await ask[form.dataset.passkey](publicKey);
    form.querySelector("[name=credential]").value = spelled(credential);
    HTMLFormElement.prototype.submit.call(form);
  };

  // The sign-in page shows the button only where there is something behind it; `data-with` goes along with a form.
  for (const form of document.querySelectorAll("[data-passkey][hidden]")) {
    if (!window.PublicKeyCredential) continue;
    form.hidden = false;
    for (const other of document.querySelectorAll(`[data-with="${form.id}"]`)) other.hidden = false;
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-passkey]")) return;
    event.preventDefault();
    if (!window.PublicKeyCredential) return say(form, "passkeyMissing");
    // Cancelled, timed out, refused by the device: the browser does not tell which, on purpose.
    answer(form).catch(() => say(form, "passkeyFailed"));
  });
})();

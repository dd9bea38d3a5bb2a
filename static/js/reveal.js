// `[data-reveal]`: shows a key in this tab alone. The tab makes a pair of keys, sends the public half, and opens what a
// worker sealed to it; the private half cannot leave the browser. What was opened stands in no element before “Show” is
// pressed, and is gone after `data-reveal-seconds` or when the page is left.
"use strict";

(() => {
  const PAUSE = 300;
  const PATIENCE = 90000;
  // While a second person has to confirm, nobody hurries.
  const LONG_PAUSE = 3000;
  const DOTS = "•".repeat(24);
  const suite = () =>
    new hpke.CipherSuite({
      kem: new hpke.DhkemP256HkdfSha256(),
      kdf: new hpke.HkdfSha256(),
      aead: new hpke.Aes256Gcm(),
    });

  const possible = () => Boolean(window.isSecureContext && window.crypto?.subtle && window.hpke);

  const post = (form, url, fields) => {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    return fetch(url, { method: "POST", body, headers: { "X-Requested-With": "panel" } });
  };

  const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

  class Refused extends Error {}

  // One of the six words, as the pages of approvals show it (_words.html).
  const item = (word, index) => {
    const [row, number] = [document.createElement("li"), document.createElement("small")];
    number.textContent = index + 1;
    row.append(number, word);
    return row;
  };

  // Signing in again, or confirming one's password, answers from elsewhere: the page itself has to go there.
  const checked = async (answer) => {
    if (answer.redirected) {
      location.reload();
      await new Promise(() => {});
    }
    if (answer.ok) return answer;
    const type = answer.headers.get("Content-Type") ?? "";
    throw new Refused(type.includes("json") ? (await answer.json()).error : "");
  };

  class Reveal {
    constructor(root) {
      this.root = root;
      this.form = root.querySelector("[data-reveal-ask]");
      this.stage = root.querySelector("[data-reveal-stage]");
      this.trouble = root.querySelector("[data-reveal-trouble]");
      this.start = root.querySelector("[data-reveal-start]");
      this.start.addEventListener("click", () => this.run(() => this.ask()));
      this.stage.addEventListener("panel:confirmed", () => this.run(() => this.wait()));
      this.start.hidden = !possible();
      root.querySelector("[data-reveal-missing]").hidden = possible();
      addEventListener("pagehide", () => this.forget());
    }

    async run(step) {
      this.complain();
      this.start.disabled = true;
      try {
        await step();
      } catch (error) {
        this.forget();
        this.stage.replaceChildren();
        this.complain(error instanceof Refused && error.message ? error.message : this.trouble.dataset.lost);
        this.form.hidden = false;
        this.start.disabled = false;
      }
    }

    complain(words) {
      this.trouble.querySelector("[data-reveal-words]").textContent = words ?? "";
      this.trouble.hidden = words === undefined;
    }

    async ask() {
      this.pair = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
      const reader = panel.base64url.text(await crypto.subtle.exportKey("raw", this.pair.publicKey));
      const answer = await checked(await post(this.form, this.form.action, { reader }));
      this.stage.innerHTML = await answer.text();
      this.form.hidden = true;
      panel.offerConsent(this.stage);
      this.stage.querySelector("[data-confirm-ask]:not([hidden])")?.focus();
      if (!this.stage.querySelector("[data-consent]")) await this.wait();
    }

    // Until the worker has sealed it. It is handed out once.
    async wait() {
      const asked = this.stage.querySelector("[data-reveal-sealed]");
      const { revealSealed: url, operation, team, what } = asked.dataset;
      this.said = "";
      this.put("waiting");
      let last = Date.now() + PATIENCE;
      while (Date.now() < last) {
        const answer = await checked(await post(this.form, url, {}));
        const told = await answer.json();
        if (answer.status === 200) return this.open(told.sealed, [operation, team, what]);
        if (told.waits) last = Date.now() + PATIENCE;
        this.say(told);
        await sleep(told.waits ? LONG_PAUSE : PAUSE);
      }
      throw new Refused(this.trouble.dataset.late);
    }

    // What the tab waits for: a worker, or a person who compares the six words of the digest.
    say({ waits = "", words = [] }) {
      const said = [waits, ...words].join(" ");
      if (said === this.said) return;
      this.said = said;
      this.put(waits ? "person" : "waiting");
      if (!waits) return;
      this.stage.querySelector("[data-reveal-waits]").textContent = waits;
      this.stage.querySelector("[data-reveal-six]").replaceChildren(...words.map(item));
      panel.announce(waits);
    }

    put(name) {
      this.stage.replaceChildren(this.root.querySelector(`[data-reveal-${name}]`).content.cloneNode(true));
    }

    async open(sealed, place) {
      const bytes = panel.base64url.bytes(sealed);
      const info = new TextEncoder().encode(["run402-panel/reveal/v1", ...place].join("\0"));
      const opened = await suite().open({ recipientKey: this.pair, enc: bytes.slice(0, 65), info }, bytes.slice(65));
      this.pair = null;
      this.secret = new TextDecoder().decode(opened);
      this.show();
    }

    show() {
      this.put("shown");
      const part = (name) => this.stage.querySelector(`[data-reveal-${name}]`);
      part("value").textContent = DOTS;
      part("toggle").addEventListener("click", (event) => this.toggle(event.currentTarget, part("value")));
      part("copy").addEventListener("click", (event) => this.copy(event.currentTarget));
      part("file")?.addEventListener("click", (event) => this.saveAllowance(event.currentTarget.dataset));
      part("keystore")?.addEventListener("submit", (event) => this.saveKeystore(event));
      part("toggle").focus();
      this.count(part("left"), Number(this.root.dataset.revealSeconds));
      panel.announce(this.root.dataset.revealReady);
    }

    toggle(button, value) {
      const shown = button.getAttribute("aria-pressed") === "true";
      button.setAttribute("aria-pressed", String(!shown));
      button.querySelector("[data-label]").textContent = shown ? button.dataset.show : button.dataset.hide;
      value.textContent = shown ? DOTS : this.secret;
    }

    // No field in the page is used for it, as copy.js does where it must: the key would stand there.
    async copy(button) {
      this.complain();
      try {
        await navigator.clipboard.writeText(this.secret);
      } catch {
        return this.complain(this.trouble.dataset.uncopied);
      }
      button.classList.add("copied");
      panel.announce(document.body.dataset.copied);
      setTimeout(() => button.classList.remove("copied"), 1200);
    }

    // The file as the Run402 CLI keeps it, made here.
    saveAllowance({ address, rail }) {
      const allowance = { address, privateKey: this.secret, created: new Date().toISOString(), rail };
      this.save(JSON.stringify(allowance, null, 2), "allowance.json");
    }

    // The same key under a password, which this form sends nowhere (keystore.js).
    async saveKeystore(event) {
      event.preventDefault();
      const [form, { address }] = [event.currentTarget, event.currentTarget.dataset];
      const [field, button] = [form.querySelector("input"), form.querySelector("button")];
      button.disabled = true;
      const made = await panel.keystore(this.secret, field.value, address);
      field.value = "";
      button.disabled = false;
      if (this.secret) this.save(made, "keystore.json");
    }

    save(text, name) {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
      link.download = name;
      link.click();
      URL.revokeObjectURL(link.href);
    }

    count(place, seconds) {
      place.textContent = seconds;
      this.clock = setInterval(() => {
        seconds -= 1;
        place.textContent = seconds;
        if (seconds <= 0) this.end();
      }, 1000);
    }

    end() {
      this.forget();
      this.put("gone");
      this.form.hidden = false;
      this.start.disabled = false;
    }

    forget() {
      clearInterval(this.clock);
      this.secret = null;
      this.pair = null;
      const value = this.stage.querySelector("[data-reveal-value]");
      if (value) value.textContent = DOTS;
    }
  }

  for (const root of document.querySelectorAll("[data-reveal]")) new Reveal(root);
})();

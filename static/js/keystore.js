// `panel.keystore(secret, password, address)`: a key as a keystore (version 3), which other wallets open with the password.
// It is made in this tab: neither key nor password leave it. PBKDF2, because browsers have it and scrypt they have not.
"use strict";

(() => {
  const ROUNDS = 600000;
  const RATE = 136;
  const LANE = (1n << 64n) - 1n;

  const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const unhex = (text) => Uint8Array.from(text.replace(/^0x/, "").match(/../g), (pair) => parseInt(pair, 16));
  const turned = (lane, by) => ((lane << BigInt(by)) | (lane >> BigInt(64 - by))) & LANE;

  const mixColumns = (state) => {
    const sums = [0, 1, 2, 3, 4].map((x) => [5, 10, 15, 20].reduce((sum, y) => sum ^ state[x + y], state[x]));
    for (let at = 0; at < 25; at += 1) state[at] ^= sums[(at + 4) % 5] ^ turned(sums[(at + 1) % 5], 1);
  };

  const moveLanes = (state) => {
    let [x, y, lane] = [1, 0, state[1]];
    for (let step = 0; step < 24; step += 1) {
      [x, y] = [y, (2 * x + 3 * y) % 5];
      [lane, state[x + 5 * y]] = [state[x + 5 * y], turned(lane, (((step + 1) * (step + 2)) / 2) % 64)];
    }
  };

  const mixRows = (state) => {
    for (let row = 0; row < 25; row += 5) {
      const old = state.slice(row, row + 5);
      for (let x = 0; x < 5; x += 1) state[row + x] = old[x] ^ (~old[(x + 1) % 5] & LANE & old[(x + 2) % 5]);
    }
  };

  const permute = (state) => {
    let shift = 1;
    for (let round = 0; round < 24; round += 1) {
      mixColumns(state);
      moveLanes(state);
      mixRows(state);
      for (let bit = 0; bit < 7; bit += 1) {
        shift = ((shift << 1) ^ ((shift >> 7) * 0x71)) % 256;
        if (shift & 2) state[0] ^= 1n << BigInt((1 << bit) - 1);
      }
    }
  };

  // Keccak-256 as Ethereum has it, which is older than SHA-3 and pads differently.
  const keccak = (bytes) => {
    const padded = new Uint8Array((Math.floor(bytes.length / RATE) + 1) * RATE);
    padded.set(bytes);
    padded[bytes.length] ^= 1;
    padded[padded.length - 1] ^= 0x80;
    const [state, view] = [new Array(25).fill(0n), new DataView(padded.buffer)];
    for (let at = 0; at < padded.length; at += RATE) {
      for (let lane = 0; lane < RATE / 8; lane += 1) state[lane] ^= view.getBigUint64(at + lane * 8, true);
      permute(state);
    }
    const digest = new DataView(new ArrayBuffer(32));
    for (let lane = 0; lane < 4; lane += 1) digest.setBigUint64(lane * 8, state[lane], true);
    return new Uint8Array(digest.buffer);
  };

  const derived = async (password, salt) => {
    const typed = await crypto.subtle.importKey("raw", new TextEncoder().encode(password), "PBKDF2", false, ["deriveBits"]);
    const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations: ROUNDS };
    return new Uint8Array(await crypto.subtle.deriveBits(how, typed, 256));
  };

  const encrypted = async (key, bytes, counter) => {
    const aes = await crypto.subtle.importKey("raw", key, "AES-CTR", false, ["encrypt"]);
    return new Uint8Array(await crypto.subtle.encrypt({ name: "AES-CTR", counter, length: 128 }, aes, bytes));
  };

  panel.keystore = async (secret, password, address) => {
    const [salt, iv] = [32, 16].map((size) => crypto.getRandomValues(new Uint8Array(size)));
    const key = await derived(password, salt);
    const ciphertext = await encrypted(key.slice(0, 16), unhex(secret), iv);
    const mac = keccak(Uint8Array.from([...key.slice(16), ...ciphertext]));
    const made = {
      address: address.replace(/^0x/, "").toLowerCase(),
      crypto: {
        cipher: "aes-128-ctr",
        cipherparams: { iv: hex(iv) },
        ciphertext: hex(ciphertext),
        kdf: "pbkdf2",
        kdfparams: { c: ROUNDS, dklen: 32, prf: "hmac-sha256", salt: hex(salt) },
        mac: hex(mac),
      },
      id: crypto.randomUUID(),
      version: 3,
    };
    return JSON.stringify(made, null, 2);
  };
})();

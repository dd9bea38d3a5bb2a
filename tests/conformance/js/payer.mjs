// What the published x402 client makes of the same challenges, with the clock and the dice that it is told.
import { x402Client } from "@x402/core/client";
import { encodePaymentSignatureHeader } from "@x402/core/http";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { privateKeyToAccount } from "viem/accounts";
import { readDocument, writeDocument } from "./lines.mjs";

const told = { now: 0, nonce: "" };
Date.now = () => told.now * 1000;
const random = crypto.getRandomValues.bind(crypto);
crypto.getRandomValues = (target) =>
  target.length === 32 ? (target.set(Buffer.from(told.nonce, "hex")), target) : random(target);

async function header({ key, challenge, now, nonce }) {
  Object.assign(told, { now, nonce });
  const client = new x402Client();
  client.register("eip155:84532", new ExactEvmScheme(privateKeyToAccount(key)));
  return encodePaymentSignatureHeader(await client.createPaymentPayload(challenge));
}

const headers = [];
for (const input of await readDocument()) headers.push(await header(input));
writeDocument(headers);

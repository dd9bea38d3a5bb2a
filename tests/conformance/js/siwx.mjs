// Judges sign-in headers: what the official client makes of the same input, and whether three verifiers accept ours.
import { SiweMessage } from "siwe";
import { verifyMessage } from "viem";
import { createSiweMessage } from "viem/siwe";
import { parseSIWxHeader, verifySIWxSignature } from "@x402/extensions/sign-in-with-x";
import { buildSIWxAuthHeaders, formatSIWEMessage } from "../node_modules/@run402/sdk/core-dist/allowance-auth.js";
import { readDocument, writeDocument } from "./lines.mjs";

function ofSdk({ key, fields }) {
  const { address, version, type, ...rest } = fields;
  return { ...rest, allowance: { address: address.toLowerCase(), privateKey: key } };
}

async function siweAccepts(text, signature, time) {
  const result = await new SiweMessage(text).verify({ signature, time }, { suppressExceptions: true });
  return result.success;
}

function ofViem(fields) {
  return createSiweMessage({
    ...fields,
    chainId: Number(fields.chainId.split(":")[1]),
    issuedAt: new Date(fields.issuedAt),
    expirationTime: new Date(fields.expirationTime),
  });
}

async function judge(input) {
  const { fields, text, header } = input;
  const { signature } = JSON.parse(Buffer.from(header, "base64").toString("utf8"));
  const later = new Date(Date.parse(fields.expirationTime) + 1000).toISOString();
  const other = text.replace(`Nonce: ${fields.nonce}`, `Nonce: ${fields.nonce.split("").reverse().join("")}a`);
  return {
    sdk: buildSIWxAuthHeaders(ofSdk(input))["SIGN-IN-WITH-X"] === header,
    text: formatSIWEMessage(ofSdk(input), fields.address) === text,
    siwe: await siweAccepts(text, signature, fields.issuedAt),
    viem_text: ofViem(fields) === text,
    viem: await verifyMessage({ address: fields.address, message: text, signature }),
    x402: (await verifySIWxSignature(parseSIWxHeader(header))).isValid,
    siwe_tampered: !(await siweAccepts(other, signature, fields.issuedAt)),
    siwe_late: !(await siweAccepts(text, signature, later)),
  };
}

const inputs = await readDocument();
const verdicts = [];
for (const input of inputs) verdicts.push(await judge(input));
writeDocument(verdicts);

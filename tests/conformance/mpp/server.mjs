// A server that takes MPP, by npm `mppx`. Asked for nothing, it answers where it listens and what reached its handlers.
import express from "express";
import { Mppx, tempo } from "mppx/express";
import { createClient, http } from "viem";
import { tempoModerato } from "viem/chains";
import { answerLines } from "../js/lines.mjs";

const { RPC_URL, RECIPIENT, PATH_USD, OTHER_TOKEN } = process.env;
const chain = { ...tempoModerato, rpcUrls: { default: { http: [RPC_URL] } } };
const client = createClient({ chain, transport: http(RPC_URL), pollingInterval: 50 });

function taking(currency, options = {}) {
  const charge = tempo.charge({ testnet: true, currency, recipient: RECIPIENT, getClient: () => client });
  return Mppx.create({ secretKey: "a".repeat(48), realm: "127.0.0.1", methods: [charge], ...options });
}

const reached = [];
const mppx = taking(PATH_USD);
const app = express();
app.use((request, response, next) => {
  response.on("finish", () => reached.push([request.path, response.statusCode]));
  next();
});
app.get("/paid", mppx.charge({ amount: "0.1" }), (request, response) => response.json({ data: "paid" }));
app.get("/dear", mppx.charge({ amount: "5" }), (request, response) => response.json({ data: "dear" }));
app.get("/broken", mppx.charge({ amount: "0.1" }), (request, response) => response.status(500).json({ code: "BROKEN" }));
app.get("/free", (request, response) => response.json({ data: "free" }));
app.get("/other", taking(OTHER_TOKEN).charge({ amount: "0.1" }), (request, response) => response.json({ data: "other" }));
app.get("/keyed", taking(PATH_USD, { requiresAuth: true }).charge({ amount: "0.1" }), (request, response) =>
  response.json({ data: request.headers.authorization }),
);
const server = app.listen(0, "127.0.0.1", async () => {
  await answerLines(async () => ({ port: server.address().port, reached: reached.splice(0) }));
  process.exit(0);
});

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
// A tier, as a gateway that takes MPP would sell it; `lost` is the tier whose answer never arrives.
const day = 86400000;
let status = { tier: null, active: false };
function sold(request, response) {
  const tier = request.params.tier;
  const lease = { lease_started_at: new Date().toISOString(), lease_expires_at: new Date(Date.now() + 7 * day).toISOString() };
  status = { tier, active: true, ...lease };
  if (tier === "lost") return request.socket.destroy();
  response.json({ wallet: "0x0", action: "subscribe", tier, previous_tier: null, ...lease });
}
app.get("/tiers/v1/status", (request, response) => response.json(status));
app.post("/tiers/v1/dear", mppx.charge({ amount: "5" }), sold);
app.post("/tiers/v1/:tier", mppx.charge({ amount: "0.1" }), sold);
const server = app.listen(0, "127.0.0.1", async () => {
  await answerLines(async () => ({ port: server.address().port, reached: reached.splice(0) }));
  process.exit(0);
});

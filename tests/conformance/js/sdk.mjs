// The official SDK as a driver of the scenario: a line names a step, the answer is what the SDK made of it.
// Every step has a fresh run402(), as every command of the official CLI has.
import fs from "node:fs";
import path from "node:path";
import { answerLines } from "./lines.mjs";

const { PRIVATE_KEY, ADDRESS, RPC_URL, RUN402_CONFIG_DIR } = process.env;
const allowance = { address: ADDRESS.toLowerCase(), privateKey: PRIVATE_KEY, created: new Date().toISOString(), funded: true };
fs.writeFileSync(path.join(RUN402_CONFIG_DIR, "allowance.json"), JSON.stringify(allowance), { mode: 0o600 });

// The SDK asks viem's built-in addresses for balances and offers no setting for them; only their host is changed here.
const CHAINS = new Set(["mainnet.base.org", "sepolia.base.org"]);
const plainFetch = globalThis.fetch;
globalThis.fetch = (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input);
  return CHAINS.has(url.hostname) ? plainFetch(RPC_URL, init ?? input) : plainFetch(input, init);
};

const { run402 } = await import("@run402/sdk/node");

function bytes(value) {
  if (Array.isArray(value)) return value.map(bytes);
  if (value === null || typeof value !== "object") return value;
  if (typeof value.$base64 === "string") return new Uint8Array(Buffer.from(value.$base64, "base64"));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, bytes(item)]));
}

const STEPS = {
  quote: (r) => r.projects.getQuote(),
  account: (r) => r.billing.getOrganization(ADDRESS),
  ledger: (r) => r.billing.getHistory(ADDRESS, { limit: 200 }),
  checkout: async (r, { wanted }) => r.billing.createCheckout((await r.billing.getOrganization(ADDRESS)).org_id, wanted),
  tier_status: (r) => r.tier.status(),
  faucet: (r) => r.allowance.faucet(ADDRESS),
  tier_set: (r, { tier }) => r.tier.set(tier),
  provision: (r, options) => r.projects.provision(options),
  projects: (r) => r.projects.list(),
  usage: (r, _, p) => p.projects.getUsage(),
  plan: async (r, { spec }, p) => (await p.apply.plan(spec, { dryRun: true })).plan,
  apply: (r, { spec, options }, p) => p.apply(bytes(spec), options),
  active: (r, _, p) => p.apply.getActiveRelease(),
  release: (r, { release }, p) => p.apply.getRelease(release),
  diff: (r, { from, to }, p) => p.apply.diff({ from, to }),
  resolve: (r, { url }, p) => p.apply.resolve({ url }),
  operations: (r, _, p) => p.apply.list(),
  operation: (r, { operation }, p) => p.apply.status(operation),
  events: (r, { operation }, p) => p.apply.events(operation),
  resume: (r, { operation }, p) => p.apply.resume(operation),
  promote: (r, { release, allow }, p) => p.apply.promote(release, { allowWarningCodes: allow ?? [] }),
  subdomains: (r, _, p) => p.subdomains.list(),
  subdomain_claim: (r, { name, deployment }, p) => p.subdomains.claim(name, deployment),
  subdomain_release: (r, { name }, p) => p.subdomains.delete(name),
  secret_set: (r, { key, value }, p) => p.secrets.set(key, value),
  secrets: (r, _, p) => p.secrets.list(),
  secret_delete: (r, { key }, p) => p.secrets.delete(key),
  sql: (r, { sql, params }, p) => p.projects.sql(sql, params),
  rest: (r, { table, options }, p) => p.projects.restResponse(table, options),
  schema: (r, _, p) => p.projects.getSchema(),
  expose: (r, _, p) => p.projects.getExpose(),
  functions: (r, _, p) => p.functions.list(),
  invoke: (r, { name, options }, p) => p.functions.invoke(name, options),
  logs: (r, { name }, p) => p.functions.logs(name),
  function_delete: (r, { name }, p) => p.functions.delete(name),
  assets: (r, _, p) => p.assets.ls(),
  asset_get: async (r, { key }, p) => ({ text: await (await p.assets.get(key)).text() }),
  asset_delete: (r, { key }, p) => p.assets.rm(key),
  job_submit: (r, { type, input, most }, p) =>
    p.jobs.submit({ jobType: type, input: { inputJson: input }, maxCostUsdMicros: most }),
  job: (r, { job }, p) => p.jobs.get(job),
  job_logs: (r, { job }, p) => p.jobs.logs(job),
  job_artifact: async (r, { job, name }, p) => ({ text: await (await p.jobs.downloadArtifact(job, name)).text() }),
  job_cancel: (r, { job }, p) => p.jobs.cancel(job),
  delete: (r, _, p) => p.projects.delete(),
};

function told(error) {
  const { code, status, body } = error;
  return { name: error.name, message: error.message, code: code ?? body?.code ?? null, status: status ?? null };
}

let project;
await answerLines(async ({ step, args }) => {
  try {
    const r = run402();
    const value = await STEPS[step](r, args, project ? await r.project(project) : undefined);
    if (step === "provision") project = value.project_id;
    return { value: value ?? null };
  } catch (error) {
    return { error: told(error) };
  }
});

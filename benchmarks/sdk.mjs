// The official SDK as the baseline: deploys one folder to a new project, twice, and prints the seconds of each.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const { PRIVATE_KEY, ADDRESS, RUN402_CONFIG_DIR, SDK_HOME, SITE } = process.env;
const allowance = { address: ADDRESS.toLowerCase(), privateKey: PRIVATE_KEY, created: new Date().toISOString(), funded: true };
fs.writeFileSync(path.join(RUN402_CONFIG_DIR, "allowance.json"), JSON.stringify(allowance), { mode: 0o600 });

const sdk = path.join(SDK_HOME, "node_modules", "@run402", "sdk", "dist", "node", "index.js");
const { run402, fileSetFromDir } = await import(pathToFileURL(sdk));

const r = run402();
const { project_id } = await r.projects.provision({ name: "Benchmark of the SDK" });
const project = await r.project(project_id);

async function deploy() {
  const began = performance.now();
  await project.apply({ site: { replace: await fileSetFromDir(SITE) } });
  return (performance.now() - began) / 1000;
}

const first = await deploy();
const unchanged = [];
for (let round = 0; round < Number(process.env.ROUNDS); round += 1) unchanged.push(await deploy());
process.stdout.write(JSON.stringify({ first, unchanged }));

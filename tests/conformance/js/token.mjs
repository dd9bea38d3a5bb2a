// Compiles the token; its code and that of Multicall3, which facilitators ask for exact refusals.
import fs from "node:fs";
import { createRequire } from "node:module";
import { multicall3Bytecode } from "../node_modules/viem/_esm/constants/contracts.js";
import { readDocument, writeDocument } from "./lines.mjs";

const solc = createRequire(import.meta.url)("solc");
const packages = new URL("../node_modules/", import.meta.url);
const { contract } = await readDocument();

const input = {
  language: "Solidity",
  sources: { token: { content: fs.readFileSync(new URL(`../${contract}.sol`, import.meta.url), "utf8") } },
  settings: {
    optimizer: { enabled: true, runs: 200 },
    evmVersion: "cancun",
    outputSelection: { token: { [contract]: ["evm.bytecode.object"] } },
  },
};
const output = JSON.parse(
  solc.compile(JSON.stringify(input), {
    import: (path) => ({ contents: fs.readFileSync(new URL(path, packages), "utf8") }),
  }),
);
const errors = (output.errors ?? []).filter((error) => error.severity === "error");
if (errors.length) throw new Error(errors.map((error) => error.formattedMessage).join("\n"));
writeDocument({
  token: "0x" + output.contracts.token[contract].evm.bytecode.object,
  multicall: multicall3Bytecode,
});

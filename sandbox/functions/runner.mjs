// Runs one call of one function. Standard input holds the job as JSON, the outcome goes to the file it names;
// standard output and error are the function's own and become its log.
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const job = JSON.parse(readFileSync(0, "utf8"));

function finish(outcome) {
  writeFileSync(job.outcome, JSON.stringify(outcome));
  process.exit(0);
}

function fail(kind, error) {
  const missing = /^Cannot find package '([^']+)'/.exec(error?.message ?? "");
  if (error?.code === "ERR_MODULE_NOT_FOUND" && missing) {
    finish({ failure: "missing_package", message: missing[1] });
  }
  console.error(error?.stack ?? String(error));
  finish({ failure: kind, message: String(error?.message ?? error) });
}

// A single source has no name, so it may be TypeScript: when it is no JavaScript, it is read as that.
async function load(entry) {
  try {
    return await import(pathToFileURL(entry));
  } catch (error) {
    if (!(error instanceof SyntaxError) || !job.mayBeTypeScript) throw error;
    if (!process.features.typescript) {
      error.message += ` (if this is TypeScript: it needs Node 22.18 or newer, and this is ${process.version})`;
      throw error;
    }
    const typed = entry.replace(/\.mjs$/, ".mts");
    copyFileSync(entry, typed);
    return await import(pathToFileURL(typed));
  }
}

function request() {
  const { method, url, headers, body } = job.request;
  return new Request(url, { method, headers, body: body === null ? undefined : Buffer.from(body, "base64") });
}

async function answer(response) {
  if (!(response instanceof Response)) throw new TypeError("The function did not return a Response.");
  const body = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: [...response.headers], body: body.toString("base64") };
}

process.on("uncaughtException", (error) => fail("threw", error));
process.on("unhandledRejection", (error) => fail("threw", error));

try {
  const handler = (await load(job.entry)).default;
  if (typeof handler !== "function") throw new TypeError("The module has no function as its default export.");
  try {
    finish({ response: await answer(await handler(request())) });
  } catch (error) {
    fail("threw", error);
  }
} catch (error) {
  fail(error?.code === "ERR_UNKNOWN_FILE_EXTENSION" ? "typescript" : "unloadable", error);
}

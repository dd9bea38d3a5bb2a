// JSON in, JSON out: one document for a script that runs once, one a line for a script that stays.
import readline from "node:readline";

export async function readDocument() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}

export function writeDocument(value) {
  process.stdout.write(JSON.stringify(value) + "\n");
}

export async function answerLines(answer) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    writeDocument(await answer(JSON.parse(line)));
  }
}

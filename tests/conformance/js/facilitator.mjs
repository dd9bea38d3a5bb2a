// The facilitator of @x402/core and @x402/evm over a chain, without HTTP: verify and settle, a line each.
import { x402Facilitator } from "@x402/core/facilitator";
import { toFacilitatorEvmSigner } from "@x402/evm";
import { registerExactEvmScheme } from "@x402/evm/exact/facilitator";
import { createWalletClient, http, publicActions } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { baseSepolia } from "viem/chains";
import { answerLines } from "./lines.mjs";

const account = privateKeyToAccount(process.env.FACILITATOR_KEY);
const transport = http(process.env.RPC_URL);
const wallet = createWalletClient({ account, chain: baseSepolia, transport, pollingInterval: 50 });
const signer = toFacilitatorEvmSigner({ ...wallet.extend(publicActions), address: account.address });
const facilitator = new x402Facilitator();
registerExactEvmScheme(facilitator, { signer, networks: "eip155:84532" });

async function verdict({ act, payload, requirements }) {
  if (act === "verify") {
    const result = await facilitator.verify(payload, requirements);
    return { yes: result.isValid, reason: result.invalidReason ?? null };
  }
  const result = await facilitator.settle(payload, requirements);
  return { yes: result.success, reason: result.errorReason ?? null, transaction: result.transaction };
}

await answerLines(async (question) => {
  try {
    return await verdict(question);
  } catch (error) {
    return { yes: false, reason: `${error.name}: ${error.message}`.slice(0, 300) };
  }
});

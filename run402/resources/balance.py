"""The chain itself: what an address holds, and whether an authorization was used (contract: identity 4.2).

Plain JSON-RPC over the client's own connections, without credentials. An answer that is missing, malformed or
from another chain counts as no answer; no answer raises BalanceUnknown.
"""

from __future__ import annotations

from run402.reading import MAX_INTEGER
from run402.resources.providers import AGREEING, WORD, NoAnswer, Providers, chain_unknown, padded, token_of
from run402.x402 import MAINNET, TESTNET

BALANCE_OF = "0x70a08231"
AUTHORIZATION_STATE = "0xe94a0102"

# What the official client asks when nothing else is configured (contract: identity 3.7).
PUBLIC_RPC_URLS: dict[str, tuple[str, ...]] = {
    MAINNET: ("https://mainnet.base.org", "https://base-rpc.publicnode.com", "https://1rpc.io/base"),
    TESTNET: (
        "https://sepolia.base.org",
        "https://base-sepolia-rpc.publicnode.com",
        "https://base-sepolia.drpc.org",
    ),
}


class BalanceResource(Providers):
    """``client.balance``, over the ``rpc_urls`` the client was made with; they may serve different chains.

    >>> from run402 import Client
    >>> Client("https://api.run402.com").balance.usdc(TESTNET, "0xc06d73162E9BffbCfBF1DA59C511002A8F9155E5")
    Traceback (most recent call last):
    run402.errors.BalanceUnknown: The chain could not be read, so nothing is known about this balance.
    """

    def usdc(self, network: str, address: str) -> int:
        """USDC of ``address`` on ``network`` (CAIP-2), in micros, from the first provider that answers soundly.

        Raises BalanceUnknown when none has one, and ValueError for a network or address that cannot be.
        """
        token, owner = token_of(network), padded(address)
        reasons: list[str] = []
        for url in self._rpc_urls:
            try:
                self.require_chain(url, network)
                return _possible(self._call(url, token, BALANCE_OF + owner, "latest"))
            except NoAnswer as error:
                reasons.append(str(error))
        raise chain_unknown(network, reasons)

    def authorization_used(
        self,
        network: str,
        address: str,
        nonce: str,
        *,
        after: int | None = None,
        agreeing: int | None = None,
    ) -> bool:
        """Whether the EIP-3009 authorization ``nonce`` of ``address`` was used: settled or cancelled.

        ``agreeing`` providers must say the same; by default two, or the one that there is. ``after`` is a unix
        time: a provider counts only when its latest block is later, and its state is read at that very block.
        Pass ``valid_before`` to learn that a payment can no longer settle. Raises BalanceUnknown otherwise.
        """
        token = token_of(network)
        data = AUTHORIZATION_STATE + padded(address) + _nonce_word(nonce)
        answers, reasons, serving = self.ask_all(
            network, lambda url: self._truth(url, token, data, self._block(url, after))
        )
        wanted = min(AGREEING, serving) if agreeing is None else agreeing
        if not answers or len(set(answers)) > 1 or len(answers) < wanted:
            raise chain_unknown(
                network, reasons or [f"{len(answers)} of {serving} answered, and they must agree"]
            )
        return answers[0]

    def _block(self, url: str, after: int | None) -> str:
        """The block to read at: the latest, which must be later than ``after``."""
        if after is None:
            return "latest"
        return hex(self.block_after(url, after)[0])

    def _truth(self, url: str, token: str, data: str, block: str) -> bool:
        value = self._call(url, token, data, block)
        if value not in (0, 1):
            raise NoAnswer("a provider's answer is neither yes nor no")
        return value == 1

    def _call(self, url: str, token: str, data: str, block: str) -> int:
        """One uint256. An address without a contract answers ``0x``, which is no number and so no answer."""
        result = self.rpc(url, "eth_call", {"to": token, "data": data}, block)
        if not isinstance(result, str) or not WORD.fullmatch(result):
            raise NoAnswer("a provider's answer is no number")
        return int(result, 16)


def _possible(micros: int) -> int:
    if micros > MAX_INTEGER:
        raise NoAnswer("a provider's answer is more than there is")
    return micros


def _nonce_word(nonce: str) -> str:
    if not WORD.fullmatch(nonce):
        raise ValueError("A payment's nonce is 0x and 64 hexadecimal digits.")
    return nonce[2:].lower()

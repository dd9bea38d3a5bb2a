"""A client for Run402 gateways: typed, synchronous, careful with money. README.md tells more."""

from run402 import errors, ignore, mime, names, siwx, spec, x402
from run402.capabilities import Capabilities
from run402.client import Client
from run402.releasing import Release
from run402.signers import LocalSigner, Signer, address_of, new_key
from run402.wire import Exchange

__all__ = [
    "Capabilities",
    "Client",
    "Exchange",
    "LocalSigner",
    "Release",
    "Signer",
    "address_of",
    "errors",
    "ignore",
    "mime",
    "names",
    "new_key",
    "siwx",
    "spec",
    "x402",
]

"""The release spec: typed values, every authoring form, local validation, and the wire (contract: apply 2.2 to 2.4).

``parse`` reads what people write, ``ReleaseSpec`` is what it says, ``to_cloud`` and ``to_core`` are what is sent.
"""

from run402.spec.assets import AssetPut, Assets, AssetSync, PruneConfirmation
from run402.spec.base import Base
from run402.spec.canonical import canonical_json, document_digest, sha256_hex
from run402.spec.checks import Check
from run402.spec.content import BytesSource, ContentRef, Files, PathSource, Source, folder, reference
from run402.spec.database import Database, Migration
from run402.spec.expose import Expose, ExposedRpc, ExposedTable, ExposedView
from run402.spec.functions import Function, FunctionConfig, FunctionPatch, Functions, RoleGate
from run402.spec.i18n import I18n
from run402.spec.parsing import Parsed, parse
from run402.spec.release import ReleaseSpec
from run402.spec.routes import Route, Routes, Target
from run402.spec.secret_names import Secrets
from run402.spec.site import PublicPath, PublicPaths, Site, SitePatch
from run402.spec.spelling import cloud_reference, cloud_spelling
from run402.spec.subdomains import Subdomains
from run402.spec.triggers import Trigger
from run402.spec.values import ABSENT

__all__ = [
    "ABSENT",
    "AssetPut",
    "AssetSync",
    "Assets",
    "Base",
    "BytesSource",
    "Check",
    "ContentRef",
    "Database",
    "Expose",
    "ExposedRpc",
    "ExposedTable",
    "ExposedView",
    "Files",
    "Function",
    "FunctionConfig",
    "FunctionPatch",
    "Functions",
    "I18n",
    "Migration",
    "Parsed",
    "PathSource",
    "PruneConfirmation",
    "PublicPath",
    "PublicPaths",
    "ReleaseSpec",
    "RoleGate",
    "Route",
    "Routes",
    "Secrets",
    "Site",
    "SitePatch",
    "Source",
    "Subdomains",
    "Target",
    "Trigger",
    "canonical_json",
    "cloud_reference",
    "cloud_spelling",
    "document_digest",
    "folder",
    "parse",
    "reference",
    "sha256_hex",
]

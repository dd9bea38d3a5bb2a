#!/bin/sh
# Bundles @hpke/core for the browser: static/vendor/hpke.min.js. Needs Node with npm, and the npm registry.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes >/dev/null
npm install --ignore-scripts --no-audit --no-fund @hpke/core@1.9.0 esbuild@0.28.2
echo 'export { Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from "@hpke/core";' >entry.js
npx esbuild entry.js --bundle --minify --format=iife --global-name=hpke --target=es2022 --legal-comments=none \
  --outfile="$root/static/vendor/hpke.min.js"
cp node_modules/@hpke/core/LICENSE "$root/static/vendor/hpke-LICENSE.txt"
if grep -nE 'sourceMappingURL|eval\(|new Function' "$root/static/vendor/hpke.min.js"; then
  echo "The bundle holds what our policies forbid." >&2
  exit 1
fi

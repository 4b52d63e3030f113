#!/bin/sh
# Fetch the vendored front-end files anew from pinned npm packages and write their hashes. Needs npm.
# To take a newer version: change it here and in the templates that name the file, run, read the diff.
set -eu

WEUI=2.6.26

root=$(cd "$(dirname "$0")/.." && pwd)
vendor=$root/bot/static/vendor
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# npm checks the package against the registry's own checksum.
cd "$work"
npm pack --silent "weui@$WEUI" >/dev/null
tar -xzf "weui-$WEUI.tgz"

rm -rf "$vendor"
mkdir -p "$vendor"
cp package/dist/style/weui.min.css "$vendor/weui-$WEUI.min.css"
cp package/LICENSE.txt "$vendor/weui-$WEUI.LICENSE.txt"
cd "$vendor"
LC_ALL=C sha256sum weui-* >SHA256SUMS
cat SHA256SUMS

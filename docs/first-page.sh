#!/bin/sh
# Makes docs/report-first-page.png, the picture in README.md, from the sample. Needs pdftoppm (poppler).
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo run --release --quiet -- assess samples/meridian/2026-q2 -o "$work/out" --report pdf --quiet
pdftoppm -png -r 80 -f 1 -l 1 -singlefile "$work/out/report.pdf" docs/report-first-page

#!/usr/bin/env python3
"""Compare the oracle's figures with the product's.

    python3 compare.py ORACLE.json PRODUCT.json      ("-" reads one of them from standard input)

Both are JSON objects with figures under "total"; the oracle's is what aws_counts.py prints. Every figure of either side
must be on the other, as a whole number, and equal. Exit code 0 if so; 1 with a table of what differs; 2 if an input
cannot be read. An empty "total" is an input that cannot be read, for it would agree with anything.
"""
import json
import sys


def totals(name):
    text = sys.stdin.read() if name == "-" else open(name, encoding="utf-8").read()
    total = json.loads(text)["total"]
    if not isinstance(total, dict) or not total:
        raise ValueError("\"total\" is empty or no object")
    return total


def whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


def main(names):
    if len(names) != 2 or names == ["-", "-"]:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    sides = []
    for name in names:
        try:
            sides.append(totals(name))
        except (OSError, ValueError, KeyError, TypeError) as fault:
            print(f"error: {name}: {type(fault).__name__}: {fault}", file=sys.stderr)
            return 2
    oracle, product = sides
    figures = list(oracle) + [f for f in product if f not in oracle]
    shown = lambda side, figure: json.dumps(side[figure]) if figure in side else "missing"
    rows = []
    for figure in figures:
        equal = figure in oracle and figure in product and whole(oracle[figure]) and whole(product[figure]) \
            and oracle[figure] == product[figure]
        if not equal:
            gap = f"{product[figure] - oracle[figure]:+d}" if whole(oracle.get(figure)) and whole(product.get(figure)) else ""
            rows.append((figure, shown(oracle, figure), shown(product, figure), gap))
    if not rows:
        print(f"{len(figures)} figures agree")
        return 0
    table = [("figure", "oracle", "product", "gap")] + rows
    widths = [max(len(row[n]) for row in table) for n in range(4)]
    print(f"{len(rows)} of {len(figures)} figures differ:")
    for row in table:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    print("aws_counts.py --explain names what the oracle counted.")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

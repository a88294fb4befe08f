"""Made-up employees, and whether each has left within a year: `python3 employees.py ROWS SEED` prints a table as CSV.

Who works much, is content with little and has been there for a short time leaves; in sales and on a temporary contract
sooner, and who is paid well above the department later. Nothing in it is about anybody.
"""

import csv
import math
import random
import sys

PAY = {"engineering": 5200, "sales": 4300, "support": 3400, "logistics": 3100}


def employee(chance: random.Random) -> dict[str, object]:
    """One of them."""
    department, contract = chance.choice(list(PAY)), chance.choice(["permanent", "permanent", "temporary"])
    hours, content = chance.gauss(40, 6), chance.uniform(0, 10)
    years, pay = chance.expovariate(1 / 5), PAY[department] * chance.gauss(1, 0.15)
    overworked = 3.0 if hours > 45 and content < 6 else 0.0
    settled = -2.0 if years > 4 and contract == "permanent" else 0.0
    score = 2.2 - 0.55 * content + overworked + settled + (1.5 if department == "sales" and years < 2 else 0)
    score += 0.8 * (contract == "temporary") - 4 * (pay / PAY[department] - 1)
    left = chance.random() < 1 / (1 + math.exp(-2.5 * score))
    return {
        "left": "yes" if left else "no",
        "department": department,
        "contract": contract,
        "hours_a_week": round(hours, 1),
        "satisfaction": round(content, 1),
        "years": round(years, 1),
        "pay": round(pay),
    }


def main() -> None:
    """Print the table."""
    rows, seed = int(sys.argv[1]), int(sys.argv[2])
    chance = random.Random(seed)
    table = [employee(chance) for _ in range(rows)]
    writer = csv.DictWriter(sys.stdout, table[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)


if __name__ == "__main__":
    main()

"""Made-up buildings, and what each takes of energy in a day: `python3 buildings.py ROWS SEED` prints a table as CSV.

Below 17 °C a building is heated: the more, the colder, larger and worse insulated it is. Above 24 °C an office is
cooled. People and lamps take the rest. Nothing in it is about any building.
"""

import csv
import random
import sys

LOSS = {"none": 1.6, "walls": 1.0, "whole": 0.55}


def day(chance: random.Random) -> dict[str, object]:
    """A building on a day."""
    use, insulation = chance.choice(["home", "office", "school"]), chance.choice(list(LOSS))
    area, outside, people = chance.uniform(80, 1200), chance.gauss(10, 9), chance.randint(1, 60)
    heated = max(0.0, 17 - outside) * area * LOSS[insulation] * 0.02
    cooled = max(0.0, outside - 24) * area * 0.03 if use == "office" else 0.0
    energy = (30 + heated + cooled + 0.05 * area + 2.5 * people) * chance.gauss(1, 0.05)
    return {
        "kwh": round(energy, 1),
        "use": use,
        "insulation": insulation,
        "area": round(area),
        "outside": round(outside, 1),
        "people": people,
    }


def main() -> None:
    """Print the table."""
    rows, seed = int(sys.argv[1]), int(sys.argv[2])
    chance = random.Random(seed)
    table = [day(chance) for _ in range(rows)]
    writer = csv.DictWriter(sys.stdout, table[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)


if __name__ == "__main__":
    main()

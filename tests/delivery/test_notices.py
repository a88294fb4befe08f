"""The notices: current, and of every distribution that an image is built from."""

from delivery.notices import IMAGES, NOTICES, notices, read_pins


def test_they_are_what_the_requirements_and_the_installed_distributions_say() -> None:
    assert NOTICES.read_text(encoding="utf-8") == notices(), "run `make notices`"


def test_each_distribution_of_an_image_is_there_with_version_and_licence() -> None:
    rows = [line.strip("| \n").split(" | ") for line in NOTICES.read_text(encoding="utf-8").splitlines()]
    noted = {row[0]: (row[1], row[2]) for row in rows if len(row) == 5}
    for image in IMAGES:
        pins = read_pins(image)
        assert "numpy" in pins
        for name, version in pins.items():
            assert noted[name][0] == version, name
            assert noted[name][1], name

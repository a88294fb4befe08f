"""The two images of a release, as a person names them and as the chart takes them."""

import pytest

from assay.cluster.deployment import Image, Images


@pytest.mark.parametrize(
    ("name", "repository", "tag"),
    [
        ("assay:dev", "assay", "dev"),
        ("assay", "assay", "latest"),
        ("registry.example.com:5000/team/assay:1.2.3", "registry.example.com:5000/team/assay", "1.2.3"),
        ("registry.example.com:5000/team/assay", "registry.example.com:5000/team/assay", "latest"),
    ],
)
def test_a_name_is_a_repository_and_a_tag(name: str, repository: str, tag: str) -> None:
    assert Image.named(name) == Image(repository, tag)


def test_the_chart_is_told_both() -> None:
    assert Images(Image("assay", "dev"), Image("assay-full", "1")).to_values() == {
        "image": {"repository": "assay", "tag": "dev"},
        "fullImage": {"repository": "assay-full", "tag": "1"},
    }

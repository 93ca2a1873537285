"""Which models there are: `warm` is deployed with every connection, `cold…` at its first job."""

WARM = "warm"


def is_model(name: str) -> bool:
    return name == WARM or name.startswith("cold")

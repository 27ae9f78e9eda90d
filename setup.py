"""What a wheel holds: the library. All else about the package stands in pyproject.toml.

`gan` and `train` are for other people's programs, with the shipped checkpoint, so that they draw at once. The
bot, the sandbox and the migrations are a service: it runs in a checkout (`make run`), beside its `.env`, its
data and the pinned versions of everything, and its folders have names that nobody wants in site-packages.
"""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["gan", "gan.*", "train", "train.*"]), "gan.checkpoints"],
    package_dir={"gan.checkpoints": "checkpoints"},
    package_data={
        "gan.checkpoints": [
            *(f"newmon{part}.safetensors" for part in ("", ".scorer", ".traits")),
            "reader.safetensors",  # what checkpoints that are exported learn from to read their creatures
        ],
        "train.data": ["*.csv"],
        "train.names": ["*.txt"],
        "train.traits": ["grades/*.csv"],
    },
)

"""What files of earlier versions call things can be read, and is what they are still called in files."""

import json
from pathlib import Path

import pytest
import torch

from gan.pretrained import efficientnet
from tests.train.tiny import tiny_trainer
from train import stored_names as stored
from train.data.dataset import SpriteDataset
from train.recipe import AugmentConfig
from train.state import State, read, write

# The values, and the names and shapes of the tensors, of a state of when the pretrained discriminator was
# called "eyes" everywhere.
OLD = json.loads(Path(__file__).with_name("old_state.json").read_text())
DATA = {stored.DATASET, stored.DATA_PATH}


@pytest.mark.skipif(not efficientnet.available(), reason="the packages of the train extra are missing")
def test_a_state_of_an_earlier_version_is_gone_on_with(creatures: SpriteDataset, tmp_path: Path) -> None:
    torch.manual_seed(0)
    old = State({name: torch.rand(shape) for name, shape in OLD["tensors"].items()}, OLD["values"])
    write(tmp_path / "state", old)
    state = read(tmp_path / "state")
    own = AugmentConfig(cutout=0.3)
    assert (state.config.pretrained.enabled, state.config.pretrained.augment) == (True, own)
    assert state.generators == {"generator", "ema0.05"} and state.began_with == "0123456789abcdef"

    trainer = tiny_trainer(creatures, state.config)
    trainer.load_state(state)
    assert trainer.pretrained_augment_probability == OLD["values"]["augment_probability_eyes"]
    assert trainer.optimizers.pretrained is not None
    assert (
        trainer.optimizers.pretrained.state_dict()["state"][0]["step"] == old.tensors["optimizer_eyes/0/step"]
    )
    again = trainer.state()
    assert again.tensors.keys() == old.tensors.keys()
    for name, tensor in old.tensors.items():
        assert torch.equal(again.tensors[name], tensor), name
    # Whoever trained in a time box goes on at the full rate.
    values = json.loads(json.dumps(again.values)) | {stored.ANNEALED: OLD["values"]["annealed"]}
    kept = {name: value for name, value in OLD["values"].items() if name not in DATA}
    assert kept == {name: value for name, value in values.items() if name not in DATA}


def test_names_in_files_are_mapped_both_ways() -> None:
    values = {"loss_d": 1, "loss_pretrained": 2, "overfitting": 3}
    there = stored.to_stored(values, stored.FIGURES)
    assert there == {"loss_d": 1, "loss_eyes": 2, "lead": 3}
    assert stored.from_stored(there, stored.FIGURES) == values

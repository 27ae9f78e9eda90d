"""KID now and then while a run goes on: the one figure that says whether it gets better."""

from __future__ import annotations

from train.data.dataset import SpriteDataset
from train.eval.evaluate import quick_kid
from train.eval.reference import FeatureExtractor, Progress, Reference, build_reference
from train.step.trainer import Trainer

SAMPLES = 1000


class KidTracker:
    """Measures the first average of a run every so many kimg, at the resolution that it has reached.

    Raises `MetricsError` where the packages of the `train` extra are missing.
    """

    def __init__(
        self, dataset: SpriteDataset, interval_kimg: float, progress: Progress, samples: int = SAMPLES
    ) -> None:
        self.dataset = dataset
        self.samples = samples
        self.interval = interval_kimg * 1000
        self.progress = progress
        self.extractor = FeatureExtractor()
        self.references: dict[int, Reference] = {}
        self.measured_at: int | None = None

    def due(self, images: int) -> bool:
        """Whether a multiple of the interval was passed since the last measurement, or there was none."""
        return self.measured_at is None or images // self.interval > self.measured_at // self.interval

    def measure(self, trainer: Trainer) -> dict[str, float]:
        """KID × 1000 and the half width of its 95 % interval. Leaves no trace in the run's randomness."""
        self.measured_at = trainer.images_seen
        phase = trainer.phase
        if phase.resolution not in self.references:
            self.references[phase.resolution] = build_reference(
                self.dataset, self.extractor, self.dataset.path, phase.resolution, self.progress
            )
        kid = quick_kid(
            trainer.emas[0].generator,
            self.references[phase.resolution],
            self.extractor,
            self.samples,
            resolution=phase.resolution,
            alpha=phase.alpha,
        )
        return {"kid": round(kid.mean, 2), "kid_error": round((kid.high - kid.low) / 2, 2)}

"""What training makes: an encoder, the weights of fusion, where relevance ends; in a folder that can be carried."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..index import EncoderError, EncoderSettings, load_encoder
from ..plugin import FusionWeights, Shop
from ..plugin.cutoff import Cutoff
from .errors import TrainingError

FORMAT = 1
FACTS = "bundle.json"


@dataclass(frozen=True)
class Bundle:
    """The parts that are published together."""

    folder: Path
    weights: FusionWeights
    cutoff: Cutoff | None
    base: str  # the encoder that training began with
    facts: Mapping[str, Any]  # figures, for people

    @property
    def encoder(self) -> EncoderSettings:
        """How the trained encoder is loaded."""
        return EncoderSettings(str(self.folder / "encoder"))

    def save(self) -> None:
        """Writes what names the parts, last of all: a folder without it is no bundle."""
        written = {
            "format": FORMAT,
            "weights": asdict(self.weights),
            "cutoff": asdict(self.cutoff) if self.cutoff else None,
            "base": self.base,
            "facts": dict(self.facts),
        }
        half = self.folder / f"{FACTS}.half"
        half.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        half.replace(self.folder / FACTS)

    @classmethod
    def load(cls, folder: Path) -> Bundle:
        """Reads a bundle. Raises `TrainingError` for a folder that is none."""
        path = folder / FACTS
        if not path.is_file():
            raise TrainingError(
                f"bundle {folder}: wanted a folder that `python finetune/train.py` finished, with {FACTS}, got "
                f"{'a folder without' if folder.is_dir() else 'nothing there'}"
            )
        try:
            read = json.loads(path.read_text(encoding="utf-8"))
            if read["format"] != FORMAT:
                raise TrainingError(
                    f"bundle {folder}: it has format {read['format']}, this version reads {FORMAT}; install a newer "
                    "shelfwise"
                )
            cutoff = Cutoff(**read["cutoff"]) if read["cutoff"] else None
            return cls(folder, FusionWeights(**read["weights"]), cutoff, str(read["base"]), read["facts"])
        except (ValueError, LookupError, TypeError) as error:
            raise TrainingError(f"bundle {folder}: {FACTS} is damaged ({error}); train again") from None


def is_live(bundle: Bundle, shop: Shop) -> bool:
    """Whether a shop answers with this bundle."""
    live = shop.status().encoder
    return live is not None and live.hash == load_encoder(bundle.encoder).hash and shop.live_weights == bundle.weights


def publish_bundle(
    bundle: Bundle, shop: Shop, says: Callable[[int, int], None] | None = None, check: Any = None
) -> int:
    """Makes a bundle live in a shop, if `check` lets it; the generation's number. See `Shop.publish`.

    The shop keeps the model in its own folder: the bundle may be deleted then.
    """
    try:
        return shop.publish(bundle.encoder, bundle.weights, says, cutoff=bundle.cutoff, check=check, keep=True)
    except EncoderError as error:
        raise TrainingError(f"bundle {bundle.folder}: {error}") from error

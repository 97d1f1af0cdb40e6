"""HTML to plain text."""

from __future__ import annotations

import html
import time

from hypothesis import given
from hypothesis import strategies as st
from shelfwise.index.feeds.html_text import one_line, plain_text


def test_blocks_become_lines_and_scripts_vanish() -> None:
    text = "<style>p {color: red}</style><h2>Red&nbsp;boot</h2>"
    text += "<p>Warm &amp; dry,\n by <b>hand</b>.</p><ul><li>40<li>41</ul><script>x<y</script>"
    assert plain_text(text) == "Red boot\n\nWarm & dry, by hand.\n\n40\n41"


def test_entities_escaped_twice_are_characters() -> None:
    assert plain_text("Caf&amp;eacute; &#8211; 5&quot; &lt; 6&quot;") == 'Café – 5" < 6"'
    assert plain_text("&lt;p&gt;Red &amp;amp; blue&lt;/p&gt;") == "Red & blue"


def test_what_only_looks_like_html_stays() -> None:
    assert plain_text("fits <XL>, 3 < 5 & Black&regular") == "fits <XL>, 3 < 5 & Black&regular"
    assert plain_text("I <3 it") == "I <3 it"
    assert plain_text("<p>fits <XL></p>") == "fits <XL>"


def test_line_breaks_of_plain_text_stay_and_titles_are_one_line() -> None:
    assert plain_text("a\n b\n\n\n\nc") == "a\nb\n\nc"
    assert one_line("Red<br>boot \n &amp; sock") == "Red boot & sock"


def test_attributes_may_hold_angle_brackets() -> None:
    assert plain_text('<p data-x="a > b">Red</p><img alt="<b>" src="x">boot') == "Red\nboot"


@given(st.text())
def test_escaped_text_reads_back(text: str) -> None:
    words = html.escape(text.replace("&", "").replace("<", "").replace(">", "")).split()
    assert plain_text(f"<p>{' '.join(words)}</p>").split() == html.unescape(" ".join(words)).split()


@given(st.text(alphabet="<>/&;ab\"'! -=\n", max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    plain_text(text)


def test_hostile_markup_costs_no_more_than_its_length() -> None:
    started = time.process_time()
    for piece in ("<", "<a ", '<a "', "<!--", "<script>", "&amp;", "<a '"):
        plain_text(piece * (130_000 // len(piece)) + ">")
    assert time.process_time() - started < 10

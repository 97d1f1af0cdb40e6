"""Of two products that fit alike, the one with the better margin first: a plugin for Shelfwise.

SHELFWISE_MARGINS names a JSON file: product id to margin, from 0 to 1. Read once, when the shop is opened.
"""

import json
import os
from pathlib import Path

import numpy as np
from shelfwise.plugin import hookimpl
from shelfwise.plugin.pipeline import Phase

MOST = 0.2  # of a score of about 1, what a margin of 1 adds


class MarginStage:
    """Adds a part named "margin" to the score of each product."""

    name, phase, order = "margin", Phase.MERCHANDISE, 60

    def __init__(self, margins):
        self._margins = margins

    def __call__(self, asked, candidates):
        """Products whose margin is unknown stay where they are."""
        margins = [self._margins.get(asked.view.id_of(row), 0.0) for row in candidates.rows.tolist()]
        return candidates.with_part("margin", MOST * np.clip(np.array(margins, np.float32), 0, 1))


@hookimpl
def register_stages():
    """Without the file there is nothing to add."""
    path = os.environ.get("SHELFWISE_MARGINS")
    return [MarginStage(json.loads(Path(path).read_text()))] if path else []

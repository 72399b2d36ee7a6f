"""In which languages a page is looked at."""

import pytest

LANGUAGES = ["ar", "fr", pytest.param("en", marks=pytest.mark.slow)]
"""From right to left, and in the longest words; in English too where the slow tests run."""

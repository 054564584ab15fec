"""The steps of a run, in order. Each takes the draft and gives back the next one.

The names are the field's, as users see them. A step that has nothing to do says so.
"""

from __future__ import annotations

from typing import NamedTuple

from generation.pipeline.describing import (
    describe,
    skip_enrichment,
    skip_validation,
)
from generation.pipeline.draft import StepFunction
from generation.pipeline.duplicates import flag_duplicates
from generation.pipeline.entries import deduplicate, filter_content
from generation.pipeline.merging import merge
from generation.pipeline.planning import (
    compare_prompt,
    process_prompt,
    skip_search_queries,
    skip_web_search,
)
from generation.pipeline.reading import extract_items, retrieve_content
from generation.pipeline.taxonomy import categorise, skip_badges


class Step(NamedTuple):
    """One step. `weight` is its share of the run's bar, in no unit."""

    name: str
    run: StepFunction
    weight: int = 1


STEPS = (
    Step("prompt-processing", process_prompt),
    Step("prompt-comparison", compare_prompt),
    Step("search-queries-generation", skip_search_queries),
    Step("web-search", skip_web_search),
    Step("content-retrieval", retrieve_content, weight=20),
    Step("items-extraction", extract_items, weight=10),
    Step("content-filtering", filter_content),
    Step("deduplication-and-data-aggregation", deduplicate, weight=3),
    Step("sources-validation", skip_validation),
    Step("metadata-enrichment", skip_enrichment),
    Step("categories-tags-processing", categorise, weight=3),
    Step("badges-processing", skip_badges),
    Step("items-processing", describe, weight=3),
    Step("items-merge", merge, weight=3),
    Step("duplicates-review", flag_duplicates),
)

# From this step on, what is published decides as well: see checkpoints.py.
READS_STORED_FROM = "deduplication-and-data-aggregation"

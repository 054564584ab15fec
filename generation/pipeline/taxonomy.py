"""Categories and tags: from what sources say to ids that always resolve.

A category comes from the source's own column or heading, else from "Other". Spellings of one
label become one; a category that the directory has already is never renamed.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from generation.items import Category, Tag
from generation.pipeline.draft import Draft, Entry, StepResult, Tools
from generation.slugs import unique_slug

OTHER = "Other"
# A mark beside an entry (a code span, a chip) becomes a tag when it is used so often.
USES_OF_A_LABEL = 3
LONGEST_LABEL = 200


def categorise(draft: Draft, tools: Tools) -> StepResult:
    """Give every entry one category and its tags, by id."""
    stored = tools.stored
    categories = Vocabulary((c.id, c.name) for c in stored.categories)
    # Given names come first, so that theirs is the spelling.
    wanted = {label_key(name): name for name in reversed(draft.plan.categories)}
    tags = Vocabulary((tag.id, tag.name) for tag in stored.tags)
    # What a source calls a tag comes first: a mark of the same name is one, then.
    for tag in (tag for entry in draft.entries for tag in entry.tags):
        if label_key(tag):
            tags.id_of(tag)
    common = _common_labels(draft.entries, known=tags)
    entries = []
    for entry in draft.entries:
        name = entry.category if label_key(entry.category) else OTHER
        category = categories.id_of(wanted.get(label_key(name), name))
        labels = [label for label in entry.labels if label_key(label) in common]
        ids = [
            tags.id_of(label) for label in (*entry.tags, *labels) if label_key(label)
        ]
        entries.append(
            entry.model_copy(
                update={"category": category, "tags": tuple(sorted(set(ids)))}
            )
        )
    priorities = {
        categories.id_of(name): number
        for number, name in enumerate(draft.plan.priorities, 1)
        if categories.knows(name)
    }
    result = draft.but(
        entries=tuple(entries),
        catalogue=draft.catalogue.model_copy(
            update={
                "categories": _categories(stored.categories, categories, priorities),
                "tags": (
                    *stored.tags,
                    *(Tag(id=key, name=name) for key, name in tags.added()),
                ),
            }
        ),
    )
    unused = [name for name in draft.plan.categories if not categories.knows(name)]
    if unused:
        result = result.warning(f"No item belongs to: {', '.join(unused)}.")
    others = sum(entry.category == categories.id_of(OTHER) for entry in entries)
    note = f"{len({e.category for e in entries})} categories, {len(tags)} tags"
    return StepResult(result, f"{note}, {others} items in {OTHER}" if others else note)


def skip_badges(draft: Draft, tools: Tools) -> StepResult:
    if not tools.context.request.badge_evaluation_enabled:
        return StepResult(draft, "badge evaluation is switched off", done=False)
    return StepResult(
        draft.warning("Badges are not evaluated yet; the switch has no effect."),
        "badges are not evaluated yet",
        done=False,
    )


class Vocabulary:
    """Labels by id. Spellings that differ only in form share an id; ids never change."""

    def __init__(self, known: Iterable[tuple[str, str]]) -> None:
        self._ids: dict[str, str] = {}
        self._names: dict[str, str] = {}
        for key, name in known:
            self._names[key] = name
            self._ids.setdefault(label_key(name), key)
        # An id is a spelling as well, unless it is another label's name.
        for key in self._names:
            self._ids.setdefault(label_key(key), key)
        self._known = len(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def knows(self, label: str) -> bool:
        return label_key(label) in self._ids

    def has(self, identifier: str) -> bool:
        return identifier in self._names

    def resolve(self, label: str) -> str:
        """Read what a person wrote: an id as it is, or a name."""
        return label if self.has(label) else self.id_of(label)

    def id_of(self, label: str) -> str:
        """Find the id of a label, or open a new one for it."""
        name = label.strip()[:LONGEST_LABEL].strip()
        key = label_key(name)
        if key not in self._ids:
            identifier = unique_slug(name, self._names, fallback="label")
            self._ids[key] = identifier
            self._names[identifier] = name
        return self._ids[key]

    def added(self) -> list[tuple[str, str]]:
        """List what was opened, sorted by id."""
        return sorted(list(self._names.items())[self._known :])


def label_key(label: str) -> str:
    """Reduce a label to what its spellings share: case, "&", plural and punctuation go."""
    text = unicodedata.normalize("NFKC", label).casefold().replace("&", " and ")
    words = [_singular(word) for word in re.findall(r"[^\W_]+|[+#]+", text)]
    return " ".join(word for word in words if word not in ("and", "the"))


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 4 and word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _common_labels(entries: tuple[Entry, ...], *, known: Vocabulary) -> set[str]:
    uses = Counter(
        key for entry in entries for key in {label_key(label) for label in entry.labels}
    )
    return {
        key
        for key, count in uses.items()
        if key and (count >= USES_OF_A_LABEL or known.knows(key))
    }


def _categories(
    stored: tuple[Category, ...], vocabulary: Vocabulary, priorities: dict[str, int]
) -> tuple[Category, ...]:
    """List old and new categories; a priority is set only where none is."""
    new = (Category(id=key, name=name) for key, name in vocabulary.added())
    return tuple(
        category.model_copy(update={"priority": priorities[category.id]})
        if category.priority is None and category.id in priorities
        else category
        for category in (*stored, *new)
    )

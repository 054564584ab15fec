"""Categories and tags: from what sources say to ids that always resolve.

A category comes from the surest sign there is: what a source states outright, its heading, a
mark beside the entry that is the name of a category, what the item has already, its neighbours,
the names of the categories, and else it is "Other". The report says which one it was. A
category that the directory has already is never renamed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from generation.items import Category, Item, Tag
from generation.pipeline.draft import Draft, Entry, StepResult, Tools
from generation.pipeline.matching import is_named
from generation.pipeline.vocabulary import Vocabulary, label_key
from generation.report import CategoryChoice
from generation.repositories.data import Stored, StoredItem
from generation.repositories.tombstones import read_removed_labels
from generation.sources.urls import canonical_url

OTHER = "Other"
# A mark beside an entry (a code span, a chip) becomes a tag when it is used so often.
USES_OF_A_LABEL = 3
# Below this likeness nothing speaks for a category: then it is better to say "Other".
LEAST_LIKENESS = 0.1

GIVEN, HEADING, MATCH, KEPT = "given", "heading", "match", "kept"
NEIGHBOURS, ZERO_SHOT, NONE = "neighbours", "zero-shot", "other"


def categorise(draft: Draft, tools: Tools) -> StepResult:
    """Give every entry one category and its tags, by id."""
    stored = tools.stored
    draft = _without_deleted(draft, stored)
    categories = _vocabulary(draft, stored.categories)
    wanted = {label_key(name): name for name in reversed(draft.plan.categories)}
    chooser = _Chooser(draft, stored, categories, wanted)
    choices = chooser.choose()
    tags, ids = _tags(draft.entries, stored)
    entries = tuple(
        entry.model_copy(update={"category": choice.category, "tags": ids_of_entry})
        for entry, choice, ids_of_entry in zip(draft.entries, choices, ids, strict=True)
    )
    priorities = {
        categories.id_of(name): number
        for number, name in enumerate(draft.plan.priorities, 1)
        if categories.knows(name)
    }
    result = draft.but(
        entries=entries,
        category_choices=tuple(choices),
        catalogue=draft.catalogue.model_copy(
            update={
                "categories": _categories(stored.categories, categories, priorities),
                "tags": (
                    *stored.tags,
                    *(Tag(id=key, name=name) for key, name in tags.added()),
                ),
            }
        ),
    ).warning(*chooser.warnings)
    unused = [name for name in draft.plan.categories if not categories.knows(name)]
    if unused:
        result = result.warning(f"No item belongs to: {', '.join(unused)}.")
    return StepResult(result, _note(choices, tags))


def skip_badges(draft: Draft, tools: Tools) -> StepResult:
    if not tools.context.request.badge_evaluation_enabled:
        return StepResult(draft, "badge evaluation is switched off", done=False)
    return StepResult(
        draft.warning("Badges are not evaluated yet; the switch has no effect."),
        "badges are not evaluated yet",
        done=False,
    )


class _Chosen(NamedTuple):
    """A category by name, before it has an id."""

    name: str
    how: str
    score: float | None = None
    others: tuple[str, ...] = ()


class _Chooser:
    """Find the category of every entry; compare texts only if that is all there is."""

    def __init__(
        self,
        draft: Draft,
        stored: Stored,
        categories: Vocabulary,
        wanted: dict[str, str],
    ) -> None:
        self._entries = draft.entries
        self._categories = categories
        self._wanted = wanted
        self._stored = stored
        self._by_url: dict[str, list[StoredItem]] = defaultdict(list)
        for item in stored.items:
            self._by_url[canonical_url(item.item.source_url)].append(item)
        self._names = self._known_names()
        self.warnings: list[str] = []

    def choose(self) -> list[CategoryChoice]:
        told = [self._told(entry) for entry in self._entries]
        silent = [n for n, chosen in enumerate(told) if chosen is None]
        kept = {n: self._kept(self._entries[n]) for n in silent}
        if not all(kept.values()):
            guesses = dict(zip(silent, self._guess(silent, told), strict=True))
        return [
            self._choice(entry, chosen or kept[number] or guesses[number])
            for number, (entry, chosen) in enumerate(
                zip(self._entries, told, strict=True)
            )
        ]

    def _told(self, entry: Entry) -> _Chosen | None:
        """Read the category from what the sources say."""
        if label_key(entry.category):
            return _Chosen(entry.category, GIVEN if entry.given else HEADING)
        for mark in (*entry.tags, *entry.labels):
            if name := self._names.get(label_key(mark)):
                return _Chosen(name, MATCH)
        return None

    def _kept(self, entry: Entry) -> _Chosen | None:
        """Leave an item where it is: guessing again may not move it."""
        stored = self._stored_item(entry)
        if stored is None or not stored.item.category:
            return None
        name = self._name_of(stored.item)
        return None if label_key(name) == label_key(OTHER) else _Chosen(name, KEPT)

    def _guess(
        self, silent: list[int], told: list[_Chosen | None]
    ) -> Iterator[_Chosen]:
        """Compare the entries without a category with everything that has one."""
        examples = [*self._examples(silent), *self._told_examples(told)]
        names = {name: name for name in self._names.values()}
        names |= {name: name for name, _ in examples}
        if not names:
            return (_Chosen(OTHER, NONE) for _ in silent)
        # Here and not above: most runs have headings, and never load word vectors.
        from generation.similarity.guessing import Guesser

        texts = [_text(self._entries[number]) for number in silent]
        # In the order of the texts, so that the order of sources does not count.
        order = sorted(range(len(texts)), key=lambda n: (texts[n], silent[n]))
        descriptions = {
            category.name: f"{category.name}. {category.description}".strip(". ")
            for category in self._stored.categories
        }
        guesser = Guesser(
            {name: descriptions.get(name, name) for name in names}, examples, texts
        )
        if not guesser.knows_meanings:
            self.warnings.append(
                "Word vectors are not installed: categories were guessed from words alone. "
                "Install the package wordllama."
            )
        guesses: dict[int, _Chosen] = {}
        for number, choices in zip(
            order, guesser.choose([texts[n] for n in order]), strict=True
        ):
            best, *others = choices
            if best.likeness < LEAST_LIKENESS:
                guesses[number] = _Chosen(
                    OTHER, NONE, best.likeness, tuple(c.category for c in choices)
                )
                continue
            guesses[number] = _Chosen(
                best.category,
                NEIGHBOURS if best.has_voters else ZERO_SHOT,
                best.likeness,
                tuple(choice.category for choice in others),
            )
        return (guesses[number] for number in range(len(texts)))

    def _examples(self, silent: list[int]) -> Iterator[tuple[str, str]]:
        """Take the items that are sorted already, but none that a run has guessed.

        Those are the ones that this run would have to guess as well, so a second run over
        the same sources learns from the same examples and comes to the same end.
        """
        guessed = {
            stored.item.slug
            for number in silent
            if (stored := self._stored_item(self._entries[number]))
            and not stored.edited
        }
        told = {
            stored.item.slug
            for entry in self._entries
            if label_key(entry.category) and (stored := self._stored_item(entry))
        }
        for stored in self._stored.items:
            if stored.item.slug not in guessed | told:
                name = self._name_of(stored.item)
                if label_key(name) not in ("", label_key(OTHER)):
                    yield name, f"{stored.item.name}. {stored.item.description}"

    def _told_examples(self, told: list[_Chosen | None]) -> Iterator[tuple[str, str]]:
        for entry, chosen in zip(self._entries, told, strict=True):
            if chosen and label_key(chosen.name) != label_key(OTHER):
                name = self._names.get(label_key(chosen.name), chosen.name)
                yield name, _text(entry)

    def _stored_item(self, entry: Entry) -> StoredItem | None:
        """Find the item that an entry will meet, by link and name."""
        for url in (entry.url, *entry.also):
            for stored in self._by_url[canonical_url(url)]:
                if is_named(stored, entry.name):
                    return stored
        return None

    def _name_of(self, item: Item) -> str:
        """Read the category of an item as a person may have written it: id or name."""
        if self._categories.has(item.category):
            return self._categories.name_of(item.category)
        return self._names.get(label_key(item.category), item.category)

    def _known_names(self) -> dict[str, str]:
        """List the categories of directory, request and headings: key to name."""
        names = [category.name for category in self._stored.categories]
        names += [a for category in self._stored.categories for a in category.aliases]
        names += self._wanted.values()
        names += [entry.category for entry in self._entries if entry.category]
        keyed: dict[str, str] = {}
        for name in names:
            keyed.setdefault(label_key(name), self._categories.spelling(name))
        keyed.pop("", None)
        keyed.pop(label_key(OTHER), None)
        return keyed

    def _choice(self, entry: Entry, chosen: _Chosen) -> CategoryChoice:
        name = self._wanted.get(label_key(chosen.name), chosen.name)
        return CategoryChoice(
            name=entry.name,
            url=entry.url,
            category=self._categories.id_of(name),
            how=chosen.how,
            score=chosen.score,
            others=chosen.others,
        )


def _without_deleted(draft: Draft, stored: Stored) -> Draft:
    """Forget what is said of labels that a person deleted, unless they are back."""
    deleted = read_removed_labels(stored.snapshot)
    known = Vocabulary.of(stored.categories), Vocabulary.of(stored.tags)
    categories, tags = (
        {label_key(label) for label in deleted[kind] if not vocabulary.knows(label)}
        for kind, vocabulary in zip(("categories", "tags"), known, strict=True)
    )
    if not categories and not tags:
        return draft

    def is_kept(tag: str) -> bool:
        return label_key(tag) not in tags

    def is_open(category: str) -> bool:
        return label_key(category) not in categories

    entries = tuple(
        entry.model_copy(
            update={
                "category": entry.category if is_open(entry.category) else "",
                "tags": tuple(filter(is_kept, entry.tags)),
                "labels": tuple(filter(is_kept, entry.labels)),
            }
        )
        for entry in draft.entries
    )
    plan = draft.plan.model_copy(
        update={"categories": tuple(filter(is_open, draft.plan.categories))}
    )
    return draft.but(entries=entries, plan=plan)


def _text(entry: Entry) -> str:
    return f"{entry.name}. {entry.description}"


def _vocabulary(draft: Draft, stored: tuple[Category, ...]) -> Vocabulary:
    """Know the directory's categories, and all spellings of those to come."""
    categories = Vocabulary.of(stored)
    categories.learn(entry.category for entry in draft.entries)
    return categories


def _tags(
    entries: tuple[Entry, ...], stored: Stored
) -> tuple[Vocabulary, list[tuple[str, ...]]]:
    """Sort the tags of every entry into a vocabulary that grows with care.

    What a source states as its tags belongs to it; a mark only when the directory has it as a
    tag already, or enough entries bear it.
    """
    tags = Vocabulary.of(stored.tags)
    tags.learn(label for entry in entries for label in (*entry.tags, *entry.labels))
    # What a source calls a tag comes first: a mark of the same name is one, then.
    for tag in (tag for entry in entries for tag in entry.tags):
        if label_key(tag):
            tags.id_of(tag)
    common = _common_labels(entries, known=tags)
    ids = []
    for entry in entries:
        labels = [label for label in entry.labels if tags.spelling(label) in common]
        given = [tag for tag in entry.tags if label_key(tag)]
        ids.append(tuple(sorted({tags.id_of(label) for label in (*given, *labels)})))
    return tags, ids


def _common_labels(entries: Iterable[Entry], *, known: Vocabulary) -> set[str]:
    """Say which marks are used often enough or known, by their best spelling."""
    uses = Counter(
        spelling
        for entry in entries
        for spelling in {known.spelling(label) for label in entry.labels}
        if label_key(spelling)
    )
    return {
        spelling
        for spelling, count in uses.items()
        if count >= USES_OF_A_LABEL or known.knows(spelling)
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


def _note(choices: list[CategoryChoice], tags: Vocabulary) -> str:
    used = {choice.category for choice in choices}
    how = Counter(choice.how for choice in choices)
    note = f"{len(used)} categories, {len(tags)} tags"
    if guessed := how[NEIGHBOURS] + how[ZERO_SHOT]:
        note += f", {guessed} categories guessed"
    if others := how[NONE]:
        note += f", {others} items in {OTHER}"
    return note

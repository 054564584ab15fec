"""What a person asks for. Field names are those of the open-source *ever-works* platform."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    ValidationInfo,
    model_serializer,
    model_validator,
)

from generation.contract.values import (
    Colour,
    Domain,
    HttpUrl,
    Language,
    Newlines,
    Printable,
    SiteUrl,
    Visible,
)

MAX_DESCRIPTION = 500
MAX_DOCUMENT_BYTES = 8 * 1024 * 1024
MAX_DOCUMENTS_BYTES = 32 * 1024 * 1024
STORED: Final = {"is_stored": True}


Label = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    Printable,
    Newlines,
    Visible,
]
Description = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=MAX_DESCRIPTION),
    Printable,
    Newlines,
    Visible,
]
Labels = Annotated[tuple[Label, ...], Field(max_length=200)]


class Asked(BaseModel):
    """A part of the request: frozen, and strict about names, so that typos are seen."""

    # Not `use_attribute_docstrings`: it parses the source of each model, which takes more
    # time than anything else at the start of a command, and nobody reads the outcome.
    model_config = ConfigDict(frozen=True, extra="forbid")


class GenerationMethod(StrEnum):
    CREATE_UPDATE = "create-update"
    RECREATE = "recreate"


class Company(Asked):
    name: Label
    website: HttpUrl | None = None


class Website(Asked):
    """How the website looks and where it will stand. `config.yml` says more."""

    url: SiteUrl = ""
    """where the website will stand, such as `https://example.org/list/`"""
    accent: Colour = ""
    """the colour of links and buttons, such as `#0b6b5d`"""
    language: Language = ""
    """the language of its items, such as `en` or `pt-BR`"""
    domain: Domain = ""
    """a host name of its own, for hosts that read it from a file `CNAME`"""

    @model_serializer(mode="wrap")
    def _leave_out_an_empty_url(
        self, dump: SerializerFunctionWrapHandler
    ) -> dict[str, Any]:
        """Write no `url` where there is none: workers of the last release refuse `""`."""
        fields: dict[str, Any] = dump(self)
        return {key: value for key, value in fields.items() if key != "url" or value}


class DocumentReference(Asked):
    """A source document that is kept elsewhere, by the hash of its bytes."""

    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    name: Label
    url: HttpUrl | None = None
    media_type: Annotated[str, StringConstraints(max_length=200)] = ""
    size: Annotated[int, Field(ge=1, le=MAX_DOCUMENT_BYTES)]


class Tuning(Asked):
    """The numbers of a run. `config` on the wire."""

    max_search_queries: Annotated[int, Field(ge=1, le=100)] = 10
    max_results_per_query: Annotated[int, Field(ge=1, le=100)] = 20
    max_pages_to_process: Annotated[int, Field(ge=1, le=1000)] = 10
    relevance_threshold_content: Annotated[float, Field(ge=0.01, le=1)] = 0.5
    min_content_length_for_extraction: Annotated[int, Field(ge=0)] = 300
    ai_first_generation_enabled: bool = True
    content_filtering_enabled: bool = True
    prompt_comparison_confidence_threshold: Annotated[float, Field(ge=0.01, le=1)] = 0.5


class GenerationRequest(Asked):
    """One request for a directory. It needs a prompt, a source URL or a document.

    With the validation context `STORED` it is one that was valid when it was stored: nothing
    is asked of it as a whole.
    """

    name: Label
    prompt: Annotated[
        str,
        StringConstraints(strip_whitespace=True, max_length=5000),
        Printable,
        Newlines,
        Visible,
    ] = ""
    company: Company | None = None
    initial_categories: Labels = ()
    priority_categories: Labels = ()
    target_keywords: Labels = ()
    source_urls: Annotated[tuple[HttpUrl, ...], Field(max_length=100)] = ()
    source_documents: Annotated[
        tuple[DocumentReference, ...], Field(max_length=100)
    ] = ()
    repository_description: Description = ""
    generation_method: GenerationMethod = GenerationMethod.CREATE_UPDATE
    update_with_pull_request: bool | None = None
    """Makes this one run a proposal, or a commit to `main`; without it the directory's switch decides."""
    allow_removals: bool = False
    """Lets this one run remove more than a fifth of the items; it is not kept."""
    badge_evaluation_enabled: bool = False
    website_repository_creation_method: Literal["built-in"] = "built-in"
    website: Website | None = None
    config: Tuning = Tuning()

    @model_validator(mode="after")
    def _has_something_to_read(self, info: ValidationInfo) -> GenerationRequest:
        if info.context is STORED:
            return self
        if not (self.prompt or self.source_urls or self.source_documents):
            raise ValueError("give a prompt, source_urls or a source document")
        if sum(d.size for d in self.source_documents) > MAX_DOCUMENTS_BYTES:
            raise ValueError(
                f"source_documents may hold {MAX_DOCUMENTS_BYTES} bytes together"
            )
        return self

    def fingerprint(self) -> str:
        """Name this request: equal requests have equal fingerprints."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

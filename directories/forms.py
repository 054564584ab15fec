"""The admin's form of a directory: what shall be generated, beside its name."""

from __future__ import annotations

import mimetypes
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from pydantic import ValidationError

from directories.exceptions import DirectoryError
from directories.models import Directory
from directories.services.directories import GivenDocument, check_new
from directories.services.documents import documents_of
from directories.services.files import explain
from directories.services.requests import build_request, kept_request, read_stored
from directories.services.runs import refuse_while_active
from generation.contract.request import MAX_DOCUMENT_BYTES, GenerationMethod
from generation.exceptions import SourceError
from generation.sources.decoding import decode

# Fields of the generation request, by the form's name for them.
LINES = {"source_urls": "source_urls", "categories": "initial_categories"}
ASKED = {
    "prompt",
    "generation_method",
    "source_document",
    "remove_documents",
    *LINES,
}


# Of the directory itself, what may be changed later.
DETAILS = {"name", "description", "review"}


class DirectoryForm(forms.ModelForm):
    """The directory, and the request that it keeps.

    `cleaned_data["request"]` is the valid request, None where there is none. It is missing
    where nothing was said of it: only what differs from what the form showed is written, so
    that a run or another person may have changed the rest meanwhile.
    """

    prompt = forms.CharField(
        required=False,
        show_hidden_initial=True,
        widget=forms.Textarea(attrs={"rows": 4, "class": "vLargeTextField"}),
        help_text="What the directory is about, at most 5,000 characters.",
    )
    source_urls = forms.CharField(
        required=False,
        show_hidden_initial=True,
        label="Source URLs",
        widget=forms.Textarea(attrs={"rows": 4, "class": "vLargeTextField"}),
        help_text="Pages or files that list items, one URL a line.",
    )
    source_document = forms.FileField(
        required=False,
        help_text="A Markdown, HTML, CSV or JSON file that lists items, at most 8 MiB. "
        "It is read in addition to the ones given before.",
    )
    remove_documents = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Those that are marked are removed for good.",
    )
    categories = forms.CharField(
        required=False,
        show_hidden_initial=True,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        help_text="Categories to sort items into, one a line.",
    )
    generation_method = forms.ChoiceField(
        show_hidden_initial=True,
        choices=[
            (GenerationMethod.CREATE_UPDATE, "create-update: add and refresh items"),
            (GenerationMethod.RECREATE, "recreate: also remove what is gone"),
        ],
    )

    class Meta:
        model = Directory
        fields = ("owner", "slug", "name", "description", "review")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            for name in DETAILS & self.fields.keys():
                self.fields[name].show_hidden_initial = True
            choices = [
                (
                    each.sha256,
                    each.name if is_read else f"{each.name} (not read any more)",
                )
                for each, is_read in documents_of(self.instance)
            ]
            self.fields["remove_documents"].choices = choices  # type: ignore[attr-defined]
        kept = kept_request(self.instance)
        if kept is None:
            return
        self.initial.setdefault("prompt", kept.request.prompt)
        self.initial.setdefault("generation_method", kept.request.generation_method)
        for field, name in LINES.items():
            self.initial.setdefault(field, "\n".join(getattr(kept.request, name)))

    def clean_source_document(self) -> GivenDocument | None:
        upload: UploadedFile | None = self.cleaned_data["source_document"]
        if not upload:
            return None
        if (upload.size or 0) > MAX_DOCUMENT_BYTES:
            raise forms.ValidationError("The file is larger than 8 MiB.")
        name = str(upload.name)
        media_type = mimetypes.guess_type(name)[0] or ""
        document = GivenDocument(name, upload.read(), media_type)
        try:
            decode(document.content, content_type=media_type)
            document.reference()
        except SourceError as exc:
            raise forms.ValidationError(str(exc)) from exc
        except ValidationError as exc:
            raise forms.ValidationError(f"The file's {explain(exc)}.") from exc
        return document

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors:
            return data
        if self.instance._state.adding:
            try:
                check_new(owner=data["owner"], slug=data["slug"])
            except DirectoryError as exc:
                self.add_error("slug", str(exc))
        if data["remove_documents"]:
            try:
                refuse_while_active(self.instance)
            except DirectoryError as exc:
                self.add_error("remove_documents", f"{exc}.")
                return data
        if self.instance._state.adding or ASKED & set(self.changed_data):
            data["request"] = self._request(data)
        return data

    def _request(self, data: dict[str, Any]) -> dict[str, Any] | None:
        given: dict[str, Any] = {}
        is_new = self.instance._state.adding
        changed = ASKED | DETAILS if is_new else set(self.changed_data)
        for field in ("name", "prompt", "generation_method"):
            if field in changed:
                given[field] = data[field]
        for field, name in LINES.items():
            if field in changed:
                lines = data[field].splitlines()
                given[name] = [line for line in lines if line.strip()]
        kept = kept_request(self.instance)
        documents = tuple(
            each
            for each in (kept.request.source_documents if kept else ())
            if each.sha256 not in data["remove_documents"]
        )
        if document := data["source_document"]:
            new = document.reference()
            others = [
                d for d in documents if d.name != new.name and d.sha256 != new.sha256
            ]
            documents = (*others, new)
        given["source_documents"] = documents
        before = kept.request.model_dump(mode="json") if kept else {}
        asked = before | given
        if not (asked.get("prompt") or asked.get("source_urls") or documents):
            # That may come later; what else is kept stays.
            return _without_sources(asked) if kept else None
        try:
            request = build_request(self.instance, given)
        except DirectoryError as exc:
            self.add_error("source_urls", f"{str(exc).capitalize()}.")
            return None
        except ValidationError as exc:
            for error in exc.errors(include_url=False, include_input=False):
                pointed = str(error["loc"][0]) if error["loc"] else ""
                shown = {value: key for key, value in LINES.items()}
                name = shown.get(pointed, pointed)
                self.add_error(
                    name if name in self.fields else None,
                    error["msg"].removeprefix("Value error, "),
                )
            return None
        return request.model_dump(mode="json")


def _without_sources(asked: dict[str, Any]) -> dict[str, Any]:
    asked = {**asked, "source_documents": []}
    return read_stored(asked, name=asked["name"]).request.model_dump(mode="json")

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
from directories.services.files import explain
from directories.services.requests import build_request, kept_request
from generation.contract.request import MAX_DOCUMENT_BYTES, GenerationMethod
from generation.exceptions import SourceError
from generation.sources.decoding import decode

# Fields of the generation request, by the form's name for them.
LINES = {"source_urls": "source_urls", "categories": "initial_categories"}


class DirectoryForm(forms.ModelForm):
    """`cleaned_data["request"]` is the valid request, None where none was asked for."""

    prompt = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "class": "vLargeTextField"}),
        help_text="What the directory is about, at most 5,000 characters.",
    )
    source_urls = forms.CharField(
        required=False,
        label="Source URLs",
        widget=forms.Textarea(attrs={"rows": 4, "class": "vLargeTextField"}),
        help_text="Pages or files that list items, one URL a line.",
    )
    source_document = forms.FileField(
        required=False,
        help_text="A Markdown, HTML, CSV or JSON file that lists items, at most 8 MiB. "
        "It is read in addition to the ones given before.",
    )
    categories = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        help_text="Categories to sort items into, one a line.",
    )
    generation_method = forms.ChoiceField(
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
        data["request"] = self._request(data)
        return data

    def _request(self, data: dict[str, Any]) -> dict[str, Any] | None:
        given: dict[str, Any] = {
            "name": data["name"],
            "prompt": data["prompt"],
            "generation_method": data["generation_method"],
        }
        for field, name in LINES.items():
            given[name] = [line for line in data[field].splitlines() if line.strip()]
        kept = kept_request(self.instance)
        documents = kept.request.source_documents if kept else ()
        if document := data["source_document"]:
            new = document.reference()
            others = [
                d for d in documents if d.name != new.name and d.sha256 != new.sha256
            ]
            given["source_documents"] = documents = (*others, new)
        if not (given["prompt"] or given["source_urls"] or documents):
            return None
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

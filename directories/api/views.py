"""The public API: each view parses, calls one service and answers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from rest_framework import generics
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from directories.api.bodies import NewDirectory, inline_documents
from directories.api.serializers import DirectorySerializer, RunSerializer
from directories.models import Directory, GenerationRun
from directories.models.directory import DirectoryQuerySet
from directories.services import runs
from directories.services.directories import create_directory
from directories.services.requests import build_request
from generation.slugs import slugify


def own_directories(request: Request) -> DirectoryQuerySet:
    """Whatever is not the caller's does not exist for them."""
    return Directory.objects.owned_by(_caller(request)).select_related("owner")


class DirectoryList(generics.ListAPIView[Directory]):
    serializer_class = DirectorySerializer

    def get_queryset(self) -> DirectoryQuerySet:
        return own_directories(self.request)

    def post(self, request: Request) -> Response:
        body = NewDirectory.model_validate(_object(request))
        directory = create_directory(
            owner=_caller(request),
            slug=body.slug or slugify(body.name, fallback="directory"),
            name=body.name,
            description=body.description,
        )
        location = reverse("directory", args=[directory.pk])
        answer = DirectorySerializer(directory).data
        return Response(answer, 201, headers={"Location": location})


class DirectoryDetail(generics.RetrieveAPIView[Directory]):
    serializer_class = DirectorySerializer

    def get_queryset(self) -> DirectoryQuerySet:
        return own_directories(self.request)


class Generate(APIView):
    def post(self, request: Request, pk: UUID) -> Response:
        """Start a run: 202 and the run, queued for a worker, or over when it was made here."""
        directory = get_object_or_404(own_directories(request), pk=pk)
        body = _object(request)
        documents = inline_documents(body)
        run = runs.launch(
            directory,
            build_request(directory, body, documents=documents),
            trigger=GenerationRun.Trigger.API,
            user=_caller(request),
            documents=documents or (),
        )
        location = reverse("run", args=[run.pk])
        return Response(RunSerializer(run).data, 202, headers={"Location": location})


class RunDetail(APIView):
    def get(self, request: Request, pk: UUID) -> Response:
        run = (
            GenerationRun.objects.filter(directory__owner=_caller(request))
            .prefetch_related("log")
            .filter(pk=pk)
            .first()
        )
        if run is None:
            raise Http404
        return Response(RunSerializer(run).data)


def _caller(request: Request) -> User:
    assert isinstance(request.user, User), "views are for authenticated callers"
    return request.user


def _object(request: Request) -> dict[str, Any]:
    """The body as a JSON object; an absent body is an empty one."""
    try:
        body = request.data
    except RecursionError as exc:
        raise ParseError("The body is nested too deeply.") from exc
    if not isinstance(body, dict):
        raise ParseError("The body must be a JSON object.")
    return dict(body)

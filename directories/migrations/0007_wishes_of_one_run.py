"""Forget a wish for a pull request that nobody had: it was the default, and had no effect."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

NAME = "update_with_pull_request"


def forget(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for model in ("Directory", "GenerationRun"):
        rows = apps.get_model("directories", model).objects.filter(
            **{f"request__{NAME}": True}
        )
        for row in rows.only("pk", "request").iterator(chunk_size=200):
            row.request[NAME] = None
            row.save(update_fields=["request"])


class Migration(migrations.Migration):
    dependencies = [("directories", "0006_proposals")]
    operations = [migrations.RunPython(forget, migrations.RunPython.noop)]

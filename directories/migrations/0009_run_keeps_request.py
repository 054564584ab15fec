"""Let a run know whether its request becomes its directory's."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("directories", "0008_proposal_commits")]
    operations = [
        migrations.AddField(
            model_name="generationrun",
            name="keeps_request",
            # Also in the database: the web side before this one may still add runs.
            field=models.BooleanField(db_default=True, default=True),
        ),
    ]

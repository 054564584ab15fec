"""What other applications may listen to."""

from __future__ import annotations

from django.dispatch import Signal

generation_completed = Signal()
"""Sent with `run_id` and `outcome` after a run ended and its rows are committed."""

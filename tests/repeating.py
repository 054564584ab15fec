"""One more try for tests of real clusters and browsers, and none for any other.

They wait for processes that a busy machine may keep waiting longer still. A repetition is
never silent: it is printed as FLAKY at the end, with what was said both times; and a test that
fails twice has failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

FLAKY = "flaky"
# As much of each try as anybody reads.
MOST_SAID = 20_000


def may_be_repeated(item: pytest.Item) -> bool:
    engine = item.config.rootpath / "tests" / "engine"
    is_in_browser = item.get_closest_marker("browser") is not None
    return is_in_browser or item.path.is_relative_to(engine)


def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> bool | None:
    if not may_be_repeated(item):
        return None
    hook = item.ihook
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, log=False, nextitem=nextitem)
    if any(report.failed for report in reports):
        first = told(reports)
        # What was printed in the first try is none of the second.
        item._report_sections.clear()
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        # Where it reaches the summary from the process of a worker of xdist, too.
        reports[-1].user_properties.append((FLAKY, [first, told(reports)]))
    for report in reports:
        hook.pytest_runtest_logreport(report=report)
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def told(reports: Sequence[pytest.TestReport]) -> str:
    """Say how a try went, and what was printed in it."""
    lines = []
    for report in reports:
        lines.append(f"{report.when}: {report.outcome}")
        if report.longrepr:
            lines.append(report.longreprtext)
    # The last report has all that was printed, that of the earlier ones included.
    lines += (f"--- {title}\n{text}" for title, text in reports[-1].sections)
    return "\n".join(lines)[-MOST_SAID:]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for report in [r for several in terminalreporter.stats.values() for r in several]:
        for tries in dict(getattr(report, "user_properties", ())).get(FLAKY, ())[:1]:
            second = dict(report.user_properties)[FLAKY][1]
            terminalreporter.section(f"FLAKY {report.nodeid}", bold=True, red=True)
            terminalreporter.write_line(f"the first time:\n{tries}")
            terminalreporter.write_line(f"the second time:\n{second}")

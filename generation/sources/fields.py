"""What authors call the fields of a record: names of columns, and words in headers.

Everybody calls them differently, so a field is known by a list of synonyms, the surest
first, and a header that is written for people by the word in it that tells.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# Field, then its names in order of trust. Case, blanks and punctuation do not count.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "name": (
        "name",
        "title",
        *("名称", "nom", "nombre", "nome", "titel", "titre", "título", "titolo"),
        *("bezeichnung", "название", "наименование", "名前", "标题", "名字"),
        "product",
        "tool",
        "project",
        "app",
        "application",
        "software",
        "library",
        "package",
        "service",
        "resource",
        "item",
        "company",
        "framework",
        "displayname",
        "fullname",
        "label",
        "heading",
        "productname",
        "toolname",
        "projectname",
        "appname",
        "itemname",
        "repo",
        "namewithowner",
        *("produkt", "werkzeug", "anbieter", "outil", "logiciel", "herramienta"),
        *("ferramenta", "strumento", "инструмент", "ツール", "ツール名", "サービス名"),
        *("工具", "产品"),
        # A keeper of bookmarks calls so what the page says where nobody has named it.
        *("websitetitle", "pagetitle"),
    ),
    "url": (
        "sourceurl",
        "url",
        "htmlurl",
        "weburl",
        "website",
        "homepage",
        "websiteurl",
        "homepageurl",
        "link",
        "href",
        "site",
        "siteurl",
        "web",
        "webpage",
        "webaddress",
        "projecturl",
        "producturl",
        "officialwebsite",
        "officialsite",
        "landingpage",
        "weblink",
        "links",
        "uri",
        "address",
        "externalurl",
        "visit",
        "urls",
        *("链接", "lien", "liens", "enlace", "collegamento", "ссылка", "リンク"),
        *("webseite", "webadresse", "siteweb", "sitioweb", "páginaweb", "sito"),
        *("sitoweb", "сайт", "вебсайт", "サイト", "公式サイト", "网址", "官网", "网站"),
        *("adresse", "адрес"),
    ),
    "description": (
        "description",
        "summary",
        "shortdescription",
        "desc",
        "tagline",
        *("描述", "简介", "descripción", "beschreibung", "kurzbeschreibung"),
        *("descrição", "descrizione", "описание", "説明", "介绍", "说明", "概要"),
        "about",
        "whatitdoes",
        *("whattheydo", "pitch", "shortpitch", "presentation", "présentation"),
        "blurb",
        "abstract",
        "overview",
        "excerpt",
        "subtitle",
        "extended",
        "details",
        "purpose",
        "notes",
        "note",
        "comment",
        "comments",
        "verdict",
        "usecase",
        *("résumé", "annotation", "abstractnote", "intro", "introduction", "info"),
    ),
    "category": (
        "category",
        "categories",
        "section",
        "group",
        "categoryname",
        "primarycategory",
        "maincategory",
        *("类别", "分类", "catégorie", "catégories", "categoría", "categorías"),
        *("kategorie", "kategorien", "categoria", "rubrik", "rubrique", "категория"),
        *("категории", "カテゴリ", "カテゴリー", "categorytype", "cat"),
        "topic",
        "kind",
        "type",
        "area",
        "domain",
        "class",
        "subcategory",
        "folder",
        "collection",
        *("genre", "theme", "thema", "thème", "subject", "industry", "sector"),
        *("primaryusecase", "bereich", "typ", "tipo", "тип", "类型", "分野"),
    ),
    "tags": (
        "tags",
        "labels",
        "keywords",
        "topics",
        "tag",
        "tagnames",
        "repositorytopics",
        "标签",
    ),
    "license": (
        "license",
        "licence",
        "licenses",
        "licences",
        "spdx",
        "spdxid",
        "licensename",
        "licenseinfo",
    ),
    "source_code_url": (
        "sourcecodeurl",
        "sourcecode",
        "repositoryurl",
        "repository",
        "repourl",
        "github",
        "githuburl",
        "githubrepo",
        "githublink",
        "gitlab",
        "giturl",
        "git",
        "code",
        "codeurl",
        "vcs",
        "source",
        "repo",
    ),
    "demo_url": ("demourl", "demo", "livedemo", "demolink", "playground"),
    "docs_url": ("docsurl", "docs", "documentation", "documentationurl", "doc"),
    "website_url": ("homepage", "homepageurl", "website", "websiteurl"),
    "logo_url": ("logourl", "logo", "iconurl", "icon", "image", "imageurl"),
    "language": (
        "language",
        "programminglanguage",
        "primarylanguage",
        "lang",
        "writtenin",
    ),
    "platform": ("platform", "platforms", "os", "operatingsystem", "operatingsystems"),
    "markdown": ("markdown", "body", "content", "longdescription", "readme", "bodymd"),
}
# What a column may hold the names of, where none is called after what is listed.
_WEAK_NAMES = frozenset(
    {
        *("provider", "vendor", "organization", "organisation", "database", "plugin"),
        *("course", "podcast", "book", "extension", "editor", "integration", "game"),
        *("newsletter", "channel", "model", "program", "solution"),
    }
)
# In a header of several words, these tell what it is about; the surest come first.
_TELLING: tuple[tuple[str, frozenset[str]], ...] = (
    (
        "description",
        frozenset(
            {
                *("description", "descriptions", "desc", "summary", "tagline", "blurb"),
                *("overview", "beschreibung", "kurzbeschreibung", "descripción"),
                *("descrição", "descrizione", "описание", "résumé"),
            }
        ),
    ),
    (
        "category",
        frozenset(
            {
                *("category", "categories", "genre", "kategorie", "rubrik"),
                *("catégorie", "categoría", "categoria", "категория", "rubrique"),
            }
        ),
    ),
    (
        "name",
        frozenset(
            {
                *("name", "names", "title", "titel", "nom", "nombre", "nome", "titre"),
                *("título", "titolo", "название"),
            }
        ),
    ),
    (
        "url",
        frozenset(
            {
                *("url", "link", "website", "homepage", "webpage", "webseite", "lien"),
                *("enlace", "ссылка", "site", "sito"),
            }
        ),
    ),
    ("category", frozenset({"type", "topic", "typ", "tipo", "тип"})),
)
# What is listed. A header that ends with one of them ("AI Tool"), or asks for one, holds
# names.
_THINGS = frozenset(
    {
        *("tool", "product", "project", "app", "software", "service", "resource"),
        *("library", "framework", "package", "plugin", "extension"),
    }
)
_ASKS_WHAT = re.compile(
    r"\bwhat (?:does|do|is|are|can) (?:it|they|this|(?:the|this|that|your) \w+)"
    r" (?:do|for|about|used for)\b|\bwhat is it$|\bin (?:one|a) sentence\b"
)
_ASKS_WHETHER = frozenset({"is", "are", "has", "have", "does", "do", "can", "did"})
# With one of these, a header says another thing, whatever else stands in it.
_OTHER_WORDS = frozenset(
    {
        *("logo", "icon", "image", "picture", "photo", "screenshot", "thumbnail"),
        *("github", "gitlab", "git", "repo", "repository", "code", "source", "docs"),
        *("documentation", "demo", "playground", "video", "youtube", "trailer"),
        *("affiliate", "referral", "sponsor", "coupon", "tracking", "career"),
        *("careers", "job", "jobs", "hiring", "first", "last", "middle", "user"),
        *("username", "nickname", "author", "authors", "maintainer", "owner"),
        *("contact", "person", "founder", "ceo", "manager", "submitter"),
        *("submitted", "added", "by", "email", "mail", "twitter", "linkedin"),
        *("facebook", "instagram", "discord", "slack", "telegram", "mastodon"),
        *("social", "blog", "forum", "community", "chat", "privacy", "terms"),
        *("policy", "api", "support", "help", "changelog", "rss", "feed", "store"),
        *("download", "text", "price", "prices", "pricing", "cost", "plan"),
        *("license", "licence", "licensing", "language", "country", "city"),
        *("location", "region", "file", "host", "id", "ids", "count", "number"),
        *("num", "date", "time", "year", "status", "score", "rating", "rank"),
        *("version", "alternative", "alternatives", "similar", "related", "parent"),
        *("old", "previous", "traffic", "funding", "investor", "review", "reviews"),
        *("wikipedia", "crunchbase", "paper", "preise", "preis", "lizenz"),
        *("sprache", "prix", "precio", "цена"),
    }
)
_MOST_WORDS = 10


def normalise(column: str) -> str:
    """Return a column's name as SYNONYMS spells it."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", column).casefold())


FIELDS = {
    synonym: field
    for field, synonyms in reversed(SYNONYMS.items())
    for synonym in synonyms
}


def field_of(column: str) -> str:
    """Return the field that a column holds, judged by its name alone, or ""."""
    return FIELDS.get(normalise(column), "")


def field_of_header(header: str) -> str:
    """Return the field that a table's header means, in words of its own, or "".

    Headers are written for people: "Tool Category", "What does it do?". The keys of
    JSON are not, so there only `field_of` is asked.
    """
    return field_of(header) or _field_by_word(header) or _weak_field(header)


def fields_of_headers(headers: Sequence[str]) -> list[str]:
    """Return the field of each of a table's headers.

    A header that is the name of a field comes first. One that only has a telling word,
    or is believed for want of a better one, counts where no other header has its field.
    """
    fields = [field_of(header) for header in headers]
    for read in (_field_by_word, _weak_field):
        known = set(fields)
        for n, header in enumerate(headers):
            field = "" if fields[n] else read(header)
            if field and field not in known:
                fields[n] = field
                known.add(field)
    return fields


def surest_fields(headers: Sequence[str]) -> list[str]:
    """Return the field of each header; of several with one field the surest keeps it.

    Links of several kinds may stand beside each other, so these all keep theirs.
    """
    fields = fields_of_headers(headers)
    surest: dict[str, int] = {}
    for n, field in enumerate(fields):
        best = surest.setdefault(field, n)
        if _trust(headers[n], field) < _trust(headers[best], field):
            surest[field] = n
    return [
        field if field.endswith("_url") or surest[field] == n else ""
        for n, field in enumerate(fields)
    ]


def _trust(header: str, field: str) -> int:
    """Return how many names of a field are surer than this one."""
    names, name = SYNONYMS.get(field, ()), normalise(header)
    return names.index(name) if name in names else len(names)


def _weak_field(header: str) -> str:
    return "name" if normalise(header) in _WEAK_NAMES else ""


def _field_by_word(header: str) -> str:
    """Return the field of the telling word among several, or ""."""
    words = _words_of(header)
    if not 2 <= len(words) <= _MOST_WORDS or _says_another_thing(words):
        return ""
    if _ASKS_WHAT.search(" ".join(words)):
        return "description"
    told = [field for field, telling in _TELLING if telling & set(words)]
    if told:
        # "Category link" and "Category description" are about the category.
        is_torn = "category" in told and not {"url", "description"}.isdisjoint(told)
        return "" if is_torn else told[0]
    is_thing = words[-1] in _THINGS or (
        words[0] in ("which", "what") and not _THINGS.isdisjoint(words)
    )
    return "name" if is_thing else ""


def _says_another_thing(words: Sequence[str]) -> bool:
    return (
        words[0] in _ASKS_WHETHER
        or not _OTHER_WORDS.isdisjoint(words)
        or list(words) == ["your", "name"]
    )


def _words_of(header: str) -> list[str]:
    text = unicodedata.normalize("NFC", header).casefold()
    return re.findall(r"[^\W_]+", re.sub(r"['\u2019]s\b", "", text))

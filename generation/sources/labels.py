"""What the small words beside an entry mean: licences, kinds of link, tags.

One vocabulary for all readers, so that "Source Code" is the same fact in a README, in a
table and in a JSON file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from generation.sources.names import squeeze

_LINK_KINDS = {
    "source_code_url": (
        "code",
        "source",
        "source code",
        "sources",
        "src",
        "repo",
        "repository",
        "git",
        "git repo",
        "git repository",
        "github",
        "github repo",
        "github repository",
        "gitlab",
        "codeberg",
        "bitbucket",
        "sourcehut",
    ),
    "demo_url": (
        "demo",
        "live demo",
        "online demo",
        "live",
        "playground",
        "try it",
        "try it out",
    ),
    "docs_url": (
        "doc",
        "docs",
        "documentation",
        "documentations",
        "manual",
        "wiki",
        "guide",
        "api docs",
        "reference",
    ),
    "website_url": (
        "website",
        "web site",
        "site",
        "web",
        "home",
        "homepage",
        "home page",
        "project page",
        "project site",
        "official site",
        "official website",
        "link",
        "url",
        "here",
        "visit",
        "visit site",
        "visit website",
        "open",
        "go to website",
    ),
    "package_url": ("package", "crate", "pypi", "npm", "crates.io", "rubygems"),
    "paper_url": ("paper", "article", "arxiv", "pdf", "preprint"),
    "video_url": ("video", "youtube", "screencast", "talk"),
    "blog_url": ("blog", "blog post", "announcement", "post"),
    "clients_url": ("clients", "client", "apps", "mobile apps"),
    "download_url": ("download", "downloads", "releases"),
    "chat_url": ("chat", "discord", "slack", "gitter", "matrix", "telegram"),
    "social_url": ("twitter", "x", "mastodon"),
    "forum_url": ("forum", "community"),
    "demo_video_url": ("demo video", "video demo"),
}
_KIND_OF_LABEL = {
    label: kind for kind, labels in _LINK_KINDS.items() for label in labels
}
# Whoever links one of these words has named the entry elsewhere.
_SAYS_NOTHING = frozenset(
    label
    for kind in ("source_code_url", "demo_url", "docs_url", "website_url")
    for label in _LINK_KINDS[kind]
) | {"crate", "package", "pypi", "npm", "download", "paper", "code"}
# Words that ask to follow a link, whatever it leads to.
_CALL = re.compile(
    r"""
    (?: (?: click | tap )\ )? here
  | (?: visit | view | open | see | browse | explore | go\ to | check\ out | launch | try
      | use | access | enter | discover | get | start | read | learn | find\ out | show )
    (?: \ (?: the | our | their | its | this | it | us | on | a | an | for | more | full
        | official | live | free | trial | web | web\ ?site | site | page | home\ ?page
        | project | product | tool | app | store | shop | repo | repository | code
        | source | listing | profile | demo | now | out | today | online | started | deal
        | offer | pricing | details | info | information | review | article | github
        | gitlab | link | here ) )*
  | check\ (?: it | this | them )\ out | getting\ started | quick\ ?start
  | sign\ up (?:\ (?: here | now | today | free | for\ free ) )*
  | (?: register | join | subscribe | buy | order | install ) (?:\ (?: here | now | free ) )?
  | (?: start\ )? (?: your\ )? free\ trial | more (?:\ (?: info | information | details ) )?
  | (?: project | company | product | vendor | tool | app | main )\ (?: web\ ?site | site | page | home\ ?page )
  | web\ ?page | official (?:\ (?: page | link | home\ ?page ) )? | website\ link | direct\ link
  | arxiv | pdf | abs | doi | project | page | preprint | slides | poster | dataset | model
  """,
    re.VERBOSE,
)
# The same in other languages, as they stand on buttons and in columns of links.
_CALLS_ELSEWHERE = frozenset(
    {
        *("webseite", "zur webseite", "zur website", "zur homepage", "zur seite"),
        *(
            "website besuchen",
            "webseite besuchen",
            "mehr",
            "mehr erfahren",
            "mehr infos",
        ),
        *(
            "weiterlesen",
            "ansehen",
            "öffnen",
            "besuchen",
            "zum projekt",
            "hier",
            "hier klicken",
        ),
        *("jetzt testen", "kostenlos testen", "zum anbieter", "quelle", "quellcode"),
        *(
            "site web",
            "site internet",
            "site officiel",
            "le site",
            "voir",
            "voir le site",
        ),
        *("visiter", "visiter le site", "en savoir plus", "lien", "ouvrir", "ici"),
        *(
            "accéder au site",
            "découvrir",
            "lire la suite",
            "plus d'infos",
            "code source",
        ),
        *("sitio", "sitio web", "sitio oficial", "página web", "web oficial", "enlace"),
        *(
            "ver",
            "ver más",
            "ver sitio",
            "visitar",
            "visitar sitio",
            "abrir",
            "ir al sitio",
        ),
        *(
            "más información",
            "leer más",
            "saber más",
            "aquí",
            "código fuente",
            "página oficial",
        ),
        *(
            "site oficial",
            "acessar",
            "acessar site",
            "acesse",
            "saiba mais",
            "visite o site",
        ),
        *("ver mais", "código", "código-fonte", "clique aqui", "página"),
        *(
            "sito",
            "sito web",
            "sito ufficiale",
            "visita",
            "visita il sito",
            "vai al sito",
        ),
        *(
            "apri",
            "scopri",
            "scopri di più",
            "leggi di più",
            "codice",
            "qui",
            "maggiori informazioni",
        ),
        *(
            "bekijk",
            "bekijk website",
            "naar de website",
            "bezoek website",
            "meer informatie",
        ),
        *("strona", "strona www", "strona internetowa", "zobacz", "więcej", "otwórz"),
        *(
            "сайт",
            "ссылка",
            "официальный сайт",
            "перейти",
            "подробнее",
            "открыть",
            "сайт проекта",
        ),
        *(
            "公式",
            "公式サイト",
            "公式サイトはこちら",
            "公式ページ",
            "サイト",
            "リンク",
            "詳細",
            "詳しくはこちら",
        ),
        *("こちら", "公式サイトを見る", "ホームページ", "ウェブサイト", "サイトを見る"),
        *(
            "官网",
            "官方网站",
            "链接",
            "网站",
            "网址",
            "访问",
            "访问官网",
            "查看",
            "详情",
            "主页",
            "地址",
        ),
        *(
            "官網",
            "連結",
            "網站",
            "공식 사이트",
            "홈페이지",
            "링크",
            "웹사이트",
            "바로가기",
            "الموقع",
            "رابط",
        ),
    }
)
_READ_MORE = re.compile(
    r"(?:read|learn|see|find out|show|view) (?:more|details|review|full review)"
    r"|more|more info(?:rmation)?|details|read (?:the )?(?:full )?(?:review|article)",
    re.IGNORECASE,
)

# Hosts and registries that links of a project are named after: no project is called so.
REGISTRIES = frozenset(
    {
        *("github", "gitlab", "gitee", "codeberg", "bitbucket", "sourceforge"),
        *("pypi", "conda", "anaconda", "npm", "yarn", "docker", "docker hub"),
        *("dockerhub", "maven", "maven central", "cargo", "crates.io", "crates"),
        *("nuget", "rubygems", "gem", "packagist", "hex", "hackage", "cran", "go"),
        *("homebrew", "brew", "debian", "apt", "snap", "flathub", "greasy fork"),
        *("website", "homepage", "docs", "documentation", "demo", "repository"),
    }
)

# Where a link leads tells what it is, whatever it is called.
_HOSTS = {
    "source_code_url": (
        *("github.com", "gitlab.com", "codeberg.org", "bitbucket.org", "git.sr.ht"),
        *("sourceforge.net", "gitea.com", "salsa.debian.org", "framagit.org"),
    ),
    "docs_url": ("docs.rs", ".readthedocs.io", ".readthedocs.org", "pkg.go.dev"),
    "package_url": (
        *("pypi.org", "npmjs.com", "crates.io", "rubygems.org", "packagist.org"),
        *("hub.docker.com", "nuget.org", "hex.pm", "hackage.haskell.org"),
    ),
    "social_url": (
        *("twitter.com", "x.com", "facebook.com", "linkedin.com", "instagram.com"),
        *("mastodon.social", "fosstodon.org", "bsky.app", "reddit.com", "t.me"),
    ),
    "video_url": ("youtube.com", "youtu.be", "vimeo.com"),
    "chat_url": ("discord.gg", "discord.com", "gitter.im", "matrix.to", ".slack.com"),
    "download_url": ("play.google.com", "apps.apple.com", "f-droid.org"),
    "paper_url": ("arxiv.org", "doi.org"),
}
_STATUSES = frozenset(
    {
        *("new", "beta", "alpha", "stable", "active", "inactive", "archived", "hot"),
        *("popular", "featured", "trending", "verified", "deprecated", "maintained"),
        *("free", "paid", "freemium", "free trial", "open source", "open-source"),
        *("commercial", "proprietary", "closed source", "yes", "no", "updated", "pro"),
        *(
            "contact for pricing",
            "enterprise",
            "subscription",
            "one-time",
            "staff pick",
        ),
        *("python", "javascript", "typescript", "java", "go", "rust", "c", "c++", "c#"),
        *("ruby", "php", "kotlin", "swift", "scala", "shell", "perl", "haskell", "lua"),
        *("elixir", "erlang", "clojure", "dart", "julia", "ocaml", "zig", "nim", "r"),
        *("html", "css", "vue", "jupyter notebook", "objective-c", "f#", "dockerfile"),
    }
)

_LICENCE_NAMES = frozenset(
    {
        *("mit", "isc", "0bsd", "aal", "zlib", "unlicense", "wtfpl", "beerware"),
        *("mit-0", "cc0", "bsd", "gpl", "lgpl", "agpl", "fair", "ncsa", "x11"),
        *("bsl", "busl", "sspl", "elv2", "ipl-1.0", "apache", "public domain"),
        *("unlicensed", "gpl-compatible", "openssl", "vim"),
    }
)
_VERSIONED_LICENCE = re.compile(
    r"""
    (?: [al]?gpl | gfdl | mpl | epl | eupl | cddl | osl | afl | apl | apsl | apache
      | artistic | ecl | cpal | cal | ipl | bsl | busl | sspl | elastic | ofl | rpl | upl
      | ms-pl | ms-rl | python | psf | zpl | liliq-r | mulanpsl | opl | nposl | lppl
      | ncsa | qpl | spl | unicode | w3c | php | hippocratic | fsl | polyform[a-z-]* )
    (?: [\ -]? (?: license | licence ) )? [\ -]? v? \d+ (?: \.\d+ ){0,2}
    (?: \+ | -only | -or-later | -clause )?
  | bsd- [0-4] -clause (?: -[a-z-]+ )?
  | bsd \ ? [0-4] -? clause
  | [0-4] -clause (?: \ |-) bsd
  | cc0 - \d \. \d
  | cc - by (?: -sa | -nc | -nd ){0,2} (?: -? \d \. \d )?
  | cecill (?: -[abc] )? (?: -? \d \. \d )?
  | (?: mit | apache | bsd ) \ licen[cs]e
    """,
    re.IGNORECASE | re.VERBOSE,
)
_LONGEST_CALL = 50
# One word that happens to hold a slash.
_INSEPARABLE = frozenset(
    {
        *("ci/cd", "tcp/ip", "i/o", "a/b", "ui/ux", "n/a", "pub/sub", "24/7", "and/or"),
        *("client/server", "read/write", "input/output", "gnu/linux", "os/2", "pl/sql"),
        *("a/b testing", "km/h", "ux/ui"),
    }
)


def link_fact(label: str) -> str:
    """Return the name of the fact that a link of this label states, or ""."""
    return _KIND_OF_LABEL.get(_plain(label), "")


def link_fact_of(url: str) -> str:
    """Return the fact that a link states by where it leads, or ""."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    for fact, hosts in _HOSTS.items():
        if host in hosts or any(
            place[0] == "." and host.endswith(place) for place in hosts
        ):
            return fact
    return "docs_url" if host.startswith(("docs.", "wiki.")) else ""


def is_registry(label: str) -> bool:
    """Tell whether a text names a code host, a package registry or a kind of link."""
    return _plain(label) in REGISTRIES


def is_status(label: str) -> bool:
    """Tell whether a mark says in what state a thing is, or what it is written in."""
    return _plain(label) in _STATUSES


def link_fact_or_own(label: str) -> str:
    """Return the fact's name, made from the label where the label is not known."""
    slug = re.sub(r"[^a-z0-9]+", "_", _plain(label)).strip("_")[:40]
    return link_fact(label) or (f"{slug}_url" if slug else "")


def says_nothing(label: str) -> bool:
    """Tell whether a link's text ("Website", "repo", "Visit site") names no product."""
    text = _plain(label)
    return (
        text in _SAYS_NOTHING
        or text in _CALLS_ELSEWHERE
        or (len(text) <= _LONGEST_CALL and _CALL.fullmatch(text) is not None)
    )


def calls_for(label: str, name: str) -> bool:
    """Tell whether a link's text is a name with what asks to follow it ("Visit Kimai")."""
    text, wanted = _plain(label), _plain(name)
    if not wanted or wanted not in text:
        return False
    rest = re.sub(r"^'s ", "", " ".join(text.replace(wanted, " ", 1).split()))
    return not rest or says_nothing(rest)


def is_read_more(label: str) -> bool:
    return bool(_READ_MORE.fullmatch(_plain(label)))


def is_licence(label: str) -> bool:
    text = squeeze(label)
    return len(text) <= 40 and (
        text.lower() in _LICENCE_NAMES or bool(_VERSIONED_LICENCE.fullmatch(text))
    )


def split_labels(labels: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sort marks into (labels, licences), in order, each once. "Go/Docker" is two."""
    kept: dict[str, str] = {}
    licences: dict[str, str] = {}
    for label in labels:
        for part in _parts(without_mark(squeeze(label).strip("`"))):
            into = licences if is_licence(part) else kept
            into.setdefault(part.casefold(), part)
    return tuple(kept.values()), tuple(licences.values())


def split_tags(text: str) -> tuple[str, ...]:
    """Split what a column of tags holds, at commas, semicolons and bars."""
    seen: dict[str, str] = {}
    for part in re.split(r"[,;|\n]", text):
        tag = without_mark(squeeze(part))
        if tag:
            seen.setdefault(tag.casefold(), tag)
    return tuple(seen.values())


def without_mark(tag: str) -> str:
    """Take the sign off that says "this is a tag"; at the end, as in C#, it is a letter."""
    return tag.lstrip("#").lstrip()


def licence_fact(licences: Iterable[str]) -> str | list[str]:
    """Return one licence as a string and several as a sorted list."""
    found = sorted(set(licences))
    return found[0] if len(found) == 1 else found


def _parts(label: str) -> list[str]:
    if label.casefold() in _INSEPARABLE or "://" in label:
        return [label]
    parts = (part.strip() for part in label.split("/"))
    return [part for part in parts if part]


def _plain(label: str) -> str:
    """Fold a label and take off what is no word: brackets, arrows, a last colon."""
    return re.sub(r"^[\W_]+|[\W_]+$", "", squeeze(label).casefold())

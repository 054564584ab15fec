"""Two answers about links: how we store one, and when two spellings are one link.

`clean_url` keeps what the source wrote, apart from what nobody wants to click.
`canonical_url` is a key for comparing and is never shown.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from html import unescape
from urllib.parse import parse_qsl, quote, urljoin, urlsplit, urlunsplit

TRACKING = frozenset(
    {
        *("fbclid", "gclid", "dclid", "msclkid", "yclid", "twclid", "ttclid", "wbraid"),
        *("gbraid", "igshid", "igsh", "mc_cid", "mc_eid", "mkt_tok", "ref_src"),
        *("ref_url", "_hsenc", "_hsmi", "vero_id", "oly_enc_id", "oly_anon_id"),
    }
)
# A list often puts its own name here, but a site may mean something by it: only the key
# loses these, not the link.
REFERRAL = frozenset({"ref", "referrer", "referer"})
# Parameters that choose how a page is shown, not which page it is.
DISPLAY = frozenset({"hl", "gl"})
# Pages that do nothing but lead elsewhere, by the last part of their path or the first
# part of their host, and the parameters that say where.
WAYS_OUT = frozenset(
    {
        *("away", "click", "cread", "deeplink", "exit", "ext", "external", "forward"),
        *("go", "goto", "jump", "l", "leave", "link", "linkfilter", "offsite", "out"),
        *("outbound", "outgoing", "r", "redir", "redirect", "refer", "url", "visit"),
    }
)
TARGETS = (
    *("url", "u", "q", "to", "uddg", "target", "dest", "destination", "link", "href"),
    *("redirect", "redirect_url", "redirect_to", "goto", "site", "website", "z"),
    *("ued", "murl", "urllink"),
)
FORGES = frozenset({"github.com", "gitlab.com", "codeberg.org", "bitbucket.org"})
MAIN_BRANCHES = frozenset({"main", "master"})
INDEX_PAGES = frozenset(
    f"{stem}.{ending}"
    for stem in ("index", "default")
    for ending in ("html", "htm", "xhtml", "php", "asp", "aspx", "jsp")
)

# Places that give one page to every spelling of a name.
CASELESS = frozenset(
    {
        *("pypi.org", "pypi.python.org", "packagist.org", "nuget.org", "crates.io"),
        *("hub.docker.com", "community.chocolatey.org", "formulae.brew.sh"),
        *("marketplace.visualstudio.com", "powershellgallery.com"),
    }
)
# One place that goes by several names. Who answers to the other one is the same house.
HOST_ALIASES = {
    "npmjs.org": "npmjs.com",
    "npm.im": "npmjs.com",
    "pypi.python.org": "pypi.org",
    "pypi.io": "pypi.org",
    "chrome.google.com": "chromewebstore.google.com",
    "registry.hub.docker.com": "hub.docker.com",
    "store.docker.com": "hub.docker.com",
    "itunes.apple.com": "apps.apple.com",
    "youtu.be": "youtube.com",
    "addons.mozilla.com": "addons.mozilla.org",
    "twitter.com": "x.com",
    "dx.doi.org": "doi.org",
}
_MOBILE = re.compile(
    r"(?:m|mobile|touch|amp)\.(?=[^.]+\.)|(?<=[a-z]{2}\.)m\.(?=[^.]+\.)"
)

_ENTITY = re.compile(
    r"&(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE
)
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
_SCHEME = re.compile(r"([a-z][a-z0-9+.\-]*):", re.IGNORECASE)
_AUTHORITY = re.compile(
    r"(?:\[[0-9a-f:.]+\]|[^\s\[\]<>\"'`{}|\\^%@:/]+)(?::\d{0,5})?", re.I
)
_HOST_SHAPE = re.compile(r"localhost|\[.*\]|[^.].*\..*[^.]\.?", re.DOTALL)
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
)
LONGEST_URL = 4_096
_LEADS = re.compile(r"https?://", re.I)
_MOST_PARAMETERS = 50


# A link in running text, and the punctuation that may follow it.
_URL = re.compile(r"https?://[^\s<>\"'`]+")
_AFTER_URL = ".,;:!?)]}*_"


def urls_in(text: str) -> list[str]:
    """Find the links in a text, without the punctuation that follows them."""
    found = (clean_url(match.rstrip(_AFTER_URL)) for match in _URL.findall(text))
    return list(dict.fromkeys(filter(None, found)))


def clean_url(url: str, *, base: str = "") -> str:
    """Return the absolute http(s) link that `url` means, or "" where it means none."""
    text = (
        _ENTITY.sub(lambda match: unescape(match[0]), url).strip().strip("<>").strip()
    )
    if not text or len(text) > LONGEST_URL or _UNSAFE.search(text):
        return ""
    absolute = _absolute(text, base)
    if not absolute or not _is_web_address(absolute):
        return ""
    return _without_tracking(re.sub(r"\s", "%20", _unwrapped(absolute)))


# A run asks for the key of one link in half a dozen places.
@lru_cache(maxsize=16_384)
def canonical_url(url: str) -> str:
    """Return one key for all spellings of a link, or "" for what is no web address.

    - http and https are one; "www.", the host's case, its last dot and the default
      ports do not count
    - a path has no double slash, no slash at its end and no index page
    - percent signs stand only where they must, and their digits are upper case
    - tracking and referral parameters are dropped, the others sorted
    - a fragment counts only when it is a route of an application ("#!…", "#/…")
    - on a code forge, case, ".git", the main branch and the README are the repository
    - in a package registry, the version and the spelling of the name do not count
    """
    cleaned = clean_url(url)
    if not cleaned:
        return ""
    parts = urlsplit(cleaned)
    host = _canonical_host(parts.hostname or "")
    port = f":{parts.port}" if parts.port not in (None, 0, 80, 443) else ""
    path = _canonical_path(parts.path)
    query = _canonical_query(parts.query)
    if host in FORGES:
        path, query = _repository_path(path.lower()), _without_tab(query)
    else:
        path, query = _registry_path(host, path), _registry_query(host, query)
    route = parts.fragment if parts.fragment.strip("!/") else ""
    fragment = _escaped(route) if route.startswith(("!", "/")) else ""
    return (
        f"https://{host}{port}{path}"
        + (f"?{query}" if query else "")
        + (f"#{fragment}" if fragment else "")
    )


@lru_cache(maxsize=16_384)
def page_key(url: str) -> str:
    """Return one key for all addresses of a page, also under other names of its host.

    It goes further than `canonical_url`, so it is evidence beside a name and never an
    identity: mobile hosts, and the houses that moved or go by two names.
    """
    canonical = canonical_url(url)
    if not canonical:
        return ""
    parts = urlsplit(canonical)
    host = _MOBILE.sub("", parts.netloc, count=1)
    host = HOST_ALIASES.get(host, host)
    path, query = _alias_path(host, parts.path, parts.query)
    if host == "raw.githubusercontent.com":
        host, path = "github.com", _blob_path(path)
    moved = urlunsplit(("https", host, path, query, parts.fragment))
    return canonical_url(moved) or canonical


def source_name(url: str) -> str:
    """Call a source by its URL, without what may be a secret: login, query, fragment.

    Two URLs that differ only there are told apart by a digest.
    """
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    shown = urlunsplit((parts.scheme, place, parts.path, "", ""))
    if shown == url:
        return url
    return f"{shown}#{sha256(url.encode()).hexdigest()[:8]}"


def host_of(url: str) -> str:
    """Return the host of a cleaned link, without "www."."""
    return _canonical_host(urlsplit(url).hostname or "") if url else ""


def _absolute(text: str, base: str) -> str:
    if text.startswith("//"):
        return "https:" + text
    scheme = _SCHEME.match(text)
    if scheme:
        return text if scheme[1].lower() in ("http", "https") else ""
    try:
        return urljoin(base, text) if base else ""
    except ValueError:
        return ""


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and port != 0
        and bool(_AUTHORITY.fullmatch(parts.netloc))
        and bool(_HOST_SHAPE.fullmatch(host if ":" not in host else f"[{host}]"))
    )


def _unwrapped(url: str) -> str:
    """Return where a page leads that does nothing but lead elsewhere, and says where."""
    # Each round leaves a shorter address.
    while target := _target(url):
        url = target
    return url


def _target(url: str) -> str:
    if "=http" not in url.lower():
        return ""
    parts = urlsplit(url)
    host = _canonical_host(parts.hostname or "")
    page = parts.path.rstrip("/").rpartition("/")[2].lower()
    if WAYS_OUT.isdisjoint((page.partition(".")[0], host.partition(".")[0])):
        return ""
    try:
        given = dict(parse_qsl(parts.query, max_num_fields=_MOST_PARAMETERS))
    except ValueError:
        return ""
    found = (given[name].strip() for name in TARGETS if name in given)
    target = next((text for text in found if _LEADS.match(text)), "")
    if _UNSAFE.search(target) or not _is_web_address(target):
        return ""
    return target if host_of(target) != host else ""


def _is_tracking(parameter: str) -> bool:
    key = parameter.partition("=")[0].lower()
    return key in TRACKING or key.startswith("utm_")


def _without_tracking(url: str) -> str:
    before, mark, fragment = url.partition("#")
    address, question, query = before.partition("?")
    if not question:
        return url
    kept = [part for part in query.split("&") if not _is_tracking(part)]
    if len(kept) < len(query.split("&")):
        query = "&".join(kept)
        before = f"{address}?{query}" if query else address
    return before + mark + fragment


def _canonical_host(host: str) -> str:
    host = host.lower().rstrip(".")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii").lower()
        except UnicodeError:
            pass
    while host.startswith("www.") and "." in host[4:]:
        host = host[4:]
    return f"[{host}]" if ":" in host else host


def _escaped(text: str) -> str:
    """Percent-encode what must be, decode what need not be, leave the rest alone."""
    text = _LONE_PERCENT.sub("%25", text)
    text = _ESCAPE.sub(_one_escape, text)
    return quote(text, safe="/%:@!$&'()*+,;=~?")


def _one_escape(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else match[0].upper()


def _canonical_path(path: str) -> str:
    segments = [segment for segment in _escaped(path).split("/") if segment]
    while segments and segments[-1].lower() in INDEX_PAGES:
        segments.pop()
    return "".join(f"/{segment}" for segment in segments)


def _canonical_query(query: str) -> str:
    kept = []
    for part in query.split("&"):
        escaped = _escaped(part)
        key = escaped.partition("=")[0].lower()
        if escaped.strip("=") and key not in REFERRAL and not _is_tracking(escaped):
            kept.append(escaped)
    return "&".join(sorted(kept))


def _repository_path(path: str) -> str:
    segments = [segment for segment in path.split("/") if segment]
    if len(segments) >= 2:
        while segments[1].endswith(".git") and len(segments[1]) > 4:
            segments[1] = segments[1].removesuffix(".git")
    while segments and _leads_to_root(segments):
        segments = segments[: _end_of_repository(segments)]
    if len(segments) > 2:
        while segments[-1].endswith(".git") and len(segments[-1]) > 4:
            segments[-1] = segments[-1].removesuffix(".git")
    return "".join(f"/{segment}" for segment in segments)


def _end_of_repository(segments: list[str]) -> int:
    return segments.index("-") if "-" in segments else 2


def _leads_to_root(segments: list[str]) -> bool:
    rest = segments[_end_of_repository(segments) :]
    if rest[:1] == ["-"]:
        rest = rest[1:]
    if rest[:2] == ["src", "branch"]:
        rest = ["tree", *rest[2:]]
    match rest:
        case ["tree" | "src", branch]:
            return branch in MAIN_BRANCHES
        case ["blob" | "tree" | "src", _, page]:
            return page.startswith("readme")
        case _:
            return False


def _registry_path(host: str, path: str) -> str:
    """Reduce the page of a package to what names the package, by its registry's rules."""
    segments = [segment for segment in path.split("/") if segment]
    if host in CASELESS:
        segments = [segment.lower() for segment in segments]
    match (host, segments):
        case ("pypi.org" | "pypi.python.org", ["project" | "p" | "pypi", name, *_]):
            segments = ["project", re.sub(r"[-_.]+", "-", name)]
        case ("crates.io", ["crates", name, *_]):
            segments = ["crates", name.replace("_", "-")]
        case ("npmjs.com", ["package", scope, name, *_]) if scope.startswith("@"):
            segments = ["package", scope.lower(), name.lower()]
        case ("npmjs.com", ["package", name, *rest]) if not rest or rest[0] == "v":
            segments = ["package", name.lower()]
        case ("rubygems.org", ["gems", name, "versions", *_]):
            segments = ["gems", name]
        case ("nuget.org" | "powershellgallery.com", ["packages", name, *_]):
            segments = ["packages", name]
        case ("hub.docker.com", ["_", name, *_]):
            segments = ["_", name]
        case ("hub.docker.com", ["r", owner, name, *_]):
            segments = ["_", name] if owner == "library" else ["r", owner, name]
        case ("packagist.org", ["packages", vendor, name, *_]):
            segments = ["packages", vendor, name]
        case ("apps.apple.com", [*_, last]) if re.fullmatch(r"id\d+", last):
            segments = ["app", last]
        case ("arxiv.org", ["abs" | "pdf" | "html", paper]):
            paper = re.sub(r"(v\d+)?(\.pdf)?$", "", paper)
            segments = ["abs", paper]
        case ("huggingface.co", [*repository, "tree" | "blob", "main"]) if repository:
            segments = repository
    return "".join(f"/{segment}" for segment in segments)


def _registry_query(host: str, query: str) -> str:
    """Drop the language of a shop's page, and the case of its names."""
    if host == "play.google.com":
        parts = [p for p in query.split("&") if p.partition("=")[0] not in DISPLAY]
        return "&".join(parts)
    return query.lower() if host in CASELESS else query


def _alias_path(host: str, path: str, query: str) -> tuple[str, str]:
    """Bring a page to the place where its house keeps it today."""
    segments = [segment for segment in path.split("/") if segment]
    match (host, segments):
        case ("chromewebstore.google.com", ["webstore", "detail", *rest]):
            segments = ["detail", *rest]
        case ("youtube.com", [video]) if not query and re.fullmatch(
            r"[\w-]{11}", video
        ):
            return "/watch", f"v={video}"
    match (host, segments):
        # The name before the id is decoration.
        case ("chromewebstore.google.com", ["detail", *_, last]):
            segments = ["detail", last]
    return "".join(f"/{segment}" for segment in segments), query


def _blob_path(path: str) -> str:
    """Turn the path of a raw file into that of the page that shows it."""
    owner, repository, *rest = [*path.strip("/").split("/"), "", ""]
    branch = [part for part in rest if part]
    if branch[:2] == ["refs", "heads"]:
        branch = branch[2:]
    return "/".join(["", owner, repository, "blob", *branch])


def _without_tab(query: str) -> str:
    """On a forge, the tab that was open ("?tab=readme-ov-file") is the same page."""
    parts = [part for part in query.split("&") if not part.startswith("tab=readme")]
    return "&".join(parts)

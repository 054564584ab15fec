"""Words made to fit awesome-lint: titles, headings and sentences of a list.

The data repository keeps what the source or a person wrote; this is for the README alone.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from generation.items import Category, Item
from generation.markup import escape_markdown, one_line

LONGEST_NAME = 120
LONGEST_DESCRIPTION = 300

# Emoji and what joins or colours them: a heading's anchor would keep the invisible ones.
_EMOJI = re.compile(
    "[\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
    "\u200d\u20e3\ufe0e\ufe0f\U000e0020-\U000e007f]"
)
_HEADINGS_WITH_A_MEANING = {
    "contents", "contributing", "footnotes", "license", "licence", "related lists",
}  # fmt: skip
_WORD_START = re.compile(r"(^|[^\w']|_)([a-zß-öø-ÿ])")
_SMALL_WORD_ANYWHERE = re.compile(
    r"\b(?:A|An|And|As|At|But|By|En|For|If|In|Of|On|Or|The|To|Vs?\.?|Via)\b", re.ASCII
)
_SMALL_WORD = re.compile(rf"(?<!^){_SMALL_WORD_ANYWHERE.pattern}", re.ASCII)
_REPEATED = re.compile(r"([！!~～,，·?？])(?:\s*\1)+")  # noqa: RUF001
_STRAIGHT_QUOTES = str.maketrans("“”„\u2018\u2019", '"""\'\'')
_INCHES = re.compile(r'(?<=\d)"')
_BRACKETS = ("『", "』"), ("（", "）"), ("《", "》"), ("「", "」"), ("【", "】")  # noqa: RUF001
_NAME_ENDS = re.compile(r"(?![^\s.,!?:-])")
_BEFORE_WORDS = re.compile(r"^[^\w\"'(/@#$&%<\[{`+.]+|^\.+(?!\w)|^[-+]+(?=\W)")
_BEING = re.compile(r"^(?:is|are)\s+(?=\S)", re.IGNORECASE)
_FIRST_WORD = re.compile(r"('?)([^- ;./']+)")
_ENDED = re.compile(r"[.!?…]\"?$")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s")
# Names that are often misspelt, as their owners write them. Words of everyday language
# that are also names (expo, brackets, blockchain) are not among them.
_PROPER_NAMES = [
    "Android", "Ansible", "AWS", "Bitbucket", "Bitcoin", "CentOS", "ChatGPT", "Cloudflare",
    "CodeIgniter", "CouchDB", "Debian", "DigitalOcean", "Django", "Docker", "Dropbox",
    "DynamoDB", "Elasticsearch", "Ethereum", "Evernote", "FastAPI", "FFmpeg", "FreeBSD",
    "GIMP", "Git", "GitHub", "GitLab", "GraphQL", "Haskell", "Heroku", "iCloud",
    "ImageMagick", "InfluxDB", "Inkscape", "IntelliJ", "iOS", "iPadOS", "JavaScript",
    "Jupyter", "Kotlin", "Kubernetes", "LangChain", "Laravel", "Linux", "macOS", "MariaDB",
    "Matplotlib", "MongoDB", "MySQL", "Neo4j", "Neovim", "Netlify", "NumPy", "OneDrive",
    "OneNote", "OpenAI", "OpenBSD", "OpenGL", "PHP", "PostgreSQL", "PWA", "PyTorch",
    "Redis", "SharePoint", "SQLite", "Supabase", "SvelteKit", "Symfony", "TensorFlow",
    "Terraform", "Trello", "TypeScript", "Ubuntu", "Vercel", "WebAssembly", "WebGL",
    "WebGPU", "Webpack", "WebRTC", "WebSocket", "Wireshark", "Xcode", "YouTube",
]  # fmt: skip
_SPELLINGS = {name.casefold(): name for name in _PROPER_NAMES} | {
    "k8s": "Kubernetes",
    "mongo db": "MongoDB",
    "nextjs": "Next.js",
    "next.js": "Next.js",
    "node.js": "Node.js",
    "nodejs": "Node.js",
    "nuxtjs": "Nuxt.js",
    "nuxt.js": "Nuxt.js",
    "os x": "macOS",
    "osx": "macOS",
    "postgres": "PostgreSQL",
    "rss/atom": "RSS/Atom",
    "stackoverflow": "Stack Overflow",
    "vuejs": "Vue.js",
    "vue.js": "Vue.js",
    "wasm": "WebAssembly",
}
# An address comes first, so that what stands in it is not taken for a name. To look every
# word up is faster than to look for every name.
_WORD = re.compile(r"\w+")
_SPELLINGS_BEGIN = {_WORD.findall(spelling)[0] for spelling in _SPELLINGS}
_ADDRESS_OR_WORD = re.compile(
    r"(?<!\w)\w+://\S*|(?<![\w-])[\w-]+\.[\w.-]+/\S*"
    r"|(?<![\w.@#:+-])(?:os\ x|mongo\ db|rss/atom|\w(?:[\w.]*\w)?)(?![\w@+-]|:/)",
    re.IGNORECASE,
)


def title_of(name: str) -> str:
    """Write a name in title case; a lone or capital word becomes "Awesome Word"."""
    title = _well_spelt(_balanced(one_line(_EMOJI.sub("", name)))) or "List"
    if " " not in title or title.upper() == title != title.lower():
        title = f"Awesome {title}"
    return " ".join(
        _title_case(word, first=not number)
        if word[1:] == word[1:].lower() and "." not in word
        else word
        for number, word in enumerate(title.split(" "))
    )


def _title_case(words: str, *, first: bool = True) -> str:
    """Write every word with a capital, as the linter would: it makes Node.Js of Node.js."""
    capital = _WORD_START.sub(lambda found: found[1] + found[2].upper(), words)
    small = _SMALL_WORD if first else _SMALL_WORD_ANYWHERE
    return small.sub(lambda found: found[0].lower(), capital)


def main_heading(title: str) -> str:
    """Write the title in Markdown; in italics, which the linter skips, if it is right."""
    heading = escape_markdown(title)
    return heading if title == _title_case(title) else f"*{heading}*"


def heading_of(category: Category) -> str:
    """Write a category's name as a heading that GitHub gives a plain anchor."""
    plain = _well_spelt(_balanced(one_line(_EMOJI.sub("", category.name))))
    heading = plain.strip().rstrip(".,;:!?。，；：！？ ") or category.id or "Other"  # noqa: RUF001
    if heading.casefold() in _HEADINGS_WITH_A_MEANING:
        return f"{heading} Items"
    return heading


def name_of(item: Item) -> str:
    """Write an item's name; its host when nothing of the name can be read."""
    name = _shorten(_balanced(one_line(item.name)), LONGEST_NAME)
    return name or urlsplit(item.source_url).netloc or item.slug


def sentence(text: str, *, name: str = "") -> str:
    """Make a sentence that begins with a capital, ends, and does not begin with the name."""
    words = _shorten(_balanced(one_line(text)), LONGEST_DESCRIPTION)
    words = _BEFORE_WORDS.sub("", _without_name(words, name))
    words = _well_spelt(words)
    return _ended(_capital(words)) if re.search(r"\w", words) else ""


def _without_name(words: str, name: str) -> str:
    shortened = words
    while name and shortened.casefold().startswith(name.casefold()):
        rest = shortened[len(name) :]
        if not _NAME_ENDS.match(rest):
            break
        shortened = _BEFORE_WORDS.sub("", rest)
    return shortened if shortened == words else _BEING.sub("", shortened)


def _capital(words: str) -> str:
    first = _FIRST_WORD.match(words)
    if first is None or not first[2].islower():
        return words
    return first[1] + first[2][:1].upper() + words[len(first[1]) + 1 :]


def _well_spelt(words: str) -> str:
    if _SPELLINGS_BEGIN.isdisjoint(_WORD.findall(words.casefold())):
        return words
    return _ADDRESS_OR_WORD.sub(
        lambda found: _SPELLINGS.get(found[0].casefold(), found[0]), words
    )


def _ended(words: str) -> str:
    words = words.rstrip(" ,;:-–—。，、")  # noqa: RUF001
    words = re.sub(r'(?<=[.!?…])"[.!?…]+$', '"', words)
    return words if _ENDED.search(words) else f"{words}."


def _shorten(text: str, length: int) -> str:
    """Cut a text after a sentence, else after a word."""
    if len(text) <= length:
        return text
    ends = [end.start() for end in _SENTENCE_END.finditer(text, 0, length)]
    if ends and ends[-1] > length // 3:
        return text[: ends[-1]]
    return text[:length].rpartition(" ")[0].rstrip(" ,;:-") + "..."


def _balanced(text: str) -> str:
    """Use straight quotes, and drop those and those brackets that have no partner."""
    plain = text.isascii()
    if not plain:
        text = text.translate(_STRAIGHT_QUOTES)
    text = _REPEATED.sub(r"\1", text)
    if text.count('"') % 2:
        text = _INCHES.sub("″", text)
    if text.count('"') % 2:
        text = text.replace('"', "")
    for opening, closing in () if plain else _BRACKETS:
        if text.count(opening) != text.count(closing):
            text = text.replace(opening, "").replace(closing, "")
    return one_line(text)

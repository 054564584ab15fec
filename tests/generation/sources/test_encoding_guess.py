from __future__ import annotations

from pathlib import Path

import pytest

from directories.services.inspection import inspect
from generation.sources.decoding import decode_named
from tests.fakes import make_host

WESTERN = {
    "Spanish": "Año nuevo, Niñera, Celebración española, Cuida niños pequeños",
    "Swedish": "Smörgås, Älg, Gör smörgåsar åt alla, Räknar älgar på väg",
    "Danish": "Blåbærgrød og æbleskiver, smør på brød",
    "French": "Maïs: C’est une poêle naïve, où l’été brûle déjà – ça coûte 3 €.",
    "Portuguese": "Ação, coração, pão, não, informações",
    "Italian": "Città, perché, più, è così, qualità",
    "Icelandic": "Þetta er íslenska, maður og kýr, sæði, þökk",
    "Catalan": "Eina per a mesurar el temps, català, això, què, força",
    "Finnish": "Työkalu ajan mittaamiseen, hyvä, älä",
    "names of several": "Müller, café, Año, Ærø, Åland, São Paulo, Città",
}
OTHERS = {
    "Polish": ("cp1250", "Łódź to miasto. Książki i gazety są tańsze."),
    "Czech": ("cp1250", "Nástroj na měření času, který běží všude"),
    "Hungarian": ("cp1250", "Idő és erő, könnyű gyűjtemény, tükörfúrógép"),
    "Romanian": ("cp1250", "Aplicaţie pentru măsurarea timpului şi a cheltuielilor"),
    "Croatian": ("cp1250", "Čuvanje šuma, žene i đaci, kuća"),
    "Turkish": ("cp1254", "Zaman ölçüm aracı, kullanışlı ve ücretsiz, ağaç ışığı"),
    "Latvian": ("cp1257", "Laika uzskaites rīks, kas strādā visur, āķis, ģimene, ļoti"),
    "Lithuanian": ("cp1257", "Laiko apskaitos įrankis, žmonės, ąžuolas, ūkis"),
    "Russian": ("cp1251", "Карта и список вещей, учёт времени"),
    "Chinese": ("gb18030", "时间记录工具，免费使用。开源软件"),
    "Japanese": ("cp932", "時間を記録するツールです。無料で使えます。"),
}


def table(text: str, rows: int) -> str:
    lines = (f"Thing {n};https://thing-{n}.example.org;{text}\n" for n in range(rows))
    return "name;url;description\n" + "".join(lines)


@pytest.mark.parametrize("rows", [1, 8])
@pytest.mark.parametrize("language", WESTERN)
def test_western_text_is_windows_1252(language: str, rows: int) -> None:
    text = table(WESTERN[language], rows)

    decoded = decode_named(text.encode("cp1252"))

    assert (decoded.text, decoded.encoding, decoded.guessed) == (text, "cp1252", True)


@pytest.mark.parametrize("rows", [1, 8])
@pytest.mark.parametrize("language", OTHERS)
def test_other_encoding_wins_where_it_explains_clearly_more(
    language: str, rows: int
) -> None:
    encoding, words = OTHERS[language]
    text = table(words, rows)

    assert decode_named(text.encode(encoding)).text == text


def test_stated_encoding_is_no_guess() -> None:
    content = "Año nuevo".encode("cp1252")

    assert not decode_named(content, content_type="text/csv; charset=cp1252").guessed
    assert not decode_named("Año nuevo".encode()).guessed


def test_guess_is_reported(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes(table(WESTERN["Spanish"], 2).encode("cp1252"))

    found = inspect("list.csv", folder=tmp_path, host=make_host(tmp_path / "git"))

    assert found.warnings == ("list.csv: encoding guessed: windows-1252",)
    assert found.encodings == ("windows-1252 (guessed)",)

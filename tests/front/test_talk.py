"""The verbs ask and chat, as somebody in a terminal meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from showroom.cli import main

SCRIPT = """# a visit
try on the t-shirt
sleeves 3 cm longer
T恤多少钱
/things
/point chair
/body tall
put the T-shirt into the basket
/quit
never said
"""


@pytest.mark.parametrize(
    ("question", "more", "status", "sources"),
    [
        ("can I wash it?", ["--product", "tshirt"], 0, ["product:tshirt/care"]),
        ("可以退货吗", [], 0, ["faq:returns"]),
        ("who is your boss", [], 1, []),
    ],
)
def test_ask_prints_the_answer_with_its_sources(capsys, question, more, status, sources) -> None:
    assert main(["ask", question, *more]) == status
    document = json.loads(capsys.readouterr().out)
    assert document["sources"] == sources and document["answer"]


def test_ask_names_the_products_when_there_is_no_such_one(capsys) -> None:
    assert main(["ask", "how much is it", "--product", "unicorn"]) == 1
    assert "tshirt" in capsys.readouterr().err


def test_chat_says_what_changed_and_stops_when_told(capsys, tmp_path: Path) -> None:
    path = tmp_path / "visit.txt"
    path.write_text(SCRIPT, encoding="utf-8")
    assert main(["chat", "--script", str(path), "--height", "1.7"]) == 0
    out = capsys.readouterr().out
    assert "tshirt: sleeve_length 20.6 -> 23.6 cm" in out
    assert "19.90 EUR。  [product:tshirt/price]" in out
    assert "expected a height in metres" in out
    assert "basket: 1 x tshirt, 19.90 EUR" in out
    assert "never said" not in out


def test_chat_names_a_script_that_cannot_be_read(capsys, tmp_path: Path) -> None:
    assert main(["chat", "--script", str(tmp_path / "none.txt")]) == 1
    assert "none.txt" in capsys.readouterr().err


def test_errands_that_leave_this_machine_without_tls_are_refused(capsys) -> None:
    assert main(["chat", "--script", "x", "--model", "http://model.example/v1"]) == 1
    assert "https" in capsys.readouterr().err

"""The page, as a browser shows it: pictures, drawings, tables and arrays are answered, and mistakes told."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from graphnn.commands import train as train_command
from graphnn.serving.page import docs_page, front_page

ENTER, TAB = 13, 9
ANSWERED = "document.querySelector('.answer')"
ROWS = "length,colour,ripe,kind\n" + "".join(
    f"{i % 7 + (i % 2) * 9},{('red', 'green')[i % 2]},{('true', 'false')[i % 3 % 2]},{('apple', 'pear')[i % 2]}\n"
    for i in range(60)
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, browsing: Callable[..., Any]) -> Iterator[Any]:
    """A browser that the tests of this file share."""
    with browsing(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture(autouse=True)
def quiet(request: pytest.FixtureRequest) -> Iterator[None]:
    """Nothing is logged in the browser, such as what the policy of the page forbids."""
    yield
    if "page" in request.fixturenames:
        messages = request.getfixturevalue("page").messages
        found = [one for one in messages if "the server responded with a status of 4" not in json.dumps(one)]
        messages.clear()
        assert found == []


def trained_on(folder: Path, values: dict[str, Any]) -> Path:
    """Return a document that has been trained in a folder."""
    document = folder / "net.json"
    document.write_text(json.dumps(values), encoding="utf-8")
    assert train_command.main([str(document), "--quiet"]) == 0
    return document


def test_a_picture_is_answered_beside_what_the_network_sees(
    page: Any, served: Any, digits: list[bytes], tmp_path: Path
) -> None:
    picture = tmp_path / "five.png"
    picture.write_bytes(digits[0])
    best = httpx.post(f"{served.url}/predict", files={"x": ("five.png", digits[0])}).json()[0]["predictions"][0]
    page.open(served.url)
    assert page.text("h1") == "net"
    page.choose("#file", picture)
    page.wait(ANSWERED)
    assert page.text(".answer .first") == best["class"]
    assert page.text(".bars li:first-child .share") == f"{100 * best['probability']:.1f} %"
    assert page.value("[...document.querySelectorAll('.answer img')].map((image) => image.naturalWidth)") == [8, 8]
    assert page.value("document.querySelectorAll('.bars li').length") == 5
    page.value("document.querySelector('.answer button').click()")
    assert page.value("document.querySelectorAll('.bars li').length") == 10


def test_a_drawing_is_answered(page: Any, served: Any) -> None:
    page.open(served.url, width=390, height=844, dark=True)
    assert page.value("document.documentElement.scrollWidth") == 390
    page.value("document.querySelector('canvas').scrollIntoView({ block: 'center' })")
    box = page.value("JSON.parse(JSON.stringify(document.querySelector('canvas').getBoundingClientRect()))")
    places = [(0.5, 0.2), (0.5, 0.5), (0.5, 0.8)]
    for number, (across, down) in enumerate(places):
        kind = ("mousePressed", "mouseMoved", "mouseReleased")[number]
        x, y = box["x"] + across * box["width"], box["y"] + down * box["height"]
        page("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)
    page.wait(ANSWERED)
    assert "dark ink on light" in page.text(".notes")


def test_mistakes_are_told_plainly(page: Any, served: Any, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    page.open(served.url)
    page.choose("#file", broken)
    page.wait("!document.getElementById('error').hidden")
    assert page.value("document.getElementById('error').getAttribute('role')") == "alert"
    assert page.text("#error").startswith("broken.png: is not a picture of a kind that is read: PNG, JPEG")


def test_keys_reach_everything_and_all_of_it_has_a_name(page: Any, served: Any) -> None:
    page.open(served.url)
    seen = []
    for _ in range(8):
        page.press("Tab", TAB)
        seen.append(page.value("document.activeElement.id || document.activeElement.innerText"))
    assert seen == ["file", "camera", "Or draw one", "Clear", "How pictures are read", *seen[5:]]
    assert seen[5:] == ["How programs ask", "OpenAPI", "Metrics"]
    nodes = page("Accessibility.getFullAXTree")["nodes"]
    roles = [(node["role"]["value"], node["name"]["value"]) for node in nodes if not node["ignored"] and "name" in node]
    named = {role for role, name in roles if name}
    assert {"heading", "button", "link", "region"} <= named
    assert [name for role, name in roles if role == "Canvas"] == ["Draw a digit here with the mouse or a finger"]
    controls = ("button", "link", "textbox", "checkbox", "region")
    assert [role for role, name in roles if role in controls and not name] == []


def test_a_table_has_a_form(page: Any, small: dict[str, Any], tmp_path: Path, serve: Callable[..., Any]) -> None:
    (tmp_path / "fruit.csv").write_text(ROWS, encoding="utf-8")
    small.update(
        input={"shape": [4]},
        layers=[{"type": "Dense", "units": 2}, {"type": "Softmax"}],
        data={"dataset": "csv", "path": "fruit.csv", "target": "kind"},
    )
    with serve(trained_on(tmp_path, small)) as server:
        url = f"{server.url}/predict"
        row = {"length": 12.5, "colour": "green", "ripe": True}
        (answer,) = httpx.post(url, json={"inputs": row}).json()
        assert (answer["line"], answer["row"]) == (1, row)
        assert answer["predictions"]["predicted kind"] == "pear"
        assert len(httpx.post(url, json=[row, row]).json()) == 2
        for wrong, words in (
            ({"length": 1, "colour": "red"}, 'row:1: there is no column "ripe", which the table'),
            ({**row, "colour": "blue"}, 'row:1: column "colour": "blue" is no category of the training table'),
            ({**row, "length": "long"}, 'row:1: column "length": "long" is not a number'),
            ({**row, "length": None}, 'row:1: column "length": the cell is empty'),
            ({**row, "size": 3}, 'has no column "size"'),
            ({**row, "length": [1]}, "is a list or an object"),
        ):
            found = httpx.post(url, json={"inputs": wrong})
            assert (found.status_code, words in found.json()["error"]) == (422, True), found.text
        assert "takes rows of a table; send JSON" in httpx.post(url, files={"x": ("x.png", b"x")}).json()["error"]
        docs = httpx.get(f"{server.url}/docs").text
        assert "&quot;colour&quot;: &quot;green&quot;" in docs
        assert "?top" not in docs
        assert "top is for pictures and arrays" in httpx.post(f"{url}?top=2", json=row).json()["error"]
        page.open(server.url)
        page.value("document.getElementById('column-length').focus()")
        page("Input.insertText", text="12.5")
        page.value("document.getElementById('column-colour').value = 'green'")
        page.press("Enter", ENTER, "\r")  # in the field, as people do
        page.wait(ANSWERED)
        assert page.text(".answer .first") == "kind: pear"
        share = answer["predictions"]["probability of pear"]
        assert page.text(".bars li:first-child .share") in (f"{100 * share:.1f} %", ">99.9 %")
        page.value("document.getElementById('column-length').value = 'long'")
        page.value("document.querySelector('button.main').click()")
        page.wait("!document.getElementById('error').hidden")
        assert 'column "length": "long" is not a number' in page.text("#error")


@pytest.mark.long
def test_other_inputs_have_a_field_for_json(
    page: Any, small: dict[str, Any], tmp_path: Path, serve: Callable[..., Any]
) -> None:
    import numpy as np

    x = np.random.default_rng(0).standard_normal((30, 3)).astype(np.float32)
    np.savez(tmp_path / "data.npz", x_train=x, y_train=x[:, :1], x_test=x, y_test=x[:, :1])
    small.update(
        input={"shape": [3]},
        layers=[{"type": "Dense", "units": 1}],
        loss={"type": "MeanSquaredError"},
        data={"dataset": "npz", "path": "data.npz"},
    )
    with serve(trained_on(tmp_path, small)) as server:
        page.open(server.url)
        page.value("document.querySelector('button[type=button]').click()")
        assert page.value("document.getElementById('values').value") == "[0,0,0]"
        page.value("document.querySelector('button.main').click()")
        page.wait(ANSWERED)
        (answer,) = httpx.post(f"{server.url}/predict", json=[0, 0, 0]).json()
        assert float(page.text(".answer pre")) == pytest.approx(answer["values"][0], rel=1e-5)


def test_both_pages_need_nothing_else(served: Any) -> None:
    for path in ("/", "/docs"):
        found = httpx.get(f"{served.url}{path}")
        assert found.status_code == 200
        assert found.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in found.headers["content-security-policy"]
        assert not re.search(r"""(src|href)=["']?(https?:)?//|url\(|@import""", found.text)
        assert "{{" not in found.text


def test_what_documents_say_cannot_end_the_script() -> None:
    name = "</script></title><b>& {{facts}} {{sections}}"
    facts = {"name": name, "kind": "table", "columns": [], "input_shape": [1]}
    for text in (front_page(facts), docs_page(facts, "http://127.0.0.1:8000")):
        assert "</script></title>" not in text
        assert "<title>" in text
        assert "&lt;/script&gt;&lt;/title&gt;&lt;b&gt;&amp; {{facts}} {{sections}}" in text


def test_openapi_names_what_is_answered(served: Any) -> None:
    found = httpx.get(f"{served.url}/openapi.json").json()
    assert set(found["paths"]) == {"/predict", "/model", "/health", "/metrics"}
    predict = found["paths"]["/predict"]["post"]
    assert {"multipart/form-data", "image/*", "application/json"} <= set(predict["requestBody"]["content"])
    assert {one["name"] for one in predict["parameters"]} == {"top", "invert", "as_is", "seen"}
    assert {"200", "400", "408", "413", "415", "422", "429", "503", "504"} <= set(predict["responses"])


def test_parameters_are_counted_without_the_gaps_between_them(served: Any) -> None:
    assert httpx.get(f"{served.url}/model").json()["parameters"] == (64 * 16 + 16) + 2 * 16 + (16 * 10 + 10)

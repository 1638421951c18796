"""Each client: where its file is on each system, what is written into it, and what a user of it has to enter."""

import json
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from bursar.cli.connecting import jsonc
from bursar.cli.connecting.client import CannotWrite, Wanted
from bursar.cli.connecting.table import CLIENTS
from bursar.cli.connecting.where import Where
from bursar.config.document import CannotEdit

KEY = "bk-" + "k" * 40
WANTED = Wanted("http://127.0.0.1:4141/v1", KEY, "coder", 200_000)
HOME = Path("/home/ann")


@pytest.mark.parametrize(
    ("name", "system", "environ", "file"),
    [
        ("cline", "linux", {}, ".cline/data/settings/providers.json"),
        ("continue", "darwin", {}, ".continue/config.yaml"),
        ("continue", "linux", {"CONTINUE_GLOBAL_DIR": "/home/ann/c"}, "c/config.yaml"),
        ("aider", "win32", {}, ".aider.conf.yml"),
        ("codex", "linux", {"CODEX_HOME": "/home/ann/x"}, "x/config.toml"),
        ("codex", "darwin", {}, ".codex/config.toml"),
        ("opencode", "linux", {}, ".config/opencode/opencode.json"),
        ("opencode", "linux", {"XDG_CONFIG_HOME": "/home/ann/conf"}, "conf/opencode/opencode.json"),
        ("zed", "linux", {}, ".config/zed/settings.json"),
        ("zed", "darwin", {"XDG_CONFIG_HOME": "/home/ann/conf"}, ".config/zed/settings.json"),
        ("zed", "win32", {"APPDATA": "/home/ann/Roaming"}, "Roaming/Zed/settings.json"),
    ],
)
def test_where_the_file_is(name: str, system: str, environ: dict[str, str], file: str) -> None:
    find = CLIENTS[name].file
    assert find is not None
    assert find(Where(system, HOME, environ)) == HOME / file


def test_opencodes_file_with_comments_is_the_one_that_is_changed(tmp_path: Path) -> None:
    folder = tmp_path / ".config" / "opencode"
    folder.mkdir(parents=True)
    (folder / "opencode.jsonc").write_text("{}")
    find = CLIENTS["opencode"].file
    assert find is not None
    assert find(Where("linux", tmp_path, {})).name == "opencode.jsonc"


def edited(name: str, text: str = "", wanted: Wanted = WANTED) -> str:
    edit = CLIENTS[name].edit
    assert edit is not None
    return edit(text, wanted)


def test_clines_providers() -> None:
    other = {"version": 1, "modes": {}, "providers": {"anthropic": {"settings": {"apiKey": "sk-x"}}}}
    settings = {"provider": "openai-compatible", "apiKey": KEY, "model": "coder", "baseUrl": WANTED.base_url}
    for before in ("", json.dumps(other)):
        written = json.loads(edited("cline", before))
        assert written["lastUsedProvider"] == "openai-compatible"
        assert written["providers"]["openai-compatible"]["settings"] == settings
    assert written["providers"]["anthropic"] == other["providers"]["anthropic"]  # type: ignore[index]
    with pytest.raises(CannotWrite):
        edited("cline", '{"version": 2}')


def test_zeds_settings_hold_no_key() -> None:
    written = edited("zed", '// mine\n{\n  "theme": "x", // dark\n}\n')
    assert KEY not in written
    assert written.startswith('// mine\n{\n  "theme": "x", // dark\n  "language_models": {')
    [model] = jsonc.read(written)["language_models"]["openai_compatible"]["Bursar"]["available_models"]
    assert (model["name"], model["max_tokens"]) == ("coder", 200_000)
    assert any(KEY in line for line in CLIENTS["zed"].after(WANTED))


def test_opencodes_provider_keeps_the_models_that_were_added_to_it() -> None:
    first = edited("opencode")
    second = edited("opencode", first, Wanted(WANTED.base_url, KEY, "other"))
    provider = jsonc.read(second)["provider"]["bursar"]
    assert provider["npm"] == "@ai-sdk/openai-compatible"
    assert provider["options"] == {"baseURL": WANTED.base_url, "apiKey": KEY}
    assert set(provider["models"]) == {"coder", "other"}


CONTINUE = """\
# of mine
name: Mine
version: 1.0.0
schema: v1
models:
  # the first
  - name: Old   # local
    provider: ollama
    model: "qwen3"
rules: [Be brief.]
"""


def test_continues_models_keep_comments_order_and_quotes() -> None:
    written = edited("continue", CONTINUE)
    added = [line for line in written.splitlines() if line not in CONTINUE.splitlines()]
    assert [line for line in written.splitlines() if line not in added] == CONTINUE.splitlines()
    assert added[0] == "  - name: Bursar"
    [old, new] = YAML(typ="safe").load(written)["models"]
    assert old["model"] == "qwen3"
    assert new == YAML(typ="safe").load(edited("continue"))["models"][0]
    assert (new["provider"], new["apiBase"], new["apiKey"]) == ("openai", WANTED.base_url, KEY)
    again = edited("continue", written, Wanted(WANTED.base_url, KEY, "other"))
    assert [each["model"] for each in YAML(typ="safe").load(again)["models"]] == ["qwen3", "other"]


def test_aiders_file() -> None:
    written = edited("aider", "# mine\nauto-commits: false  # never\n")
    assert written.startswith("# mine\nauto-commits: false  # never\n")
    assert YAML(typ="safe").load(written) == {"auto-commits": False, **YAML(typ="safe").load(edited("aider"))}
    assert YAML(typ="safe").load(edited("aider", written)) == YAML(typ="safe").load(written)


@pytest.mark.parametrize("name", ["continue", "aider"])
@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [", "just words\n"])
def test_what_is_no_mapping_of_yaml_is_not_touched(name: str, text: str) -> None:
    with pytest.raises(CannotWrite):
        edited(name, text)


def test_codex_file_keeps_what_is_there_and_holds_no_key() -> None:
    written = edited("codex", '# mine\nmodel = "gpt-5"   # usual\n\n[tools]\nweb_search = true\n')
    assert KEY not in written
    assert written.startswith('# mine\nmodel = "coder"   # usual\n')
    said = tomllib.loads(written)
    assert said["model_provider"] == "bursar"
    assert said["model_providers"]["bursar"]["wire_api"] == "responses"
    assert said["tools"] == {"web_search": True}
    with pytest.raises(CannotEdit):
        edited("codex", 'model_providers = "x"\n')


def test_variables_are_set_in_their_places() -> None:
    before = "# mine\nexport OPENAI_API_KEY=sk-old\nDEBUG=1"
    assert (
        edited("openai", before) == f"# mine\nexport OPENAI_API_KEY={KEY}\nDEBUG=1\nOPENAI_BASE_URL={WANTED.base_url}\n"
    )
    with pytest.raises(CannotWrite):
        edited("openai", "OPENAI_API_KEY=a\nOPENAI_API_KEY=b\n")


@pytest.mark.parametrize("name", sorted(CLIENTS))
def test_what_to_enter_names_address_key_and_model(name: str) -> None:
    said = "\n".join(CLIENTS[name].enter(WANTED))
    for word in (WANTED.base_url, KEY, "coder"):
        assert word in said


def test_where_the_package_for_yaml_is_missing_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ruamel.yaml", None)
    with pytest.raises(CannotWrite, match=r"pip install 'bursar\[connect\]'"):
        edited("continue", CONTINUE)
    # A first file needs no package: nothing of anybody's is in it.
    assert KEY in edited("continue")

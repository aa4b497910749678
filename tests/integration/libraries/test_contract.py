"""The page offers what its contract says, under the modules where the libraries look for it.

`contract.json` says of each export who uses it and whether it is real or a stand-in. After work on the page, run this
file with `POMBO_WRITE_CONTRACT=1` in the environment to bring the states in it up to date, and look at the difference.
"""

import json
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, async_playwright

from adapters.playwright.browser import Browser

from .sandbox import ROOT, Sandbox
from .wajs import WA_JS

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONTRACT = ROOT / "src/sandbox/page/contract.json"
CONSUMERS = ("wa-js", "whatsapp-web.js")

# The state of each export: "absent", "stub" or "real".
_STATES = """async (modules) => {
  const {isStub} = await import("/stubs.js");
  const state = (id, path) => {
    let value = importNamespace(id);
    for (const name of path.split(".")) {
      if (isStub(value) && !Object.hasOwn(value, name)) return "stub";
      if (value === null || value === undefined || !(name in Object(value))) return "absent";
      value = value[name];
    }
    return isStub(value) ? "stub" : "real";
  };
  const states = ([id, paths]) => [id, Object.fromEntries(paths.map((path) => [path, state(id, path)]))];
  return Object.fromEntries(Object.entries(modules).map(states));
}"""

# What wa-js takes for each of its names: the modules of its own bundle hold one getter per name. Answers the names
# whose value is not the intended one, and the names of the bundle the contract doesn't speak of.
_BINDINGS = r"""({bindings, absent}) => {
  const intended = (reference) => {
    const [id, path] = reference.split("#");
    return (path ? path.split(".") : []).reduce((value, name) => value?.[name], importNamespace(id));
  };
  const wrong = {}, unknown = [], seen = new Set();
  for (const {exports} of Object.values(wppModules)) {
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(exports))) {
      // Its getters look for the module at first use, and read it afterwards; others are of no interest.
      if (!/searchId|\.split\("\."\)\.reduce/.test(String(descriptor.get))) continue;
      if (absent[name] !== undefined) continue;
      const references = [].concat(bindings[name] ?? []);
      if (!references.length) { unknown.push(name); continue; }
      seen.add(name);
      const value = exports[name];
      if (value === undefined || !references.some((reference) => intended(reference) === value)) {
        const found = value && WPP.whatsapp._moduleIdMap.get(value);
        wrong[name] = `${found ?? typeof value}, not ${references.join(" or ")}`;
      }
    }
  }
  return {wrong, unknown, unused: Object.keys(bindings).filter((name) => !seen.has(name))};
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(browser: Browser, sandbox: Sandbox) -> AsyncIterator[Page]:
    source = WA_JS.read_text()
    end = "self.WPP=__webpack_exports__"
    assert end in source
    # The only difference from the package: its own module cache is left where the test can look into it.
    opened = source.replace(end, f"{end},self.wppModules=__webpack_module_cache__")
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path=browser.path, env={**browser.environment()}, args=["--no-sandbox"]
        )
        page = await running.new_page()
        await page.add_init_script("window.WPPConfig = {disableGoogleAnalytics: true};")
        await page.add_init_script(opened)
        await page.goto(sandbox.page)
        await page.wait_for_function("window.WPP?.isFullReady")
        yield page
        await running.close()


async def test_every_export_is_there_and_in_the_state_the_contract_says(page: Page) -> None:
    contract: dict[str, Any] = json.loads(CONTRACT.read_text())
    paths = {module: list(exports) for module, exports in contract["modules"].items()}
    states: dict[str, dict[str, str]] = await page.evaluate(_STATES, paths)
    absent = [
        f"{module}.{name}" for module, names in states.items() for name, state in names.items() if state == "absent"
    ]
    assert absent == []
    differing = []
    for module, exports in contract["modules"].items():
        for name, entry in exports.items():
            for consumer in CONSUMERS:
                if consumer in entry and entry[consumer] != states[module][name]:
                    differing.append(f"{module}.{name} is {states[module][name]}, not {entry[consumer]}")
                    entry[consumer] = states[module][name]
    if differing and os.environ.get("POMBO_WRITE_CONTRACT"):
        CONTRACT.write_text(_render(contract))
    else:
        assert differing == []


async def test_wa_js_finds_each_of_its_names_in_the_intended_module(page: Page) -> None:
    contract = json.loads(CONTRACT.read_text())
    argument = {"bindings": contract["bindings"], "absent": contract["absent"]}
    found = await page.evaluate(_BINDINGS, argument)
    assert found == {"wrong": {}, "unknown": [], "unused": []}


async def test_a_stand_in_throws_its_name(page: Page) -> None:
    thrown = """() => {
      const attempts = [
        () => importNamespace("WAWebNoteAction").retrieveOnlyNoteForChatJid(),
        () => importNamespace("WAWebGroupCommunityJob").sendCreateCommunity(),
        () => importNamespace("WAWebLabelCollection").LabelCollection.find("1"),
        () => new (importNamespace("WAWebLabelModel").Label)(),
      ];
      return attempts.map((attempt) => {
        try { return [attempt()]; } catch (error) { return [error.name, error.message]; }
      });
    }"""
    names = [
        "WAWebNoteAction.retrieveOnlyNoteForChatJid",
        "WAWebGroupCommunityJob.sendCreateCommunity",
        "WAWebLabelCollection.LabelCollection.find",
        "WAWebLabelModel.Label",
    ]
    expected = [["SandboxNotImplemented", f"{name} is not implemented by the sandbox page"] for name in names]
    assert await page.evaluate(thrown) == expected


async def test_the_registry_answers_as_the_libraries_expect(page: Page) -> None:
    answers = await page.evaluate("""() => [
      require("WAWebMsgKey") === importNamespace("WAWebMsgKey").default,
      require("WAWebCollections").Msg === importNamespace("WAWebMsgCollection").MsgCollection,
      Object.keys(require("__debug").modulesMap).includes("WAWebWid"),
      typeof require("Bootloader").loadModules,
      Debug.VERSION,
    ]""")
    assert answers == [True, True, True, "function", json.loads(CONTRACT.read_text())["version"]]


def _render(contract: dict[str, Any]) -> str:
    """One line per export, so that a change of state is a change of one line."""

    def lines(entries: dict[str, Any], indent: str) -> str:
        return ",\n".join(f"{indent}{json.dumps(name)}: {json.dumps(entry)}" for name, entry in entries.items())

    modules = ",\n".join(
        f"  {json.dumps(module)}: {{\n{lines(exports, '   ')}\n  }}" for module, exports in contract["modules"].items()
    )
    sections = [f' "{name}": {{\n{lines(contract[name], "  ")}\n }}' for name in ("bindings", "absent")]
    head = f' "version": {json.dumps(contract["version"])},\n "modules": {{\n{modules}\n }}'
    return "{\n" + ",\n".join([head, *sections]) + "\n}\n"

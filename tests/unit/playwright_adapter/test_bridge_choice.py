"""Which build runs: judged on one page against the last good one, kept over restarts, and never in a loop."""

import hashlib
import json
from pathlib import Path

import pytest

from adapters.memory.proxy_connector import MemoryProxyConnector
from adapters.playwright.assets import BridgeAssets
from adapters.playwright.bridge_choice import CONNECTED, BridgeChoice
from adapters.playwright.bridge_records import BridgeRecords
from adapters.playwright.driver import PlaywrightWhatsAppDriver
from adapters.playwright.settings import DriverSettings
from adapters.playwright.wajs import WajsSettings
from domain.bridge import Bridge, BridgeSource
from domain.errors import UnavailableError
from domain.ids import SessionId
from domain.session import Capability

NAMES = ("LINK_QR", "LOGOUT", "SEND_TEXT", "RECEIVE")
ALL = frozenset(NAMES)
LESS = ALL - {"LOGOUT"}
SESSION = SessionId("one")
PINNED, OLD, NEW, NEWER = ("wa-js pinned", "wa-js old", "wa-js new", "wa-js newer")
Verdict = frozenset[str] | None
"""What a build's self-test finds; None for one that doesn't come up."""


def sha(name: str) -> str:
    return hashlib.sha256(f"self.WPP={{}};/* {name} */".encode()).hexdigest()


class Machine:
    """A data directory, scripts, and pages on which each build finds what ``finds`` says."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.finds: dict[str, Verdict] = {}
        self.passing: set[tuple[str, str]] = set()
        self.late = False
        self.opened: list[str] = []
        self.configured: Path | None = home / "configured.js"
        (home / "bridge.js").write_text("bridge")
        self.write(home / "pinned.js", PINNED)
        self.configure(OLD)

    def write(self, path: Path, name: str) -> None:
        path.write_text(f"self.WPP={{}};/* {name} */")

    def configure(self, name: str) -> None:
        self.write(self.home / "configured.js", name)

    def choice(self) -> BridgeChoice:
        settings = DriverSettings(
            browser=None,
            profiles=self.home / "profiles",
            assets=BridgeAssets(wajs=self.home / "pinned.js", bridge=self.home / "bridge.js"),
            wajs=WajsSettings(pinned=self.home / "pinned.js", configured=self.configured),
        )
        return BridgeChoice(SESSION, settings, BridgeRecords(settings.bridge_records), self.passing)

    async def life(self, *stages: str, spoilt: bool = False) -> BridgeChoice:
        """A page's life up to the last of the stages; ``opened`` then lists the builds that were tried in it."""
        self.opened = []
        choice = self.choice()
        await choice.choose()
        for stage in stages or (CONNECTED,):
            while True:
                self.opened.append(next(name for name in (PINNED, OLD, NEW, NEWER) if sha(name) == choice.build.sha256))
                assert len(self.opened) < 10, f"in a loop: {self.opened}"
                if spoilt and choice.trying:
                    reopen = choice.spoilt()
                else:
                    reopen = await self._meet(choice, stage)
                if not reopen:
                    break
        return choice

    async def _meet(self, choice: BridgeChoice, stage: str) -> bool:
        found = self.finds.get(self.opened[-1], ALL)
        if found is None:
            return await choice.failed("threw at load", passing=self.late)
        capabilities = [
            Capability(name=name, available=name in found, detail=None if name in found else f"x.{name}")
            for name in NAMES
        ]
        return await choice.judge(stage, capabilities)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def told(choice: BridgeChoice) -> Bridge:
    bridge = choice.bridge()
    assert bridge is not None
    return bridge


async def test_a_sound_build_runs_and_becomes_the_last_good_one(machine: Machine) -> None:
    choice = await machine.life()
    assert machine.opened == [OLD]
    assert (told(choice).source, told(choice).rolled_back_from) == (BridgeSource.CONFIGURED, None)
    records = machine.home / "profiles-bridges"
    assert (records / "builds" / f"{sha(OLD)}.js").read_bytes() == (machine.home / "configured.js").read_bytes()
    assert {path.stat().st_mode & 0o777 for path in records.rglob("*.js*")} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in records.glob("*")} == {0o700}


async def test_a_worse_build_is_given_up_for_the_private_copy_of_the_last_good_one(machine: Machine) -> None:
    await machine.life()
    machine.configure(NEW)  # over the very file of the old one
    machine.finds = {NEW: LESS}
    choice = await machine.life()
    assert machine.opened == [NEW, OLD]
    assert choice.rolled_back
    bridge = told(choice)
    assert (bridge.source, bridge.sha256) == (BridgeSource.ROLLED_BACK, sha(OLD))
    assert bridge.rolled_back_from is not None
    assert bridge.rolled_back_from.sha256 == sha(NEW)
    assert "LOGOUT (x.LOGOUT)" in bridge.rolled_back_from.detail
    # The verdict outlives the gateway, and isn't told as news again.
    choice = await machine.life()
    assert machine.opened == [OLD]
    assert not choice.rolled_back
    assert told(choice) == bridge
    # A newer file has a new chance.
    machine.configure(NEWER)
    assert told(await machine.life()).source is BridgeSource.CONFIGURED
    assert machine.opened == [NEWER]
    # And the one that was given up doesn't get its own back by that.
    machine.configure(NEW)
    assert told(await machine.life()).sha256 == sha(NEWER)
    assert machine.opened == [NEWER]


async def test_without_a_last_good_build_the_pinned_one_is_the_measure(machine: Machine) -> None:
    machine.finds = {OLD: LESS}
    choice = await machine.life("unlinked")
    assert machine.opened == [OLD, PINNED]
    assert told(choice).source is BridgeSource.ROLLED_BACK
    assert told(choice).sha256 == sha(PINNED)


async def test_a_page_that_has_changed_is_no_fault_of_the_build(machine: Machine) -> None:
    await machine.life()
    machine.configure(NEW)
    machine.finds = {OLD: LESS, NEW: LESS}
    choice = await machine.life()
    assert machine.opened == [NEW, OLD, NEW]
    assert not choice.rolled_back
    assert (told(choice).source, told(choice).rolled_back_from) == (BridgeSource.CONFIGURED, None)
    await machine.life()
    assert machine.opened == [NEW]


async def test_the_last_good_build_itself_is_never_left(machine: Machine) -> None:
    await machine.life()
    machine.finds = {OLD: LESS}
    assert not (await machine.life()).rolled_back
    assert machine.opened == [OLD]
    # What it does now is the measure for the next one.
    machine.configure(NEW)
    machine.finds = {OLD: LESS, NEW: LESS - {"SEND_TEXT"} | {"LOGOUT"}}
    await machine.life()
    assert machine.opened == [NEW]


@pytest.mark.parametrize("late", [False, True])
async def test_a_build_that_does_not_come_up_resolves_nothing(machine: Machine, late: bool) -> None:
    await machine.life()
    machine.configure(NEW)
    machine.finds = {NEW: None, OLD: LESS}
    machine.late = late
    choice = await machine.life()
    assert machine.opened == [NEW, OLD]
    assert choice.rolled_back
    await machine.life()
    assert machine.opened == [OLD]
    # One that only wasn't heard of in time has a new chance when the gateway starts again.
    machine.passing.clear()
    await machine.life()
    assert machine.opened == ([NEW, OLD] if late else [OLD])


async def test_when_no_build_comes_up_each_opening_tries_both_once(machine: Machine) -> None:
    await machine.life()
    machine.configure(NEW)
    machine.finds = {NEW: None, OLD: None}
    for _ in range(2):
        choice = await machine.life()
        assert machine.opened == [NEW, OLD]
        assert not choice.rolled_back
    machine.finds = {NEW: None}
    assert (await machine.life()).rolled_back


async def test_a_stand_in_that_fails_gives_the_other_a_new_chance(machine: Machine) -> None:
    await machine.life()
    machine.configure(NEW)
    machine.finds = {NEW: LESS}
    await machine.life()
    machine.finds = {NEW: LESS, OLD: None}
    await machine.life()
    assert machine.opened == [OLD]
    choice = await machine.life()
    assert machine.opened == [NEW, OLD, NEW]
    assert told(choice).source is BridgeSource.CONFIGURED
    await machine.life()
    assert machine.opened == [NEW]


async def test_a_stand_in_that_does_less_than_what_it_stands_in_for_is_looked_at_again(machine: Machine) -> None:
    await machine.life()
    machine.configure(NEW)
    machine.finds = {NEW: LESS}
    await machine.life()
    machine.finds = {NEW: LESS, OLD: LESS - {"SEND_TEXT"}}
    await machine.life()
    assert machine.opened == [OLD]
    await machine.life()
    assert machine.opened == [NEW]


async def test_a_trial_that_cannot_be_held_decides_nothing(machine: Machine) -> None:
    await machine.life()
    machine.configure(NEW)
    machine.finds = {NEW: LESS}
    choice = await machine.life(spoilt=True)
    assert machine.opened == [NEW, OLD, NEW]
    assert not choice.rolled_back
    assert told(choice).source is BridgeSource.CONFIGURED
    # It is made up for at the next opening.
    assert (await machine.life()).rolled_back


async def test_a_build_is_judged_where_the_page_is_signed_in_as_well(machine: Machine) -> None:
    await machine.life("unlinked", CONNECTED)
    machine.configure(NEW)
    await machine.life("unlinked")
    assert machine.opened == [NEW]
    machine.finds = {NEW: LESS}
    assert (await machine.life(CONNECTED)).rolled_back
    assert machine.opened == [NEW, OLD]


async def test_another_bridge_of_ours_judges_anew(machine: Machine) -> None:
    await machine.life()
    machine.configure(NEW)
    machine.finds = {NEW: LESS}
    await machine.life()
    (machine.home / "bridge.js").write_text("a bridge that needs other functions")
    machine.finds = {}
    assert told(await machine.life()).source is BridgeSource.CONFIGURED


async def test_a_file_that_is_gone_while_the_gateway_runs_costs_no_session(machine: Machine) -> None:
    await machine.life()
    (machine.home / "configured.js").unlink()
    choice = await machine.life()
    assert machine.opened == [OLD]
    bridge = told(choice)
    assert bridge.source is BridgeSource.ROLLED_BACK
    assert bridge.rolled_back_from is not None
    assert bridge.rolled_back_from.sha256 is None
    assert "can't be read" in bridge.rolled_back_from.detail
    for path in (machine.home / "profiles-bridges").rglob("*.js"):
        path.unlink()
    assert told(await machine.life()).sha256 == sha(PINNED)
    (machine.home / "pinned.js").unlink()
    with pytest.raises(UnavailableError) as caught:
        await machine.life()
    assert caught.value.reason == "BRIDGE_FAILED"


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"good": 1, "given_up": {}}', b'{"good": null}', b"\xff\xfe"])
async def test_a_damaged_record_counts_as_none(machine: Machine, damage: bytes) -> None:
    await machine.life()
    (record,) = (machine.home / "profiles-bridges" / "sessions").iterdir()
    json.loads(record.read_bytes())
    record.write_bytes(damage)
    machine.configure(NEW)
    machine.finds = {NEW: LESS}
    await machine.life()
    assert machine.opened == [NEW, PINNED]


async def test_a_damaged_copy_is_not_run(machine: Machine) -> None:
    await machine.life()
    copy = machine.home / "profiles-bridges" / "builds" / f"{sha(OLD)}.js"
    copy.write_text(copy.read_text() + "; stolen()")
    machine.configure(NEW)
    machine.finds = {NEW: LESS}
    await machine.life()
    assert machine.opened == [NEW, PINNED]


async def test_a_disk_that_takes_nothing_costs_the_memory_alone(machine: Machine) -> None:
    (machine.home / "profiles-bridges").write_text("a file where the directory should be")
    machine.finds = {OLD: LESS}
    choice = await machine.life()
    assert machine.opened == [OLD, PINNED]
    assert choice.rolled_back


async def test_copies_that_no_record_names_are_removed(machine: Machine) -> None:
    await machine.life()
    records = BridgeRecords(machine.home / "profiles-bridges")
    (machine.home / "profiles-bridges" / "builds" / "left.js").write_text("")
    records.prune()
    assert records.copy(sha(OLD)) is not None
    assert len(list((machine.home / "profiles-bridges" / "builds").iterdir())) == 1
    records.forget(SESSION)
    records.prune()
    assert records.copy(sha(OLD)) is None


async def test_a_session_remembers_the_newest_verdicts(machine: Machine) -> None:
    await machine.life()
    for number in range(25):
        name = f"wa-js {number}"
        machine.configure(name)
        choice = machine.choice()
        await choice.choose()
        assert await choice.judge(CONNECTED, [Capability(name=each, available=False) for each in NAMES])
        assert not await choice.judge(CONNECTED, [Capability(name=each, available=True) for each in NAMES])
    kept = BridgeRecords(machine.home / "profiles-bridges").load(SESSION).given_up
    assert list(kept) == [sha(f"wa-js {number}") for number in range(5, 25)]


@pytest.mark.parametrize("late", [True, False])
async def test_a_page_that_reaches_nothing_says_nothing_of_a_build(machine: Machine, late: bool) -> None:
    await machine.life()
    settings = machine.choice()._settings
    driver = PlaywrightWhatsAppDriver(settings, MemoryProxyConnector())
    machine.configure(NEW)
    machine.finds[NEW], machine.late = None, late
    before = BridgeRecords(settings.bridge_records).load(SESSION)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "choice", lambda: driver._offline._choose(SESSION, settings))
        await machine.life(CONNECTED)
    assert machine.opened == [NEW, OLD], "it is read with the build that does come up"
    assert BridgeRecords(settings.bridge_records).load(SESSION) == before
    assert driver._passing == set()

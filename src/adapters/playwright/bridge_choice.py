"""Which build of wa-js a page runs: what the settings ask for, unless the last good one does more on the same page."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

from adapters.playwright.bridge_records import BridgeRecord, BridgeRecords, GivenUp, GoodBuild
from adapters.playwright.settings import DriverSettings
from adapters.playwright.wajs import WajsBuild
from domain.bridge import Bridge, BridgeSource, ReplacedBridge
from domain.errors import InvalidArgumentError, UnavailableError
from domain.ids import SessionId
from domain.session import Capability

_LOG: Final = structlog.get_logger(__name__)
CONNECTED: Final = "connected"
"""The stage that counts most: all of the page is loaded."""

_LOAD: Final = "load"
_LONGEST_DETAIL: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """The wanted build has fallen short, and the standby shows what it can do on the same page.

    Attributes:
        found: the capabilities that the wanted build had.
        passing: it fell short in a way that may pass by itself; the verdict then isn't kept.
    """

    wanted: WajsBuild
    stage: str
    found: frozenset[str]
    detail: str
    passing: bool


class BridgeChoice:
    """One page's choice, from its opening to its end.

    A build is never judged by what it did at another time: where it falls short of what is remembered of the last good
    one, that one is tried on the very page, and has to do better. There is one trial per stage in a page's life.
    """

    def __init__(
        self, session_id: SessionId, settings: DriverSettings, records: BridgeRecords, passing: set[tuple[str, str]]
    ) -> None:
        """``passing`` holds verdicts (session, hash) that end with the driver; pages of one driver share it."""
        self._log = _LOG.bind(session_id=session_id)
        self._session_id = session_id
        self._settings = settings
        self._records = records
        self._passing = passing
        self._record = BridgeRecord()
        self._bridge_hash = ""
        self._build: WajsBuild | None = None
        self._replaced: ReplacedBridge | None = None
        self._trial: _Trial | None = None
        self._tried: set[str] = set()
        self.told_version: str | None = None
        """What wa-js in the page calls itself."""
        self.rolled_back = False
        """Set at a new verdict; who has told of it takes it back."""

    @property
    def build(self) -> WajsBuild:
        """What runs, or is to run next."""
        if self._build is None:
            raise RuntimeError("nothing has been chosen yet")
        return self._build

    @property
    def trying(self) -> bool:
        """Whether the standby is on trial."""
        return self._trial is not None

    def bridge(self) -> Bridge | None:
        """What runs, as it is told."""
        if self._build is None:
            return None
        replaced = self._replaced
        if self._trial is not None:
            wanted = self._trial.wanted
            replaced = ReplacedBridge(version=wanted.version, sha256=wanted.sha256, detail=self._trial.detail)
        return Bridge(
            version=self._build.version or self.told_version,
            sha256=self._build.sha256,
            source=self._build.source,
            rolled_back_from=replaced,
        )

    async def choose(self) -> None:
        """Makes the first choice of a page's life.

        Raises:
            UnavailableError: ``BRIDGE_FAILED``: no build can be read; ``BRIDGE_MISSING``.
        """
        await asyncio.to_thread(self._choose)

    def _choose(self) -> None:
        self._record = self._records.load(self._session_id)
        try:
            self._bridge_hash = hashlib.sha256(self._settings.assets.bridge.read_bytes()).hexdigest()
        except OSError as error:
            raise UnavailableError("BRIDGE_MISSING", f"{error.filename} is missing; run `make setup`.") from error
        try:
            wanted = self._settings.builds.read(self._session_id)
        except InvalidArgumentError as error:
            self._stand_in(error)
            return
        self._build = wanted
        verdict = self._verdict_on(wanted)
        standby = None if verdict is None else self._standby_for(wanted)
        if standby is not None and verdict is not None:
            self._build = standby
            self._replaced = ReplacedBridge(version=wanted.version, sha256=wanted.sha256, detail=verdict.detail)

    def _stand_in(self, error: InvalidArgumentError) -> None:
        """The file was sound when the gateway started and isn't any more: a session needn't suffer for that."""
        self._log.warning("wajs_unreadable", detail=error.message)
        self._build = self._standby_for(None)
        if self._build is None:
            raise UnavailableError("BRIDGE_FAILED", error.message) from error
        self._replaced = ReplacedBridge(version=None, sha256=None, detail=error.message)

    def _verdict_on(self, wanted: WajsBuild) -> GivenUp | None:
        given_up = self._record.given_up.get(wanted.sha256)
        if given_up is not None and given_up.bridge == self._bridge_hash:
            return given_up
        if (self._session_id, wanted.sha256) in self._passing:
            return GivenUp(version=wanted.version, found=0, bridge=self._bridge_hash, detail="it didn't come up")
        return None

    def _standby_for(self, wanted: WajsBuild | None) -> WajsBuild | None:
        """The last good build, else the pinned one; None where that is the wanted one itself."""
        good = self._record.good
        if good is not None and (wanted is None or good.sha256 != wanted.sha256):
            copy = self._records.copy(good.sha256)
            if copy is not None:
                return replace(copy, version=copy.version or good.version)
        elif good is not None:
            return None
        try:
            pinned = self._settings.builds.read_pinned()
        except InvalidArgumentError:
            return None
        if wanted is not None and pinned.sha256 == wanted.sha256:
            return None
        return replace(pinned, source=BridgeSource.ROLLED_BACK)

    async def judge(self, stage: str, capabilities: Sequence[Capability]) -> bool:
        """Says what the running build's self-test found at a stage. True: the page must be reopened with ``build``."""
        found = frozenset(capability.name for capability in capabilities if capability.available)
        if self._trial is not None:
            return await self._compare(stage, found)
        if not capabilities:
            return False  # A self-test that can't be read says nothing of the build.
        good = self._record.good
        if self._replaced is not None or (good is not None and good.sha256 == self.build.sha256):
            await self._learn(stage, found)
            return False
        known = good.resolved.get(stage) if good is not None else None
        if len(found) >= (len(capabilities) if known is None else len(known)):
            await self._trust(stage, found)
            return False
        lacking = ", ".join(f"{each.name} ({each.detail})" for each in capabilities if not each.available)
        return await self._try_standby(stage, found, f"lacks {lacking}", passing=False)

    async def failed(self, detail: str, *, passing: bool) -> bool:
        """Says that the running build didn't come up in a page that loaded. True: reopen the page with ``build``.

        ``passing``: it wasn't heard of in time, which need not be its own fault.
        """
        if self._trial is not None:
            return await self._compare(self._trial.stage, frozenset())
        if self._replaced is not None:
            # The stand-in fails now: what it stood in for is tried at the next opening.
            await self._acquit(self._replaced.sha256)
            return False
        good = self._record.good
        if good is not None and good.sha256 == self.build.sha256:
            return False
        return await self._try_standby(_LOAD, frozenset(), detail, passing=passing)

    def spoilt(self) -> bool:
        """The page couldn't be opened for the trial, or ended in it: that says nothing. True: reopen with ``build``."""
        trial, self._trial = self._trial, None
        if trial is None:
            return False
        self._build = trial.wanted
        return trial.stage != _LOAD

    async def _try_standby(self, stage: str, found: frozenset[str], detail: str, *, passing: bool) -> bool:
        if stage in self._tried:
            return False
        self._tried.add(stage)
        wanted = self.build
        standby = await asyncio.to_thread(self._standby_for, wanted)
        if standby is None:
            if found:
                await self._trust(stage, found)
            return False
        self._log.warning("bridge_falls_short", build=wanted.label, stage=stage, detail=detail, trying=standby.label)
        self._trial = _Trial(wanted=wanted, stage=stage, found=found, detail=detail[:_LONGEST_DETAIL], passing=passing)
        self._build = standby
        return True

    async def _compare(self, stage: str, found: frozenset[str]) -> bool:
        trial, self._trial = self._trial, None
        if trial is None:
            raise RuntimeError("there is no trial")
        if len(found) > len(trial.found):
            await self._give_up(trial, stage, found)
            return False
        standby, self._build = self.build, trial.wanted
        self._log.warning("bridge_kept", build=trial.wanted.label, than=standby.label, detail="it is no worse")
        if not trial.found:
            return False  # Neither comes up: there is nothing to reopen the page for.
        good = self._record.good
        if good is not None and good.sha256 == standby.sha256:
            # The page has changed, and with it what the last good one does there.
            self._record = replace(self._record, good=replace(good, resolved={**good.resolved, trial.stage: found}))
        await self._trust(trial.stage, trial.found)
        return True

    async def _give_up(self, trial: _Trial, stage: str, found: frozenset[str]) -> None:
        wanted, standby = trial.wanted, self.build
        verdict = GivenUp(version=wanted.version, found=len(trial.found), bridge=self._bridge_hash, detail=trial.detail)
        given_up = {sha: each for sha, each in self._record.given_up.items() if sha != wanted.sha256}
        if trial.passing:
            self._passing.add((self._session_id, wanted.sha256))
        else:
            given_up[wanted.sha256] = verdict
        self._replaced = ReplacedBridge(version=wanted.version, sha256=wanted.sha256, detail=trial.detail)
        self.rolled_back = True
        self._log.warning("bridge_rolled_back", build=wanted.label, to=standby.label, detail=trial.detail)
        self._record = replace(self._record, given_up=given_up)
        await self._set_good(stage, found)

    async def _trust(self, stage: str, found: frozenset[str]) -> None:
        """The running build does what the last good one does, and takes its place."""
        good = self._record.good
        if good is not None and good.sha256 != self.build.sha256 and stage != CONNECTED and CONNECTED in good.resolved:
            # It hasn't shown yet what it does in a page that is signed in.
            await self._save()
            return
        await self._set_good(stage, found)

    async def _learn(self, stage: str, found: frozenset[str]) -> None:
        good = self._record.good
        if good is None or good.sha256 != self.build.sha256 or good.resolved.get(stage) == found:
            return
        sha256 = None if self._replaced is None else self._replaced.sha256
        verdict = None if sha256 is None else self._record.given_up.get(sha256)
        await self._set_good(stage, found)
        if verdict is not None and len(found) < verdict.found:
            await self._acquit(sha256)

    async def _acquit(self, sha256: str | None) -> None:
        if sha256 is None:
            return
        self._log.warning("bridge_verdict_dropped", sha256=sha256)
        self._passing.discard((self._session_id, sha256))
        given_up = {sha: each for sha, each in self._record.given_up.items() if sha != sha256}
        self._record = replace(self._record, given_up=given_up)
        await self._save()

    async def _set_good(self, stage: str, found: frozenset[str]) -> None:
        good, build = self._record.good, self.build
        before = good.resolved if good is not None and good.sha256 == build.sha256 else {}
        now = GoodBuild(sha256=build.sha256, version=build.version, resolved={**before, stage: found})
        self._record = replace(self._record, good=now)
        await self._save()

    async def _save(self) -> None:
        try:
            await asyncio.to_thread(self._records.save, self._session_id, self._record, self.build)
        except OSError as error:
            # The session goes on; what isn't kept is found out again.
            self._log.warning("bridge_record_not_saved", error=error.strerror)

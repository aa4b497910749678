"""What is wrong with the files of TLS is named before anything is served; and while it is, what was good stays."""

import ssl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from entrypoints.runtime.checks import check_settings
from entrypoints.server_tls import ServerTls
from entrypoints.settings import Settings, SettingsError, load_settings
from entrypoints.tls_files import TlsFiles, TlsFilesError
from tests.certificates import Authority, Made

DAY = timedelta(days=1)
PEM_OF_NOBODY = b"-----BEGIN PRIVATE KEY-----\nMAwCAQAwBQYDKgMEBAA=\n-----END PRIVATE KEY-----\n"
"""A key of a kind that doesn't exist."""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.validation_alias), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POMBO_DATA_DIR", str(tmp_path / "data"))


def files_of(made: Made, client_ca: Path | None = None) -> TlsFiles:
    return TlsFiles(cert=made.cert, key=made.key, client_ca=client_ca)


def test_good_files(authority: Authority) -> None:
    identity = files_of(authority.make("good"), authority.file).read()
    assert identity.context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert identity.context.verify_mode is ssl.CERT_REQUIRED
    assert "PRIVATE" not in repr(identity)
    assert files_of(authority.make("other")).read().context.verify_mode is ssl.CERT_NONE


def missing(authority: Authority) -> TlsFiles:
    made = authority.make("bad")
    made.key.unlink()
    return files_of(made)


def mismatched(authority: Authority) -> TlsFiles:
    return TlsFiles(cert=authority.make("bad").cert, key=authority.make("other").key)


def locked(authority: Authority) -> TlsFiles:
    return files_of(authority.make("bad", password=b"a password"))


def unknown(authority: Authority) -> TlsFiles:
    made = authority.make("bad")
    made.key.write_bytes(PEM_OF_NOBODY)
    return files_of(made)


def exchanged(authority: Authority) -> TlsFiles:
    made = authority.make("bad")
    return TlsFiles(cert=made.key, key=made.cert)


def no_authority(authority: Authority) -> TlsFiles:
    made = authority.make("bad")
    return files_of(made, made.key)


@pytest.mark.parametrize(
    ("make", "problems"),
    [
        (missing, [("POMBO_TLS_KEY: ", "can't be read (No such file")]),
        (mismatched, [("POMBO_TLS_KEY: ", "isn't the key of")]),
        (unknown, [("POMBO_TLS_KEY: ", "a kind of key that isn't known")]),
        (locked, [("POMBO_TLS_KEY: ", "locked with a password")]),
        (exchanged, [("POMBO_TLS_CERT: ", "no certificates"), ("POMBO_TLS_KEY: ", "no private key")]),
        (lambda each: files_of(each.make("bad", ends=-DAY, begins=-2 * DAY)), [("POMBO_TLS_CERT: ", "expired at")]),
        (lambda each: files_of(each.make("bad", begins=DAY)), [("POMBO_TLS_CERT: ", "isn't valid before")]),
        (no_authority, [("POMBO_TLS_CLIENT_CA: ", "no certificates")]),
    ],
)
def test_each_fault_is_named_with_its_setting(
    authority: Authority, make: Callable[[Authority], TlsFiles], problems: list[tuple[str, str]]
) -> None:
    with pytest.raises(TlsFilesError) as caught:
        make(authority).read()
    assert len(caught.value.problems) == len(problems)
    for told, (setting, what) in zip(caught.value.problems, problems, strict=True):
        assert told.startswith(setting)
        assert what in told
        assert "PRIVATE KEY-----\n" not in told


def test_all_that_is_wrong_is_told_at_once_with_other_settings(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = authority.make("bad", ends=-DAY, begins=-2 * DAY)
    monkeypatch.setenv("POMBO_TLS_CERT", str(made.cert))
    monkeypatch.setenv("POMBO_TLS_KEY", str(tmp_path / "none.key"))
    (tmp_path / "other.js").write_text("self.jQuery = {}")
    monkeypatch.setenv("POMBO_WAJS_PATH", str(tmp_path / "other.js"))
    with pytest.raises(SettingsError) as caught:
        check_settings(load_settings())
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "POMBO_WAJS_PATH",
        "POMBO_TLS_KEY",
        "POMBO_TLS_CERT",
    ]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"POMBO_TLS_CERT": "a.crt"}, "POMBO_TLS_KEY"),
        ({"POMBO_TLS_KEY": "a.key"}, "POMBO_TLS_KEY"),
        ({"POMBO_TLS_CLIENT_CA": "a.pem"}, "POMBO_TLS_CLIENT_CA"),
        ({"POMBO_HEALTH_PORT": "8080"}, "PORT"),
        ({"POMBO_HEALTH_PORT": "50051"}, "GRPC_PORT"),
        ({"POMBO_HEALTH_PORT": "-1"}, "POMBO_HEALTH_PORT"),
    ],
)
def test_settings_that_do_not_go_together(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], named: str) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [named]


def test_files_that_change_are_read_again_and_bad_ones_change_nothing(authority: Authority) -> None:
    made, renewed = authority.make("shown"), authority.make("renewed")
    tls = ServerTls(files_of(made))
    first = tls.current()
    assert tls.current() is first
    with capture_logs() as logs:
        renewed.cert.replace(made.cert)
        assert tls.current() is first
        assert tls.current() is first
        assert [entry["event"] for entry in logs] == ["tls_files_unusable"]
        renewed.key.replace(made.key)
        second = tls.current()
    assert second is not first
    assert [entry["event"] for entry in logs] == ["tls_files_unusable", "tls_files_read"]
    with capture_logs() as logs:
        made.key.unlink()
        assert tls.current() is second
    assert "can't be read" in logs[0]["problems"][0]


def test_a_link_that_leads_elsewhere_is_a_change(authority: Authority, tmp_path: Path) -> None:
    """As platforms exchange what they mount: all files at once, by one link."""
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        made = authority.make(f"of-{place}")
        made.cert.rename(tmp_path / place / "tls.crt")
        made.key.rename(tmp_path / place / "tls.key")
    link = tmp_path / "now"
    link.symlink_to("one")
    tls = ServerTls(TlsFiles(cert=link / "tls.crt", key=link / "tls.key"))
    first = tls.current()
    (tmp_path / "next").symlink_to("two")
    (tmp_path / "next").rename(link)
    assert tls.current().chain == (tmp_path / "two" / "tls.crt").read_bytes() != first.chain

"""Settings: what is taken, and how clearly the rest is refused."""

import base64
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from application.limits.call_rates import CallRates
from application.ports.rate_limiter import Rate
from domain.webhook import RetrySchedule
from entrypoints.runtime.checks import check_settings
from entrypoints.settings import (
    Settings,
    SettingsError,
    default_data_dir,
    forget_secrets,
    load_settings,
    unknown_variables,
)

VARIABLES = tuple(str(field.validation_alias) for field in Settings.model_fields.values())


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_defaults_need_nothing() -> None:
    settings = load_settings()
    assert (settings.host, settings.port, settings.grpc_port) == ("127.0.0.1", 8080, 50051)
    assert settings.api_key is None
    assert settings.web_url == "https://web.whatsapp.com/"


def test_the_environment_wins_over_the_file_and_an_option_over_both(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("PORT=1001\nGRPC_PORT=1002\nSOMETHING_ELSE=1\n")
    monkeypatch.setenv("PORT", "1003")
    settings = load_settings()
    assert (settings.port, settings.grpc_port) == (1003, 1002)
    assert load_settings(PORT=1004).port == 1004


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "")
    monkeypatch.setenv("PORT", "")
    settings = load_settings()
    assert (settings.api_key, settings.port) == (None, 8080)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "65536"),
        ("GRPC_PORT", "-1"),
        ("API_KEY", "short-secret"),
        ("API_KEY", "sixteen characters and spaces"),
        ("API_KEY", "sixteen-charactérs"),
        ("DATABASE_URL", "mysql://secret@host/db"),
        ("DATABASE_URL", "postgresql://:5432/secret"),
        ("DATABASE_URL", "postgresql://host:99999999/db"),
        ("REDIS_URL", "localhost:6379"),
        ("WEBHOOK_URL", "ftp://secret.example/"),
        ("WEBHOOK_URL", "https://user:secret@hook.example/"),
        ("POMBO_WEBHOOK_ALLOW_PRIVATE", "10.0.0.1/8"),
        ("POMBO_WEBHOOK_ALLOW_PRIVATE", "maybe"),
        ("POMBO_WEBHOOK_RETRY_SCHEDULE", "77"),
        ("POMBO_WEBHOOK_RETRY_SCHEDULE", "5s,0.017s"),
        ("POMBO_WEBHOOK_RETRY_SCHEDULE", "999h"),
        ("APP_ENV", "staging-secret"),
        ("POMBO_LOG_LEVEL", "loud"),
        ("POMBO_MAX_BODY_BYTES", "17"),
        ("POMBO_CORS_ORIGINS", "https://a.example/path"),
        ("POMBO_WAJS_CANARY_SESSIONS", "support"),
        ("POMBO_WAJS_CANARY_SESSIONS", "Not A Slug"),
        ("WHATSAPP_WEB_URL", "whatsapp.example"),
        ("POMBO_RATE_CALLS", "often"),
        ("POMBO_RATE_CALLS", "77"),
        ("POMBO_RATE_SENDS", "0/h"),
        ("POMBO_RATE_SENDS", "5/0s"),
        ("POMBO_RATE_REFUSED_KEYS", "9/25h"),
        ("POMBO_RATE_OPEN_CALLS", "-5/m"),
        ("POMBO_MAX_CONNECTIONS", "0"),
        ("POMBO_TRUSTED_PROXIES", "proxy.example"),
        ("POMBO_TRUSTED_PROXIES", "true"),
        ("POMBO_TRUSTED_PROXIES", "10.0.0.0/8,::/0"),
        ("POMBO_ROLE", "worker-secret"),
        ("POMBO_SNAPSHOT_KEY", "c2hvcnQ="),
        ("GRPC_PORT", "8080"),
    ],
)
def test_a_bad_setting_is_named_and_its_value_is_not_told(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].startswith(f"{name}: ")
    assert value not in str(caught.value)
    assert caught.value.__suppress_context__


def test_every_bad_setting_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("API_KEY", "x")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert [problem.partition(":")[0] for problem in caught.value.problems] == ["PORT", "API_KEY"]


def test_a_role_of_several_needs_servers_that_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POMBO_ROLE", "API")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    (problem,) = caught.value.problems
    assert problem.startswith("POMBO_ROLE: ")
    assert problem.endswith("set DATABASE_URL and REDIS_URL")
    monkeypatch.setenv("DATABASE_URL", "postgresql://host/pombo")
    monkeypatch.setenv("REDIS_URL", "no URL")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert [problem.partition(":")[0] for problem in caught.value.problems] == ["REDIS_URL"]
    monkeypatch.setenv("REDIS_URL", "redis://host")
    assert load_settings().role == "api"


def test_a_snapshot_key_that_is_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    key = base64.b64encode(bytes(32)).decode()
    monkeypatch.setenv("POMBO_SNAPSHOT_KEY", f"{key}, {key}")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert caught.value.problems == ("POMBO_SNAPSHOT_KEY: names a key twice",)


def test_what_settings_name_is_told_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("POMBO_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("POMBO_WAJS_PATH", str(tmp_path / "none.js"))
    monkeypatch.setenv("POMBO_WAJS_CANARY_PATH", str(tmp_path / "none-either.js"))
    for name in ("snapshot.key", "api-keys.secret"):
        (tmp_path / name).write_text("no key")
        (tmp_path / name).chmod(0o600)
    with pytest.raises(SettingsError) as caught:
        check_settings(load_settings())
    names = [problem.partition(":")[0] for problem in caught.value.problems]
    assert names == ["POMBO_WAJS_PATH", "POMBO_WAJS_CANARY_PATH", "the key of snapshots", "the secret of API keys"]


@pytest.mark.parametrize("url", ["postgresql://u:p@h:5432/n", "postgres://h/n", "postgresql:///n?host=/run/postgresql"])
def test_database_urls(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    settings = load_settings()
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == url
    assert url not in repr(settings)


def test_origins_are_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POMBO_CORS_ORIGINS", "https://a.example, http://b.example:8080")
    assert load_settings().cors_origins == ("https://a.example", "http://b.example:8080")


def test_a_file_that_is_no_text_is_told() -> None:
    Path(".env").write_bytes(b"PORT=\xff\xfe\n")
    with pytest.raises(SettingsError, match=r"\.env"):
        load_settings()


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().port = 1


def test_a_slip_of_the_pen_is_noticed() -> None:
    assert unknown_variables({"POMBO_DATADIR": "x", "POMBO_HOST": "x", "PATH": "x"}) == ("POMBO_DATADIR",)


def test_secrets_are_taken_out_of_the_environment_that_programs_inherit() -> None:
    secrets = {
        *("API_KEY", "POMBO_API_KEY_SECRET", "POMBO_SNAPSHOT_KEY", "DATABASE_URL", "REDIS_URL", "WEBHOOK_URL"),
        "POMBO_MEDIA_S3_SECRET_ACCESS_KEY",
    }
    environment = dict.fromkeys((*VARIABLES, "PATH", "AWS_SECRET_ACCESS_KEY"), "x")
    forget_secrets(environment)
    assert secrets.isdisjoint(environment)
    # The last is read by who makes the connection to the bucket; browsers aren't given it.
    assert {"PATH", "PORT", "POMBO_TLS_KEY", "AWS_SECRET_ACCESS_KEY"} <= environment.keys()


def test_the_data_directory_follows_xdg() -> None:
    assert default_data_dir({"XDG_DATA_HOME": "/data"}) == Path("/data/pombo")


def test_webhook_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().webhook_allow_private == ()
    assert load_settings().webhook_retry_schedule == RetrySchedule().waits
    monkeypatch.setenv("POMBO_WEBHOOK_ALLOW_PRIVATE", "10.1.0.0/16, fd00::/8")
    monkeypatch.setenv("POMBO_WEBHOOK_RETRY_SCHEDULE", "0.5s, 5m,2h")
    assert load_settings().webhook_allow_private == (ip_network("10.1.0.0/16"), ip_network("fd00::/8"))
    assert [wait.total_seconds() for wait in load_settings().webhook_retry_schedule] == [0.5, 300, 7_200]
    for text, networks in (("true", 2), ("FALSE", 0)):
        monkeypatch.setenv("POMBO_WEBHOOK_ALLOW_PRIVATE", text)
        assert len(load_settings().webhook_allow_private) == networks


def test_canary_sessions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("POMBO_WAJS_CANARY_PATH", "canary.js")
    monkeypatch.setenv("POMBO_WAJS_CANARY_SESSIONS", "support, sales")
    settings = load_settings()
    assert settings.wajs_canary_path == tmp_path / "canary.js"
    assert settings.wajs_canary_sessions == ("support", "sales")


def test_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().call_rates == CallRates()
    monkeypatch.setenv("POMBO_RATE_CALLS", "600/m")
    monkeypatch.setenv("POMBO_RATE_SENDS", " 50/10s ")
    monkeypatch.setenv("POMBO_RATE_REFUSED_KEYS", "0")
    monkeypatch.setenv("POMBO_RATE_OPEN_CALLS", "5/24h")
    monkeypatch.setenv("POMBO_MAX_STREAMS", "0")
    monkeypatch.setenv("POMBO_TRUSTED_PROXIES", "10.0.0.0/8,fd00::/8")
    settings = load_settings()
    assert settings.call_rates == CallRates(
        calls=Rate(quota=600, window=timedelta(minutes=1)),
        sends=Rate(quota=50, window=timedelta(seconds=10)),
        refused_keys=None,
        open_calls=Rate(quota=5, window=timedelta(days=1)),
        streams=0,
    )
    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))

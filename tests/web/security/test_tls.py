import ssl
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from web.options import Options
from web.security.room import may_listen
from web.security.tls import DAYS, RENEW_DAYS, Exposed, check, fingerprint, self_signed

NOW = datetime(2026, 1, 19, 10, 23, 45, tzinfo=UTC)


def test_certificate_when_made_then_good_for_this_machine_and_its_key_the_owners_alone(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "desk.example", NOW)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "desk.example"]
    assert [str(item) for item in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    assert len(fingerprint(certificate)) == 95


@pytest.mark.parametrize(
    ("host", "later", "same"),
    [
        ("10.0.0.5", timedelta(0), True),
        ("10.0.0.5", timedelta(days=DAYS - RENEW_DAYS - 1), True),
        ("10.0.0.5", timedelta(days=DAYS - RENEW_DAYS + 1), False),
        ("10.0.0.6", timedelta(0), False),
    ],
)
def test_certificate_when_there_is_one_then_kept_while_it_fits(
    tmp_path: Path, host: str, later: timedelta, same: bool
) -> None:
    before = self_signed(tmp_path, "10.0.0.5", NOW)[0].read_bytes()
    assert (self_signed(tmp_path, host, NOW + later)[0].read_bytes() == before) is same


def test_certificate_when_its_key_is_gone_then_both_anew(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "127.0.0.1", NOW)
    before = certificate.read_bytes()
    key.unlink()
    assert self_signed(tmp_path, "127.0.0.1", NOW)[0].read_bytes() != before


def options(host: str, *, tls: bool, controls: bool) -> Options:
    file = Path("x") if tls else None
    return Options(home=Path("h"), host=host, controls=controls, certificate=file, key=file)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "desk.example"])
@pytest.mark.parametrize("controls", [False, True])
def test_start_when_others_could_connect_then_only_with_tls_and_somebody_who_can_log_in(
    host: str, controls: bool
) -> None:
    with pytest.raises(Exposed, match="bare") as refused:
        check(options(host, tls=False, controls=controls), 1)
    assert refused.value.hint == f"gt risk dashboard start --host {host} --tls"
    with pytest.raises(Exposed, match="nobody could log in"):
        check(options(host, tls=True, controls=controls), 0)
    check(options(host, tls=True, controls=controls), 1)


def test_start_when_only_this_machine_can_connect_then_looking_takes_nothing_and_acting_a_user() -> None:
    check(options("127.0.0.1", tls=False, controls=False), 0)
    check(options("127.0.0.1", tls=False, controls=True), 1)
    with pytest.raises(Exposed, match="nobody could log in"):
        check(options("127.0.0.1", tls=False, controls=True), 0)


def test_dashboard_when_settings_would_open_it_then_the_process_itself_refuses(tmp_path: Path) -> None:
    for more, why in ((["--host", "0.0.0.0"], "bare"), (["--controls"], "nobody could log in")):
        argv = [sys.executable, "-m", "web", "--home", str(tmp_path), "--port", "1", *more]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, why in done.stderr) == (1, True), done.stderr


def test_dashboard_when_the_users_cannot_be_read_then_not_started(tmp_path: Path) -> None:
    (tmp_path / "dashboard.db").write_text("no database at all, but long enough to be looked at " * 40)
    (tmp_path / "dashboard.db").chmod(0o600)
    with pytest.raises(Exposed, match="users cannot be read"):
        may_listen(Options(home=tmp_path, controls=True))
    may_listen(Options(home=tmp_path))

"""Maker and checker: never oneself, exactly what was approved, once, whatever is killed."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.actions.access_check import check_access
from ledger.actions.access_log import check_access_log, expire_access_log, read_access_log
from ledger.actions.api_keys import create_api_key, revoke_api_key
from ledger.actions.approvals import (
    approve_request,
    compute_request_digest,
    list_approvals,
    reject_request,
    request_approval,
    resume_approved,
    show_approval,
)
from ledger.actions.backup import make_backup
from ledger.actions.restoration import restore_backup
from ledger.errors import (
    ChainUnavailableError,
    ConflictError,
    MalformedInputError,
    NotAuthorizedError,
    NotFoundError,
    StorageError,
)
from ledger.roles import Role
from ledger.vault.access_tables import ApprovalState
from ledger.vault.approvals import Approval
from ledger.workspace import Workspace
from tests.ledger.vault.vaults import raw_bytes
from tests.support.keeping import PASSPHRASE, make_home

REQUEST = b'{"certificate":"1.2.156.3005.2.X","reason":1}'
NOW_UNIX = 1_800_000_000


@pytest.fixture
def clock() -> list[int]:
    return [NOW_UNIX]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    make_home(tmp_path / "home", 0)
    return tmp_path / "home"


@pytest.fixture
def workspace(home: Path, clock: list[int]) -> Iterator[Workspace]:
    with Workspace.open(home, PASSPHRASE, clock=lambda: clock[0]) as opened:
        yield opened


class Runner:
    """What carries out; remembers what it was given, and may be told to fail."""

    def __init__(self) -> None:
        self.done: list[tuple[str, bytes]] = []
        self.error: Exception | None = None

    def __call__(self, operation: str, request: bytes) -> bytes:
        if self.error is not None:
            raise self.error
        self.done.append((operation, request))
        return b'{"revoked":true}'


@pytest.fixture
def run() -> Runner:
    return Runner()


def permit(operation: str, request: bytes) -> None:
    assert (operation, request) == ("revoke", REQUEST)


def forbid(operation: str, request: bytes) -> None:
    raise NotAuthorizedError("no officer", code="role_not_allowed")


def ask(workspace: Workspace, maker: str = "oidc:a") -> Approval:
    return request_approval(workspace, "revoke", REQUEST, maker=maker, people={maker})


def allow(
    workspace: Workspace, approval: Approval, run: Runner, checker: str = "oidc:b"
) -> Approval:
    return approve_request(
        workspace,
        approval.approval_id,
        approval.digest,
        permit,
        run,
        checker=checker,
        people={checker},
    )


def test_what_another_approves_is_done_as_it_was_asked(workspace: Workspace, run: Runner) -> None:
    approval = ask(workspace)
    assert approval.digest == compute_request_digest("revoke", REQUEST)
    done = allow(workspace, approval, run)
    assert run.done == [("revoke", REQUEST)]
    assert (done.state, done.decided_by) == (ApprovalState.DONE, "oidc:b")
    shown = show_approval(workspace, approval.approval_id, forbid, reader="oidc:a")
    assert (shown.request, shown.result) == (REQUEST.decode(), '{"revoked":true}')


def test_nobody_approves_their_own_request(workspace: Workspace, run: Runner) -> None:
    with pytest.raises(NotAuthorizedError) as refusal:
        allow(workspace, ask(workspace), run, checker="oidc:a")
    assert refusal.value.code == "own_request"
    assert run.done == []


def test_two_keys_of_one_person_are_one_person(workspace: Workspace, run: Runner) -> None:
    approval = request_approval(
        workspace, "revoke", REQUEST, maker="key:1", people={"oidc:a", "oidc:admin"}
    )
    for checker, people in (("key:2", {"oidc:a"}), ("oidc:admin", set()), ("key:1", {"oidc:z"})):
        with pytest.raises(NotAuthorizedError) as refusal:
            approve_request(
                workspace,
                approval.approval_id,
                approval.digest,
                permit,
                run,
                checker=checker,
                people=people,
            )
        assert refusal.value.code == "own_request"
    assert run.done == []


def test_checker_without_the_role_decides_nothing(workspace: Workspace, run: Runner) -> None:
    approval = ask(workspace)
    told = (workspace, approval.approval_id, approval.digest)
    with pytest.raises(NotAuthorizedError, match="no officer"):
        approve_request(*told, forbid, run, checker="oidc:b", people={"oidc:b"})
    with pytest.raises(NotAuthorizedError, match="no officer"):
        reject_request(*told, "because", forbid, checker="oidc:b", people={"oidc:b"})
    with pytest.raises(NotAuthorizedError, match="no officer"):
        show_approval(workspace, approval.approval_id, forbid, reader="oidc:b")
    assert list_approvals(workspace, ApprovalState.PENDING) == [approval]


def test_checker_who_saw_something_else_approves_nothing(workspace: Workspace, run: Runner) -> None:
    approval = ask(workspace)
    with pytest.raises(ConflictError) as refusal:
        approve_request(
            workspace,
            approval.approval_id,
            compute_request_digest("revoke", b"{}"),
            permit,
            run,
            checker="oidc:b",
            people=[],
        )
    assert refusal.value.code == "approval_digest"


def test_answer_is_for_who_asked_alone(workspace: Workspace, run: Runner) -> None:
    approval = ask(workspace)
    allow(workspace, approval, run)
    shown = show_approval(workspace, approval.approval_id, permit, reader="oidc:b")
    assert shown.request == REQUEST.decode()
    assert shown.result is None


def test_same_request_again_is_the_same_while_it_waits(workspace: Workspace, run: Runner) -> None:
    first = ask(workspace)
    assert ask(workspace) == first
    assert ask(workspace, "oidc:c").approval_id != first.approval_id
    allow(workspace, first, run)
    assert ask(workspace).approval_id != first.approval_id


def test_approving_twice_does_it_once(workspace: Workspace, run: Runner) -> None:
    approval = ask(workspace)
    assert allow(workspace, approval, run) == allow(workspace, approval, run, "oidc:c")
    assert len(run.done) == 1


def test_rejected_request_is_never_done(workspace: Workspace, run: Runner) -> None:
    approval = ask(workspace)
    rejected = reject_request(
        workspace,
        approval.approval_id,
        approval.digest,
        "依据不足",
        permit,
        checker="oidc:b",
        people=["oidc:b"],
    )
    assert (rejected.state, rejected.reason) == (ApprovalState.REJECTED, "依据不足")
    with pytest.raises(ConflictError) as refusal:
        allow(workspace, approval, run)
    assert refusal.value.code == "approval_decided"


def test_request_expires(workspace: Workspace, clock: list[int], run: Runner) -> None:
    approval = ask(workspace)
    clock[0] = approval.expires_at_unix
    with pytest.raises(ConflictError, match="expired already"):
        allow(workspace, approval, run)
    assert ask(workspace).approval_id != approval.approval_id


def test_approved_before_a_kill_is_done_after_it(
    home: Path, workspace: Workspace, run: Runner
) -> None:
    approval = ask(workspace)
    run.error = ChainUnavailableError("killed")
    with pytest.raises(ChainUnavailableError):
        allow(workspace, approval, run)
    workspace.vault.close()
    run.error = None
    with Workspace.open(home, PASSPHRASE) as again:
        (done,) = resume_approved(again, run)
        assert done.state is ApprovalState.DONE
        assert run.done == [("revoke", REQUEST)]
        assert resume_approved(again, run) == []


def test_act_that_can_never_be_done_has_failed(workspace: Workspace, run: Runner) -> None:
    approval = ask(workspace)
    run.error = ConflictError("revoked before", code="status_final")
    with pytest.raises(ConflictError):
        allow(workspace, approval, run)
    (failed,) = list_approvals(workspace, ApprovalState.FAILED)
    assert failed.error_code == "status_final"


def test_request_altered_in_the_vault_is_not_carried_out(
    home: Path, workspace: Workspace, run: Runner
) -> None:
    approval = ask(workspace)
    other = request_approval(workspace, "revoke", b"{}", maker="oidc:x", people=[])
    raw = sqlite3.connect(home / "vault" / "vault.db")
    with raw:
        raw.execute(
            "UPDATE approvals SET digest = (SELECT digest FROM approvals WHERE id = ?) "
            "WHERE id = ?",
            (other.approval_id, approval.approval_id),
        )
    raw.close()
    with pytest.raises(StorageError) as refusal:
        allow(workspace, workspace.vault.approvals.get(approval.approval_id), run)
    assert refusal.value.code == "request_altered"
    assert run.done == []


def test_request_is_encrypted_on_the_disk(home: Path, workspace: Workspace) -> None:
    ask(workspace)
    assert b"1.2.156" not in raw_bytes(home / "vault")


def test_content_of_a_request_is_only_among_the_expiring_keys_of_a_backup(
    home: Path, workspace: Workspace, tmp_path: Path
) -> None:
    approval = ask(workspace)
    make_backup(workspace, tmp_path / "backup")
    workspace.vault.close()
    restore_backup(tmp_path / "backup", tmp_path / "new", PASSPHRASE)
    with Workspace.open(tmp_path / "new", PASSPHRASE) as again:
        assert again.vault.approvals.read_request(approval.approval_id) == REQUEST
    raw = sqlite3.connect(tmp_path / "backup" / "vault.db")
    assert raw.execute("SELECT count(*) FROM approval_papers").fetchone() == (0,)
    raw.close()


def test_every_step_is_in_the_security_log(workspace: Workspace, run: Runner) -> None:
    allow(workspace, ask(workspace), run)
    page = read_access_log(workspace)
    assert [row.event for row in page.records] == ["approval_granted", "approval_requested"]
    assert check_access_log(workspace).is_whole


def test_log_is_kept_for_half_a_year_at_least(workspace: Workspace, clock: list[int]) -> None:
    ask(workspace)
    clock[0] += 183 * 86_400 + 1
    ask(workspace, "oidc:c")
    with pytest.raises(MalformedInputError) as refusal:
        expire_access_log(workspace, 182)
    assert refusal.value.code == "retention_too_short"
    assert expire_access_log(workspace).removed == 1
    assert check_access_log(workspace).is_whole


def test_pages_of_the_log_read_on(workspace: Workspace) -> None:
    for number in range(5):
        ask(workspace, f"oidc:{number}")
    from ledger.vault.access_log import LogCondition

    first = read_access_log(workspace, limit=3)
    rest = read_access_log(workspace, LogCondition(before_number=first.next_before), limit=3)
    assert [row.number for row in (*first.records, *rest.records)] == [5, 4, 3, 2, 1]
    assert rest.next_before is None
    with pytest.raises(MalformedInputError):
        read_access_log(workspace, limit=0)


def test_unknown_request_is_told(workspace: Workspace) -> None:
    with pytest.raises(NotFoundError):
        show_approval(workspace, "00", permit, reader="oidc:a")


def test_altered_log_and_request_are_found_by_the_check_of_the_home(
    home: Path, workspace: Workspace
) -> None:
    first, second = ask(workspace), request_approval(workspace, "x", b"{}", maker="m", people=[])
    assert list(check_access(workspace)) == []
    raw = sqlite3.connect(home / "vault" / "vault.db")
    with raw:
        raw.execute("UPDATE access_log SET subject = 'another' WHERE id = 1")
        raw.execute("UPDATE approvals SET digest = zeroblob(32) WHERE id = ?", (first.approval_id,))
        raw.execute(
            "UPDATE approval_papers SET ciphertext = zeroblob(60) WHERE approval = ?",
            (second.approval_id,),
        )
    raw.close()
    found = {(problem.code, problem.subject) for problem in check_access(workspace)}
    assert found == {
        ("access_log_altered", "access log"),
        ("request_altered", f"request {first.approval_id}"),
        ("row_damaged", f"request {second.approval_id}"),
    }


def test_two_officers_at_once_do_it_once(workspace: Workspace) -> None:
    approval = ask(workspace)
    started, go_on, done = threading.Event(), threading.Event(), []

    def run(operation: str, request: bytes) -> bytes:
        started.set()
        go_on.wait(10)
        done.append(request)
        return b""

    def allow_by(checker: str) -> Approval:
        return approve_request(
            workspace,
            approval.approval_id,
            approval.digest,
            permit,
            run,
            checker=checker,
            people=[checker],
        )

    first = threading.Thread(target=allow_by, args=("oidc:b",))
    first.start()
    started.wait(10)
    with pytest.raises(ConflictError) as refusal:
        allow_by("oidc:c")
    assert refusal.value.code == "approval_under_way"
    resume_approved(workspace, run)
    go_on.set()
    first.join()
    assert done == [REQUEST]
    assert allow_by("oidc:c").decided_by == "oidc:b"


def test_request_of_a_revoked_key_is_not_approved_any_more(
    workspace: Workspace, run: Runner
) -> None:
    key_id = create_api_key(workspace, "n", Role.AUDITOR).key.key_id
    made = [ask(workspace, f"key:{key_id}"), ask(workspace, "key:0123456789abcdef")]
    revoke_api_key(workspace, key_id)
    for approval in made:
        with pytest.raises(NotAuthorizedError) as refusal:
            allow(workspace, approval, run)
        assert refusal.value.code == "maker_revoked"
    assert run.done == []
    assert len(list_approvals(workspace, ApprovalState.PENDING)) == 2

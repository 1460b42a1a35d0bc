"""`make powercut`: real file systems that are full, read-only or broken, and the box that lives through it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from frontdesk.control import VerbError
from tests.e2e.box import Box
from tests.support.durable_box import PASSWORD, DurableBox, durable_box

from .recorded_disk import make_file_system, missing, mounted, run

SIZE = 8 << 20
EXT4_IOC_SHUTDOWN = 0x8004587D
"""Linux's fs/ext4/ext4.h."""
NO_FLUSH = (2).to_bytes(4, "little")
"""EXT4_GOING_FLAGS_NOLOGFLUSH."""


@pytest.fixture(scope="session", autouse=True)
def machine() -> None:
    """Fails where nothing can be mounted."""
    if lack := missing():
        pytest.fail(lack, pytrace=False)


@contextmanager
def file_system(kind: str, folder: Path) -> Iterator[Path]:
    """A small one, mounted."""
    at = folder / "mounted"
    if kind == "tmpfs":
        at.mkdir()
        run("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(at))
        try:
            yield at
        finally:
            run("umount", str(at))
    else:
        make_file_system(folder / "disk.img", SIZE)
        with mounted(folder / "disk.img", at):
            yield at


def fill(at: Path) -> Path:
    """Takes all space that there is; removing the file gives it back."""
    hog = at / "hog"
    with hog.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 10, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return hog


def register(box: DurableBox, call_id: str, port: int, cseq: int = 1) -> int:
    """The status that the phone gets."""
    box.register("101", call_id, port, cseq=cseq)
    [answer] = box.wait()
    assert answer.status == 200 or answer.first("retry-after")
    return answer.status


def refuses_all(box: DurableBox) -> None:
    """Phones and people are told that nothing was stored, and `status` why."""
    # One phone that moves; the log has room for some time.
    statuses = {register(box, "refused", 6000 + number, number) for number in range(1, 101)}
    assert 500 in statuses and statuses <= {200, 500}
    with pytest.raises(VerbError, match="Nothing was changed"):
        box.do("account import", text="username,password\n" + "".join(f"{n},secret\n" for n in range(500, 900)))
    assert any(notice.startswith("The disk cannot be written") for notice in box.notices())


def contacts_after_restart(data: Path) -> list[str]:
    """Where 101 would be rung when the box comes back."""
    with durable_box(data) as box:
        return box.contacts("101")


@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
def test_box_lives_through_a_full_disk(tmp_path: Path, kind: str) -> None:
    with file_system(kind, tmp_path) as disk:
        with durable_box(disk / "data") as box:
            box.do("account add", user="101", password=PASSWORD)
            assert register(box, "kept", 5060) == 200
            hog = fill(disk)
            refuses_all(box)
            hog.unlink()
            assert register(box, "new", 5061) == 200
            box.do("account add", user="102")
            assert box.notices() == []
            contacts = box.contacts("101")
        assert {"sip:101@192.0.2.101:5060", "sip:101@192.0.2.101:5061"} <= set(contacts)
        assert contacts_after_restart(disk / "data") == contacts


def make_read_only(at: Path) -> Callable[[], None]:
    """As a card that is worn out; what makes it writable again."""
    run("mount", "-o", "remount,ro", str(at))
    return lambda: run("mount", "-o", "remount,rw", str(at))


def make_full(at: Path) -> Callable[[], None]:
    """No room at all; what gives it back."""
    return fill(at).unlink


@pytest.mark.parametrize(("kind", "fail"), [("tmpfs", make_full), ("ext4", make_full), ("ext4", make_read_only)])
def test_box_starts_on_a_disk_that_takes_nothing(
    tmp_path: Path, kind: str, fail: Callable[[Path], Callable[[], None]]
) -> None:
    with file_system(kind, tmp_path) as disk:
        with durable_box(disk / "data") as box:
            box.do("account add", user="101", password=PASSWORD)
            assert register(box, "kept", 5060) == 200
            contacts = box.contacts("101")
        heal = fail(disk)
        with durable_box(disk / "data") as box:
            assert box.contacts("101") == contacts
            refuses_all(box)
            assert box.contacts("101") == contacts
            heal()
            assert register(box, "new", 5061) == 200
            assert box.notices() == []
            contacts = box.contacts("101")
        assert contacts_after_restart(disk / "data") == contacts


@pytest.mark.parametrize("has_password", [False, True])
def test_commands_reach_a_box_that_was_started_on_a_read_only_disk(tmp_path: Path, has_password: bool) -> None:
    word = tmp_path / "word"
    word.write_text("correct horse\n")
    with file_system("ext4", tmp_path) as disk:
        box = Box(disk / "data", hosts=("127.0.0.1",))
        box.start()
        if has_password:
            box.run("passwd", "admin", "--password-file", str(word))
        assert box.stop() == 0
        heal = make_read_only(disk)
        box.start()
        try:
            assert "Accounts    0" in box.run("status") and "The disk cannot be written" in box.run("problems")
        finally:
            assert box.stop() == 0
            heal()


def pull_out(at: Path) -> None:
    """The file system's disk is gone: it answers all with EIO."""
    descriptor = os.open(at, os.O_RDONLY)
    try:
        fcntl.ioctl(descriptor, EXT4_IOC_SHUTDOWN, NO_FLUSH)
    finally:
        os.close(descriptor)


def turn_read_only(at: Path) -> None:
    """As the kernel does when the file system finds an error: EROFS."""
    run("mount", "-o", "remount,abort", str(at))


@pytest.mark.parametrize("fail", [pull_out, turn_read_only])
def test_box_goes_on_when_a_failed_disk_is_mounted_again(tmp_path: Path, fail: Callable[[Path], None]) -> None:
    image, at = tmp_path / "disk.img", tmp_path / "mounted"
    make_file_system(image, SIZE)
    with mounted(image, at), durable_box(at / "data") as box:
        box.do("account add", user="101", password=PASSWORD)
        assert register(box, "kept", 5060) == 200
        fail(at)
        refuses_all(box)
        run("umount", "--lazy", str(at))
        run("mount", "-o", "loop", str(image), str(at))
        register(box, "first", 5061)  # What is open on the old mount may have to fail once more.
        assert register(box, "second", 5062) == 200
        box.do("account add", user="102")
        assert box.notices() == []
        contacts = box.contacts("101")
        box.close()
        assert contacts_after_restart(at / "data") == contacts

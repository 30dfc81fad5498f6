"""Blocks that take too long are ended, and nothing else is."""

import threading
import time

import pytest

from nbport.system.time_limit import time_limit


def endless():
    while True:
        time.sleep(0.001)


def test_block_that_takes_too_long_is_ended():
    with pytest.raises(TimeoutError), time_limit(0.05):
        endless()


def test_block_that_ends_in_time_is_not_disturbed_later():
    with time_limit(0.05):
        pass
    time.sleep(0.1)


def test_error_of_the_block_is_kept():
    with pytest.raises(KeyError), time_limit(10):
        raise KeyError


def test_only_its_own_thread_is_ended():
    ended = []

    def limited():
        try:
            with time_limit(0.05):
                endless()
        except TimeoutError:
            ended.append(True)

    thread = threading.Thread(target=limited)
    thread.start()
    thread.join(10)
    assert ended == [True]

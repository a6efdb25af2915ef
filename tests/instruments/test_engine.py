"""What WebAssembly may do to its host: take time and memory, within limits, and nothing else."""

import dataclasses

import numpy as np
import pytest
import wasmtime

from legato.errors import LegatoError
from legato.instruments import engine
from legato.instruments.catalogue import Instrument, load

RATE = 44100
HARMLESS = "(f32.store (i32.const 1024) (f32.const 0.25))"


def made_of(render: str, *, imported: str = "", memory: str = "2", opened: str = "") -> Instrument:
    """An instrument that does as the text says when it is asked for samples."""
    text = f"""(module {imported} (memory (export "memory") {memory})
        (data (i32.const 0) "cutoff_hz\\00")
        (func (export "_initialize"))
        (func (export "open") (param i32 i32 i32) (result i32) {opened} i32.const 1)
        (func (export "name") (param i32) (result i32) i32.const 0)
        (func (export "set") (param i32 f32))
        (func (export "events") (param i32) (result i32) i32.const 60000)
        (func (export "left") (result i32) i32.const 1024)
        (func (export "right") (result i32) i32.const 2048)
        (func (export "chunk") (result i32) i32.const 256)
        (func (export "render") (param i32) {render}))"""
    return dataclasses.replace(load("supersaw"), name="mine", gain=1.0, wasm=bytes(wasmtime.wat2wasm(text)))


def test_what_lies_in_its_memory_is_the_sound() -> None:
    audio = engine.start(made_of(HARMLESS), RATE).render(2)
    assert audio.tolist() == [[0.25, 0.0], [0.0, 0.0]]


def test_an_endless_loop_ends_at_the_deadline_and_the_next_one_works() -> None:
    machine = engine.start(made_of("(loop br 0)"), RATE, limit_s=0.3)
    with pytest.raises(LegatoError, match=r"^instrument 'mine': did not answer within 0\.3 s$"):
        machine.render(64)
    assert engine.start(made_of(HARMLESS), RATE).render(64)[0, 0] == 0.25


def test_an_instrument_that_hangs_where_it_opens_is_named() -> None:
    with pytest.raises(LegatoError, match="'mine': did not answer"):
        engine.start(made_of(HARMLESS, opened="(loop br 0)"), RATE, limit_s=0.3)


@pytest.mark.parametrize(
    ("does", "reason"),
    [
        ("(drop (i32.load (i32.const 99999999)))", "trapped: memory out of bounds"),
        ("unreachable", "trapped: unreachable"),
        ("(drop (i32.div_u (i32.const 1) (i32.const 0)))", "trapped: integer division by zero"),
        ("(f32.store (i32.const 1024) (f32.const nan))", "its sound is not finite"),
        ("(f32.store (i32.const 2048) (f32.const inf))", "its sound is not finite"),
    ],
)
def test_what_goes_wrong_inside_is_one_line(does: str, reason: str) -> None:
    with pytest.raises(LegatoError) as raised:
        engine.start(made_of(does), RATE).render(64)
    assert str(raised.value) == f"instrument 'mine': {reason}"


def test_memory_is_limited_at_the_start() -> None:
    with pytest.raises(LegatoError, match="^instrument 'mine': cannot be run: .*memory.*$"):
        engine.start(made_of(HARMLESS, memory="64"), RATE, most_memory=2**20)


def test_memory_does_not_grow_over_the_limit() -> None:
    grows = "(if (i32.ne (memory.grow (i32.const 100)) (i32.const -1)) (then unreachable))" + HARMLESS
    assert engine.start(made_of(grows), RATE, most_memory=2**20).render(1)[0, 0] == 0.25
    with pytest.raises(LegatoError, match="unreachable"):  # with more room it does
        engine.start(made_of(grows), RATE, most_memory=2**24).render(1)


def test_nothing_of_the_host_can_be_had() -> None:
    wasi = '(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))'
    with pytest.raises(LegatoError, match="'mine': cannot be run: wants wasi_snapshot_preview1.fd_write of its host"):
        engine.start(made_of(HARMLESS, imported=wasi), RATE)


def test_what_is_no_webassembly_is_one_line() -> None:
    broken = dataclasses.replace(load("supersaw"), name="mine", wasm=b"\0asm rubbish")
    with pytest.raises(LegatoError, match="^instrument 'mine': cannot be run: [^\n]+$"):
        engine.start(broken, RATE)


def test_a_function_that_is_missing_is_named() -> None:
    empty = dataclasses.replace(load("supersaw"), name="mine", wasm=bytes(wasmtime.wat2wasm("(module)")))
    with pytest.raises(LegatoError, match="^instrument 'mine': lacks the function '_initialize'$"):
        engine.start(empty, RATE)


def test_the_deadline_counts_from_each_call() -> None:
    """A part may take longer in all than one call may."""
    machine = engine.start(load("supersaw"), RATE, limit_s=100 * engine.TICK_S)
    machine.give(np.zeros(0, dtype="<i4"))
    for _ in range(8):
        for _ in range(60):  # so that no machine is too slow, nor is waited for
            engine._engine().increment_epoch()
        machine.render(64)

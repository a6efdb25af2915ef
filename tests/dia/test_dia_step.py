"""One step: the loss of the heads, what a recording replays, and that the host waits for nothing."""

from collections import Counter
from collections.abc import Callable

import pytest
import torch
from accelerate import Accelerator
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from helpers.micro_dia import a_track, fixed_batch, new_run, train_params
from legato.dia import batches, model, training
from legato.dia.batches import IGNORED, Batch
from legato.dia.heads import HeadLosses
from legato.dia.loader import StepBatch, Steps
from legato.dia.run import Run
from legato.dia.step import WARM_UPS, Recorded, Step
from legato.errors import LegatoError
from legato.tokens import N_CHANNELS

pytestmark = pytest.mark.usefixtures("micro_size", "one_thread")

CPU = torch.device("cpu")
LENGTHS = [1, 2, 1, 1, 2, 2, 1, 2, 1, 2]  # of the texts of ten steps, in multiples


class Again:
    """What a GPU's recording does, on a CPU: the same work on the same memory each time."""

    def __init__(self) -> None:
        self.n_warm_ups = 0

    def warm_up(self, work: Callable[[], torch.Tensor]) -> torch.Tensor:
        self.n_warm_ups += 1
        return work()

    def record(self, work: Callable[[], torch.Tensor]) -> tuple[Callable[[], object], torch.Tensor]:
        found = torch.zeros(())
        return lambda: found.copy_(work()), found


class Unable(Again):
    """A device that can record nothing."""

    def record(self, _work: Callable[[], torch.Tensor]) -> tuple[Callable[[], object], torch.Tensor]:
        raise RuntimeError("operation not permitted when stream is capturing\nand more")


def a_step(trained: Run, precision: torch.dtype = torch.float32, **changes) -> Step:
    learner = model.Learner(trained.model, precision)
    return Step(Accelerator(cpu=True), learner, trained, train_params(**changes))


def parts_of(step: int, length: int = 1) -> list[StepBatch]:
    """A step's windows, their texts padded to a length."""
    (part,) = Steps(train_params(), [a_track(50, seed) for seed in range(3)])[step]
    tensors = vars(part.batch)
    wider = {
        name: functional.pad(tensors[name], (0, length * batches.TEXT_MULTIPLE - tensors[name].shape[1]))
        for name in ("text_BL", "text_mask_BL")
    }
    return [StepBatch(Batch(**(tensors | wider)), part.categories)]


def trained_by(make: Callable[[Step], Callable], **changes) -> tuple[Run, Callable]:
    """A run of ten steps."""
    trained = new_run(**changes)
    take = make(a_step(trained, **changes))
    for number, length in enumerate(LENGTHS, 1):
        training.learn(take, trained, parts_of(number, length), train_params(steps=10, **changes))
    return trained, take


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 2**16), st.floats(0, 1), st.floats(0.01, 100))
def test_the_heads_loss_is_torch_s(seed, ignored, scale):
    generator = torch.Generator().manual_seed(seed)
    rows, books, vocabulary, width = 7, 3, 11, 5
    read, heads = (torch.randn(shape, generator=generator) * scale for shape in ((rows, width), (books, 11, width)))
    labels = torch.randint(vocabulary, (rows, books), generator=generator)
    labels[torch.rand(labels.shape, generator=generator) < ignored] = IGNORED
    weights = torch.rand(labels.shape, generator=generator) * (labels != IGNORED)
    found, theirs = ([tensor.clone().requires_grad_() for tensor in (read, heads)] for _ in range(2))
    losses, total = HeadLosses.apply(*found, labels, weights)
    logits = torch.einsum("rd,kvd->rkv", *theirs).flatten(0, 1)
    wanted = functional.cross_entropy(logits, labels.flatten(), ignore_index=IGNORED, reduction="none").view_as(labels)
    assert torch.allclose(losses, wanted, rtol=1e-5, atol=1e-5 * scale**2)
    (total * 0.5).backward()
    ((wanted * weights).sum() * 0.5).backward()
    for mine, other in zip(found, theirs, strict=True):
        assert torch.allclose(mine.grad, other.grad, rtol=1e-4, atol=1e-5 * scale)


def test_losses_in_training_are_those_that_are_measured_to_the_last_bit():
    trained, batch = new_run(), fixed_batch(12, windows=1, frames=batches.n_rows(12))
    learner = model.Learner(trained.model, torch.float32)
    assert (batch.labels_BTK == IGNORED).any()
    losses_BTK, _ = learner(*vars(batch).values(), torch.ones(batch.labels_BTK.shape))
    assert torch.equal(losses_BTK, learner.losses(batch))
    logits = trained.model(
        input_ids=batch.text_BL, attention_mask=batch.text_mask_BL, decoder_input_ids=batch.inputs_BTK
    ).logits
    labels = batch.labels_BTK.transpose(1, 2).flatten()
    theirs = functional.cross_entropy(logits.flatten(0, 1), labels, ignore_index=IGNORED, reduction="none")
    assert torch.equal(losses_BTK, theirs.view(1, N_CHANNELS, -1).transpose(1, 2)), "transformers' own logits"


@pytest.mark.parametrize("changes", [{}, {"ema": 0.9, "codebook_weights": [2.0] + [1.0] * 8}], ids=["plain", "average"])
def test_a_recorded_step_is_the_step_to_the_last_bit(changes):
    launched, _ = trained_by(lambda step: step, **changes)
    recording = Again()
    replayed, take = trained_by(lambda step: Recorded(step, recording, CPU), **changes)
    launched.read_norms()
    replayed.read_norms()
    assert launched.norm == replayed.norm
    for one, other in zip(launched.recent.state(), replayed.recent.state(), strict=True):
        assert torch.equal(one, other)
    theirs = replayed.best.state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in launched.best.state_dict().items())
    assert take.n_recordings == len(set(LENGTHS))
    assert recording.n_warm_ups == WARM_UPS * len(set(LENGTHS))
    assert take.n_replays == len(LENGTHS) - recording.n_warm_ups > 0


def test_a_device_that_records_nothing_trains_all_the_same(capsys):
    launched, _ = trained_by(lambda step: step)
    trained, take = trained_by(lambda step: Recorded(step, Unable(), CPU))
    assert take.n_recordings == take.n_replays == 0
    theirs = trained.model.state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in launched.model.state_dict().items())
    said = capsys.readouterr().out
    assert said.count("note: ") == said.count("\n") == 1
    assert "operation not permitted" in said


class Waits(TorchDispatchMode):
    """Counts the operations at which a host waits for its device: a number is asked for, or a shape is not known."""

    NAMES = {"_local_scalar_dense", "nonzero", "is_nonzero", "equal", "masked_select", "item"}

    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()
        self.n_operations = 0

    def __torch_dispatch__(self, function, _types, args=(), kwargs=None):
        name = function.overloadpacket.__name__
        self.n_operations += 1
        self.found[name] += name in self.NAMES
        return function(*args, **(kwargs or {}))


def waits_of(work: Callable[[], object]) -> Waits:
    with Waits() as waits:
        work()
    return waits


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_a_step_waits_for_nothing(precision, monkeypatch):
    # transformers asks whether all of a mask is set, but not of a step that is being recorded
    monkeypatch.setattr("transformers.utils.import_utils.is_cuda_stream_capturing", lambda: True)
    trained = new_run(ema=0.9)
    take, params = a_step(trained, precision, ema=0.9), train_params(ema=0.9)
    training.learn(take, trained, parts_of(1), params)  # the optimizer's state is made
    waits = waits_of(lambda: training.learn(take, trained, parts_of(2), params))
    assert waits.n_operations > 100
    assert +waits.found == {}
    assert waits_of(lambda: trained.norms[0].item()).found["_local_scalar_dense"] == 1, "the law sees waits"


def test_a_gradient_that_is_no_number_is_named_when_it_is_read_and_changes_nothing():
    trained, params = new_run(), train_params()
    take = a_step(trained)
    training.learn(take, trained, parts_of(1), params)
    before = {name: value.clone() for name, value in trained.model.state_dict().items()}
    moments = {id(key): state["exp_avg"].clone() for key, state in trained.optimizer.state.items()}
    with torch.no_grad():
        trained.model.logits_dense.weight[0, 0] = torch.inf
    training.learn(take, trained, parts_of(2), params)
    after = trained.model.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items() if name != "logits_dense.weight")
    for key, state in trained.optimizer.state.items():
        assert torch.equal(state["exp_avg"], moments[id(key)])
        assert state["step"] == 1
    with pytest.raises(LegatoError, match="no longer a number at step 2"):
        trained.read_norms()

"""Patching through shared prefixes equals patching in the whole forward pass."""

import itertools

import pytest
import torch

from latebloom.circuits.states import States, patch_everywhere, run_states
from latebloom.circuits.tracing import patch_grid
from latebloom.model.config import ModelConfig
from latebloom.model.taps import Site, Taps, replace_at
from latebloom.model.transformer import Transformer

N_TOKENS, N_POSITIONS, N_ROWS = 13, 4, 5
SHAPES = [
    {"n_loops": 1, "feedback": "none", "positions": "learned"},
    {"n_loops": 1, "feedback": "none", "positions": "rotary", "norm": "post"},
    {"n_loops": 2, "feedback": "none", "positions": "sinusoidal"},
    {"n_loops": 2, "feedback": "added", "positions": "none"},
    {"n_loops": 3, "feedback": "gated", "positions": "rotary"},
    {"n_loops": 2, "feedback": "restart", "positions": "relative"},
    {"n_loops": 2, "feedback": "replace", "positions": "rotary"},
    {"n_loops": 3, "feedback": "ahead", "positions": "relative", "window": 2},
    {"n_loops": 2, "feedback": "ahead", "positions": "rotary", "norm": "post"},
    {"n_loops": 2, "feedback": "none", "positions": "learned", "attention": "both"},
    {"n_loops": 2, "feedback": "restart", "positions": "rotary", "attention": "both"},
    {"n_loops": 3, "feedback": "gated", "positions": "relative", "attention": "both", "window": 2},
]


def name_of(shape: dict) -> str:
    return f"{shape['feedback']}-{shape['n_loops']}-{shape.get('attention', 'causal')}"


def random_model(shape: dict) -> Transformer:
    torch.manual_seed(0)
    config = ModelConfig(d_model=16, n_layers=2, n_heads=2, dropout=0.1, **shape)
    model = Transformer(config, N_TOKENS).double()
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.4)
    return model.eval()


def two_questions(changed: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    shape = (N_ROWS, N_POSITIONS)
    clean = torch.randint(N_TOKENS, shape, generator=generator)
    step = torch.randint(1, N_TOKENS, shape, generator=generator)
    other = clean.clone()
    other[:, changed] = (clean + step)[:, changed] % N_TOKENS
    return clean, other


def patched_the_long_way(
    model: Transformer, clean: torch.Tensor, other: States, loop: int, boundary: int, position: int
) -> torch.Tensor:
    """The answer's logits of a whole pass with one state replaced."""
    at = torch.full((N_ROWS,), N_POSITIONS - 1)
    if loop == boundary == 0:
        start = model.embedded(clean)
        start[:, position] = other.start[:, position]
        return model.run(start, start, at, loops=range(model.config.n_loops)).logits[-1]
    last = boundary == model.config.n_layers
    site = Site(loop, boundary - last, "resid_post" if last else "resid_pre")
    write = replace_at(torch.full((N_ROWS,), position), other.stream[loop, boundary, :, position])
    return model(clean, at, taps=Taps(writes={site: write})).logits[-1]


@pytest.mark.parametrize("changed", [(0,), (1,), (3,), (0, 1), (1, 3)], ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=name_of)
@torch.no_grad()
def test_every_patch_equals_the_whole_pass(shape: dict, changed: tuple[int, ...]) -> None:
    model = random_model(shape)
    clean, corrupted = two_questions(changed)
    base = run_states(model, clean)
    source = run_states(model, corrupted, base=base, first=changed[0])
    tokens = clean[:, 0]
    grid = patch_grid(model, base, source, tokens, changed=changed)
    for loop, boundary, position in itertools.product(
        range(base.n_loops), range(base.n_layers + 1), range(N_POSITIONS)
    ):
        logits = patched_the_long_way(model, clean, source, loop, boundary, position)
        wanted = logits.log_softmax(-1).gather(1, tokens[:, None]).squeeze(1)
        found = grid.log_prob[loop, boundary, position]
        assert torch.allclose(found, wanted, atol=1e-10), (loop, boundary, position)
        assert torch.equal(grid.answer[loop, boundary, position], logits.argmax(-1))


@pytest.mark.parametrize("shape", SHAPES, ids=name_of)
def test_states_are_those_of_the_forward_pass(shape: dict) -> None:
    model = random_model(shape)
    clean, corrupted = two_questions((2,))
    at = torch.full((N_ROWS,), N_POSITIONS - 1)
    base = run_states(model, clean)
    source = run_states(model, corrupted, base=base, first=2)
    assert torch.allclose(model.logits(base.final), model(clean, at).logits[-1], atol=1e-12)
    assert torch.allclose(model.logits(source.final), model(corrupted, at).logits[-1], atol=1e-12)
    taps = Taps(reads=[Site(0, 1, "resid_pre")])
    model(clean, at, taps=taps)
    read = taps.states[Site(0, 1, "resid_pre")]
    assert torch.allclose(base.stream[0, 1], read, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES, ids=name_of)
def test_a_run_patched_into_itself_is_unchanged(shape: dict) -> None:
    model = random_model(shape)
    clean, _ = two_questions(())
    base = run_states(model, clean)
    # Told that everything differs, so that nothing is taken for settled.
    grid = patch_grid(model, base, base, clean[:, 0], changed=range(N_POSITIONS))
    wanted = model.logits(base.final).log_softmax(-1).gather(1, clean[:, :1]).squeeze(1)
    assert torch.allclose(grid.log_prob, wanted.expand_as(grid.log_prob), atol=1e-10)


def test_rows_of_the_source_stand_beside_the_named_rows_of_the_base() -> None:
    model = random_model(SHAPES[0])
    clean, corrupted = two_questions((1,))
    rows = torch.tensor([4, 0, 2])
    base = run_states(model, clean)
    part = run_states(model, corrupted[rows], base=base, first=1, rows=rows)
    whole = run_states(model, corrupted)
    assert torch.allclose(part.stream, whole.stream[:, :, rows], atol=1e-12)
    tokens = clean[:, 0]
    some = patch_grid(model, base, part, tokens[rows], changed=(1,), rows=rows)
    every = patch_grid(model, base, whole, tokens, changed=(1,))
    assert torch.allclose(some.log_prob, every.log_prob[..., rows], atol=1e-10)


def test_the_mode_of_the_model_is_put_back() -> None:
    model = random_model(SHAPES[0]).train()
    clean, _ = two_questions(())
    once, twice = run_states(model, clean), run_states(model, clean)
    assert model.training
    assert torch.equal(once.stream, twice.stream)
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize("together", [(0, 3), (1, 2), (0, 1, 2, 3)], ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=name_of)
@torch.no_grad()
def test_states_that_are_moved_together_equal_the_whole_pass(
    shape: dict, together: tuple[int, ...]
) -> None:
    model = random_model(shape)
    clean, corrupted = two_questions((0, 1))
    base, other = run_states(model, clean), run_states(model, corrupted)
    where = torch.zeros(base.n_loops, base.n_layers + 1, N_POSITIONS, dtype=torch.bool)
    where[0, 1, list(together)] = where[-1, 1, list(together)] = True
    answers, rows = torch.zeros(N_ROWS, dtype=torch.long), torch.arange(N_ROWS)
    patched = patch_everywhere(model, base, other, where, answers, rows=rows)
    for loop in {0, base.n_loops - 1}:

        def write(state: torch.Tensor, loop: int = loop) -> torch.Tensor:
            state = state.clone()
            state[:, together] = other.stream[loop, 1][:, together]
            return state

        taps = Taps(writes={Site(loop, 1, "resid_pre"): write})
        at = torch.full((N_ROWS,), N_POSITIONS - 1)
        expected = model(clean, at, taps=taps).logits[-1].log_softmax(-1)
        torch.testing.assert_close(patched.log_prob[loop, 1], expected[:, 0])
        assert torch.equal(patched.answer[loop, 1], expected.argmax(-1))
    assert (patched.answer[~where.any(-1)] == -1).all()
